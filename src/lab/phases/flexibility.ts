import { setTimeout as sleep } from 'node:timers/promises';
import { EXTRA_TARGET } from '../agents/session-agent.ts';
import { EXTRA_METRIC, instanceOf, METRIC } from '../agents/synthetic-load.ts';
import type { Rig } from '../rig.ts';
import { configOf } from '../strategies.ts';
import { messageOf } from '../../model/index.ts';
import { waitUntil } from './wait.ts';

/** How long something took, or why it could not be had, and who had to be touched for it. */
export interface Obtained {
  /** Undefined: it was not had. */
  readonly elapsedMs: number | undefined;
  readonly by: string;
}

/** What was asked of the first agent while it ran. */
export interface FlexibilityResult {
  /** Until a metric that was not collected before could be had. */
  readonly newMetric: Obtained;
  /** Until an interval of a series held eight samples, at a rhythm ten times as fast. */
  readonly tenfold: Obtained;
}

const FASTER = 10;
const ENOUGH_SAMPLES = 8;
const TIMEOUT_MS = 12_000;
const POLL_MS = 10;
const FIRST = 0;

export async function measureFlexibility(rig: Rig): Promise<FlexibilityResult> {
  return { newMetric: await newMetric(rig), tenfold: await tenfold(rig) };
}

async function newMetric(rig: Rig): Promise<Obtained> {
  const { collector, agents, client, options, strategy } = rig;
  switch (strategy.name) {
    case 'pull': {
      const by = 'a scrape job in the configuration of the collector, and a reload';
      return timed(by, isStored(rig), async () => {
        await collector.write('config.yml', configOf(strategy, options, { hasExtra: true }));
        await collector.reload();
      });
    }
    case 'hybrid': {
      await agents.showExtra();
      const path = `/api/v1/agents/${instanceOf(FIRST)}/read`;
      let text = '';
      return timed(
        'READ, answered but not stored',
        () => Promise.resolve(text.includes(EXTRA_METRIC)),
        async () => {
          const data = await client.post(path, { kind: 'exposition', selector: EXTRA_TARGET });
          text = JSON.stringify(data);
        },
      );
    }
    default: {
      const by = `another configuration of the agent, and its restart (${options.agents} agents to touch)`;
      return timed(by, isStored(rig), async () => {
        const { intervalMs } = options;
        await agents.replace(FIRST, { intervalMs, hasExtra: true });
      });
    }
  }
}

async function tenfold(rig: Rig): Promise<Obtained> {
  const { collector, agents, client, options, strategy } = rig;
  const intervalMs = options.intervalMs / FASTER;
  const first = `instance="${instanceOf(FIRST)}",series="0"`;
  const counted = `max(count_over_time(${METRIC}{${first}}[${options.intervalMs}ms]))`;
  const isFast = async (): Promise<boolean> => (await client.number(counted)) >= ENOUGH_SAMPLES;
  switch (strategy.name) {
    case 'pull':
      return timed('a scrape job, and a reload', isFast, async () => {
        const change = { hasExtra: true, fastMs: intervalMs };
        await collector.write('config.yml', configOf(strategy, options, change));
        await collector.reload();
      });
    case 'hybrid':
      return timed('LEASE, which ends by itself', isFast, async () => {
        await client.post(`/api/v1/agents/${instanceOf(FIRST)}/lease`, {
          selector: `${METRIC}{series="0"}`,
          interval: `${intervalMs}ms`,
          ttl: '10s',
        });
      });
    case 'gateway':
      return {
        elapsedMs: undefined,
        by: 'not to be had: groups are sampled at the rhythm of the collector, for all alike',
      };
    default:
      return timed(`restart of the agent (${options.agents} to touch)`, isFast, async () => {
        await agents.replace(FIRST, { intervalMs, hasExtra: true });
      });
  }
}

function isStored({ client }: Rig): () => Promise<boolean> {
  return async () => (await client.number(`count(${EXTRA_METRIC})`)) > 0;
}

async function timed(
  by: string,
  holds: () => Promise<boolean>,
  change: () => Promise<void>,
): Promise<Obtained> {
  const begin = performance.now();
  try {
    await change();
  } catch (error) {
    return { elapsedMs: undefined, by: `failed: ${messageOf(error)}` };
  }
  const waitedMs = await waitUntil(holds, { timeoutMs: TIMEOUT_MS, pollMs: POLL_MS });
  if (waitedMs === undefined) {
    return { elapsedMs: undefined, by: `${by}: not within ${TIMEOUT_MS / 1000} s` };
  }
  // What was waited for is now a figure; a moment for what came with it.
  const elapsedMs = performance.now() - begin;
  await sleep(POLL_MS);
  return { elapsedMs, by };
}

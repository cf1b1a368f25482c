import { setTimeout as sleep } from 'node:timers/promises';
import { METRIC, tickAt } from '../agents/synthetic-load.ts';
import { LabError } from '../errors.ts';
import { cpuSecondsOf, listeningSocketsOf, residentBytesOf } from '../processes/process-usage.ts';
import type { Rig } from '../rig.ts';
import { VisibilityWatch } from '../visibility-watch.ts';
import { waitUntil } from './wait.ts';

/** What was measured of one strategy alone on the machine, without faults. */
export interface CalmResult {
  /** From the start of an agent until its first sample could be queried; of each agent. */
  readonly discoveryMs: readonly number[];
  /** From the time of a tick until its value could be queried; of each agent and tick. */
  readonly liveMs: readonly number[];
  readonly cost: Cost;
  /** On the network, both directions, for each sample stored. */
  readonly bytesPerSample: number;
  /** In the direction that has more of them. */
  readonly bytesPerSecond: number;
  readonly sockets: {
    readonly perAgent: number | undefined;
    readonly collector: number | undefined;
  };
}

/** CPU is undefined where the system does not tell of it. */
export interface Cost {
  readonly samples: number;
  readonly collectorCpuSeconds: number | undefined;
  /** Of a collector to which nothing is sent, in the same time. */
  readonly idleCpuSeconds: number | undefined;
  readonly agentsCpuSeconds: number | undefined;
  readonly residentBytes: number | undefined;
}

const POLL_MS = 10;
const IDLE_MS_MAX = 1000;
const FIRST_SAMPLE_TIMEOUT_MS = 20_000;

/** Starts the agents and measures. @throws LabError where an agent's samples never come */
export async function measureCalm(rig: Rig, say: (what: string) => void): Promise<CalmResult> {
  const { times } = rig.options;
  say('idle');
  const idleMs = Math.min(IDLE_MS_MAX, times.cpuMs / 3);
  const idle = await cpuOver(rig.collector.pid, idleMs);
  const sockets = listeningSocketsOf(rig.collector.pid);
  say('discovery');
  const { discoveryMs, liveMs } = await watchAgents(rig, say);
  say('cost');
  const cost = await measureCost(rig, times.cpuMs);
  const perAgent = listeningSocketsOf(rig.agents.pid);
  return {
    discoveryMs,
    liveMs,
    cost: {
      ...cost.cost,
      idleCpuSeconds: idle === undefined ? undefined : (idle * times.cpuMs) / idleMs,
    },
    bytesPerSample: cost.bytesPerSample,
    bytesPerSecond: cost.bytesPerSecond,
    sockets: {
      perAgent: perAgent === undefined ? undefined : perAgent / rig.options.agents,
      collector: sockets,
    },
  };
}

async function watchAgents(
  rig: Rig,
  say: (what: string) => void,
): Promise<Pick<CalmResult, 'discoveryMs' | 'liveMs'>> {
  const { agents, intervalMs, times } = rig.options;
  const watch = new VisibilityWatch(rig.client, { agents, intervalMs, pollMs: POLL_MS });
  try {
    await rig.startAgents(times.startMs);
    const all = Array.from({ length: agents }, (_, agent) => agent);
    const seen = await waitUntil(
      () => Promise.resolve(all.every((agent) => watch.firstSeenMs(agent) !== undefined)),
      { timeoutMs: FIRST_SAMPLE_TIMEOUT_MS, pollMs: POLL_MS },
    );
    if (seen === undefined) {
      const missing = all.filter((agent) => watch.firstSeenMs(agent) === undefined).length;
      const said = rig.collector.output.slice(-300);
      throw new LabError(
        `no samples of ${missing} of ${agents} agents within ` +
          `${FIRST_SAMPLE_TIMEOUT_MS / 1000} s of the start of the last ${said}`,
      );
    }
    say('live latency');
    const fromTick = tickAt(Date.now(), intervalMs) + 1;
    await sleep(times.latencyMs + intervalMs);
    // The last tick may not have arrived yet.
    const toTick = Math.max(fromTick + 1, tickAt(Date.now(), intervalMs) - 1);
    return {
      discoveryMs: all.map((agent) => {
        return (watch.firstSeenMs(agent) ?? Number.NaN) - (rig.startMs[agent] ?? Number.NaN);
      }),
      liveMs: watch.latenciesMs(fromTick, toTick),
    };
  } finally {
    await watch.stop();
  }
}

/** Nobody asks anything meanwhile, so that all CPU is that of collecting. */
async function measureCost(rig: Rig, durationMs: number) {
  const { collector, agents, network, client } = rig;
  const before = {
    collector: cpuSecondsOf(collector.pid),
    agents: cpuSecondsOf(agents.pid),
    bytes: network.bytesBothWays,
    oneWay: network.bytes,
  };
  await sleep(durationMs);
  const collectorCpuSeconds = difference(cpuSecondsOf(collector.pid), before.collector);
  const agentsCpuSeconds = difference(cpuSecondsOf(agents.pid), before.agents);
  const bytes = network.bytesBothWays - before.bytes;
  const oneWay = network.bytes - before.oneWay;
  const residentBytes = residentBytesOf(collector.pid);
  const samples = await client.number(`sum(count_over_time(${METRIC}[${durationMs}ms]))`);
  if (samples === 0) throw new LabError(`no samples were stored in ${durationMs} ms`);
  return {
    cost: { samples, collectorCpuSeconds, agentsCpuSeconds, residentBytes },
    bytesPerSample: bytes / samples,
    bytesPerSecond: (oneWay / durationMs) * 1000,
  };
}

async function cpuOver(pid: number, durationMs: number): Promise<number | undefined> {
  const before = cpuSecondsOf(pid);
  await sleep(durationMs);
  return difference(cpuSecondsOf(pid), before);
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}

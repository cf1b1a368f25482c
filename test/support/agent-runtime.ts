import { onTestFinished } from 'vitest';
import {
  AgentRing,
  DEFAULT_RING_OPTIONS,
  type RingOptions,
} from '../../src/agent/ring/agent-ring.ts';
import { AgentRuntime } from '../../src/agent/runtime/agent-runtime.ts';
import type { AgentRuntimeOptions, GroupSetup } from '../../src/agent/runtime/runtime-options.ts';
import { SyntheticSource } from '../../src/agent/sampling/synthetic-source.ts';
import { Labels } from '../../src/model/index.ts';
import { silentLogger } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { ScriptedCollector } from './scripted-collector.ts';

/** When synthetic runtimes start: half a second before their first tick. */
export const START_MS = 1_700_000_000_500;
export const FIRST_TICK_MS = 1_700_000_001_000;
/** Series of a synthetic runtime. */
export const SERIES = 3;

/** A group of class A that is sampled each second, every tick a batch of its own. */
export function sampledGroup(
  open: GroupSetup['open'],
  changes: Partial<Omit<GroupSetup, 'open'>> = {},
): GroupSetup {
  return {
    open,
    ...{ intervalMs: 1000, anchorMs: 0, mode: 'SAMPLE', syncMs: 60_000 },
    ...{ priority: 'A', batchTicks: 1, ...changes },
  };
}

export interface GivenRuntime<C extends FakeClock> {
  readonly clock: C;
  readonly ring?: Partial<RingOptions>;
  /** Where the ring is on a disk, too. */
  readonly disk?: Parameters<typeof AgentRing.open>[1];
  readonly changes?: Partial<AgentRuntimeOptions>;
}

/**
 * The runtime of an agent `a1` whose epoch begins now, between a clock that the test moves and a
 * collector that does what the test says. It samples nothing of itself, and is not started.
 */
export async function openRuntime<C extends FakeClock>(given: GivenRuntime<C>) {
  const { clock, disk, changes } = given;
  const epoch = clock.now();
  const collector = new ScriptedCollector();
  const ring = await AgentRing.open({ ...DEFAULT_RING_OPTIONS, ...given.ring, epoch }, disk);
  const runtime = new AgentRuntime({
    ...{ agentId: 'a1', version: '0', bootReason: 'START', ring, clock, random: () => 0.5 },
    ...{ epoch: { epoch, nonce: 1 }, logger: silentLogger, connect: collector.connect },
    ...{ externalLabels: Labels.EMPTY, groups: [] },
    allowed: { exposition: () => undefined, functions: new Map() },
    ...{ leaseSamplesPerSecondMax: 100, flushes: disk !== undefined, onFenced: () => {} },
    ...changes,
  });
  const stop = async (): Promise<void> => {
    const stopped = runtime.stop('SHUTDOWN', 10);
    await clock.advance(1000);
    await stopped;
  };
  return { clock, collector, ring, runtime, stop };
}

/** As `openRuntime`, started, and stopped when the test is over. */
export async function startRuntime<C extends FakeClock>(given: GivenRuntime<C>) {
  const opened = await openRuntime(given);
  onTestFinished(opened.stop);
  opened.runtime.start();
  await opened.clock.advance(0);
  return opened;
}

/** Its wall time can be set; timers go on as they were. */
class SteppedClock extends FakeClock {
  offsetMs = 0;

  override now(): number {
    return super.now() + this.offsetMs;
  }
}

/**
 * A started runtime of `SERIES` synthetic series that allows a few reads; why it was fenced, each
 * time, is in `fenced`.
 */
export async function startSyntheticRuntime(
  changes: Partial<AgentRuntimeOptions> = {},
  memoryBytes = 1e6,
) {
  const fenced: string[] = [];
  const started = await startRuntime({
    clock: new SteppedClock(START_MS),
    ring: { memoryBytes },
    changes: {
      externalLabels: Labels.fromObject({ zone: 'z' }),
      groups: [
        sampledGroup((namer) => {
          return new SyntheticSource(namer, { agent: 7, series: SERIES, intervalMs: 1000 });
        }),
      ],
      allowed: {
        exposition: (name) =>
          name === 'node'
            ? () => Promise.resolve({ contentType: 'text/plain', body: new Uint8Array(100_000) })
            : undefined,
        functions: new Map([['answer', () => 42]]),
      },
      onFenced: (reason) => fenced.push(reason),
      ...changes,
    },
  });
  return { ...started, fenced };
}

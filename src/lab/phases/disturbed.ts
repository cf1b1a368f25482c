import { checkStored, type Stored } from '../completeness-check.ts';
import type { Rig } from '../rig.ts';
import type { Age } from '../visibility-watch.ts';
import { VisibilityWatch } from '../visibility-watch.ts';
import { declaredMissing } from './declared.ts';
import { type Fault, FaultRun } from './fault-run.ts';

/** What became of the samples generated under one fault. */
export interface FaultResult {
  readonly beginMs: number;
  readonly endMs: number;
  readonly stored: Stored;
  /** Samples that the collector itself says are not here; undefined: it cannot say. */
  readonly declaredMissing: number | undefined;
  /** From the end of the fault until something younger than it could be seen of each agent. */
  readonly liveAgainMs: number | undefined;
  /** From the end of the fault until the last of its samples that ever came could be seen. */
  readonly repairedMs: number | undefined;
  /** Highest ages of agents' newest values: of the median agent, of the worst. */
  readonly medianAgeMs: number;
  readonly worstAgeMs: number;
}

export interface CongestionResult extends FaultResult {
  /** What the network took, bytes a second. */
  readonly bytesPerSecond: number;
  /** Seen by the end of what was generated meanwhile, as a share of what the network takes. */
  readonly goodput: number;
}

export interface DisturbedResult {
  readonly loss: FaultResult;
  readonly resets: number;
  readonly partition: FaultResult;
  readonly outage: FaultResult;
  readonly congestion: CongestionResult;
  /** All through, for the plots. */
  readonly ages: readonly Age[];
  /** What the agents' own process was late by at most. */
  readonly loadLateMs: number;
  /** Samples that senders gave up; requests under way may have brought some of them. */
  readonly droppedSamples: number;
}

const POLL_MS = 150;
/** Of the network's load, what it takes when it takes half. */
const HALF = 0.5;

/**
 * Puts a strategy through loss, a partition, a crash of the collector, and a network that takes
 * half of what it sends in calm: `calmBytesPerSecond`.
 */
export async function measureDisturbed(
  rig: Rig,
  calmBytesPerSecond: number,
  say: (what: string) => void,
): Promise<DisturbedResult> {
  const { agents, intervalMs, times } = rig.options;
  await rig.startAgents(times.startMs);
  const sinceMs = Date.now();
  const watch = new VisibilityWatch(rig.client, { agents, intervalMs, pollMs: POLL_MS, sinceMs });
  try {
    const run = new FaultRun(rig, watch, say);
    await run.untilSteady();
    const resetsBefore = rig.network.resets;
    const loss = await run.loss();
    const resets = rig.network.resets - resetsBefore;
    const partition = await run.partition();
    const outage = await run.outage();
    const bytesPerSecond = Math.max(1, calmBytesPerSecond * HALF);
    const congestion = await run.congestion(bytesPerSecond);
    const { lateMsMax, droppedSamples } = await rig.agents.status();
    await watch.stop();
    say('checking every sample');
    const result = (fault: Fault): Promise<FaultResult> => resultOf(rig, watch, fault);
    return {
      loss: await result(loss),
      resets,
      partition: await result(partition),
      outage: await result(outage),
      congestion: {
        ...(await result(congestion)),
        bytesPerSecond,
        goodput: goodputOf(rig, watch, congestion),
      },
      ages: watch.ages,
      loadLateMs: lateMsMax,
      droppedSamples,
    };
  } finally {
    await watch.stop();
  }
}

function goodputOf(rig: Rig, watch: VisibilityWatch, { fromTick, toTick, endMs }: Fault): number {
  const { agents } = rig.options;
  let seen = 0;
  for (let agent = 0; agent < agents; agent++) {
    for (let tick = fromTick; tick < toTick; tick++) {
      if ((watch.seenMs(agent, tick) ?? Infinity) <= endMs) seen++;
    }
  }
  return seen / (agents * (toTick - fromTick) * HALF);
}

async function resultOf(rig: Rig, watch: VisibilityWatch, fault: Fault): Promise<FaultResult> {
  const { beginMs, endMs, fromTick, toTick } = fault;
  const agents = Array.from({ length: rig.options.agents }, (_, agent) => agent);
  // Ticks until the agents have sent something younger than the fault.
  const young = Array.from({ length: 60 }, (_, index) => toTick + index);
  const again = agents.map((agent) => {
    const times = young.flatMap((tick) => watch.seenMs(agent, tick) ?? []);
    return times.length === 0 ? Infinity : Math.min(...times) - endMs;
  });
  const late = agents.flatMap((agent) => {
    const times: number[] = [];
    for (let tick = fromTick; tick < toTick; tick++) {
      const seenMs = watch.seenMs(agent, tick);
      if (seenMs !== undefined && seenMs > endMs) times.push(seenMs - endMs);
    }
    return times;
  });
  const ages = watch.agesSince(beginMs).filter(({ timeMs }) => timeMs <= endMs);
  const liveAgainMs = Math.max(...again);
  return {
    beginMs,
    endMs,
    stored: await checkStored(rig.client, rig.options, fault),
    declaredMissing: await declaredMissing(rig, fault),
    liveAgainMs: Number.isFinite(liveAgainMs) ? liveAgainMs : undefined,
    repairedMs: late.length === 0 ? undefined : Math.max(...late),
    medianAgeMs: Math.max(0, ...ages.map(({ medianMs }) => medianMs)),
    worstAgeMs: Math.max(0, ...ages.map(({ worstMs }) => worstMs)),
  };
}

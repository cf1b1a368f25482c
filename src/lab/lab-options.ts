export const STRATEGY_NAMES = ['pull', 'remote-write', 'gateway', 'hybrid'] as const;

/** How samples reach the collector. */
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** Durations of the parts of a run, in milliseconds. */
export interface LabTimes {
  /** Over which the agents start, at random. */
  readonly startMs: number;
  /** In which live latency is watched. */
  readonly latencyMs: number;
  /** In which CPU is measured and nothing is asked of the collector. */
  readonly cpuMs: number;
  /** Under loss. */
  readonly lossMs: number;
  readonly partitionMs: number;
  /** After a fault, until what is going to be repaired is. */
  readonly settleMs: number;
  /** Between the collector's crash and its restart. */
  readonly outageMs: number;
  /** In which twice as much is sent as the network takes. */
  readonly congestionMs: number;
}

export interface LabOptions {
  readonly strategies: readonly StrategyName[];
  readonly seed: number;
  readonly agents: number;
  /** Of each agent. */
  readonly series: number;
  readonly intervalMs: number;
  readonly times: LabTimes;
  /** Program and first arguments of the command line that knows `serve`. */
  readonly command: readonly [string, ...string[]];
}

export const FULL_TIMES: LabTimes = {
  startMs: 3000,
  latencyMs: 6000,
  cpuMs: 8000,
  lossMs: 12_000,
  partitionMs: 60_000,
  settleMs: 10_000,
  outageMs: 12_000,
  congestionMs: 15_000,
};

export const QUICK_TIMES: LabTimes = {
  startMs: 800,
  latencyMs: 1500,
  cpuMs: 1500,
  lossMs: 3000,
  partitionMs: 5000,
  settleMs: 3000,
  outageMs: 3000,
  congestionMs: 4000,
};

/** The network without faults, as in one building. */
export const NETWORK = { latencyMs: 1, jitterMs: 1 } as const;
/** Of every piece of data that passes, under loss. */
export const LOSS_PROBABILITY = 0.01;
/**
 * Samples that a sender of remote write holds while it cannot send, and gives up the oldest beyond:
 * what Prometheus has for each shard, and Telegraf in all. (Prometheus can read its log on disk
 * again instead; it then loses nothing in outages shorter than that log.)
 */
export const PUSH_BUFFER_SAMPLES = 10_000;
/** Agents wait up to this long after a tick before they send, so that they spread. */
export const SPREAD_MS = 50;

/** What really happened, kept outside of everything that can fail. */

export const INTERVAL_MS = 1000;
export const LIVE_GROUP = 1;
export const EVENT_GROUP = 2;
/** Absolute, of the live group. */
export const TOLERANCE = 0.5;
/** Series id of events. */
export const EVENT_SERIES = 1000;

/** Parts of a group, at most. */
export const PARTS_MAX = 4;

/**
 * The value of a series at a tick: tells agent, series and run apart, and often moves a little.
 */
export function valueAt(run: RunTruth, series: number, tick: number): number {
  const wobble = ((tick * 7919 + series * 104_729) % 5) / 10;
  const mark = (run.epoch % 99_991) * 1e-6;
  return run.agent * 1e9 + series * 1e6 + (Math.floor(tick / (2 + series)) % 1e6) + wobble + mark;
}

/** Where a tick of a part is kept in `RunTruth.ticks`. */
export function tickKey(tick: number, part: number): number {
  return tick * PARTS_MAX + part;
}

/** What an agent did with the series of one part of the group at one tick. */
export interface TickTruth {
  readonly tick: number;
  readonly part: number;
  readonly atMs: number;
  readonly seriesCount: number;
  /** Series ids whose value was put in a batch. */
  readonly present: readonly number[];
  readonly suppressedCount: number;
  readonly failedCount: number;
  readonly shedCount: number;
  /** All series were sent. */
  readonly isSync: boolean;
}

export interface SealedTruth {
  readonly stream: 0 | 1;
  readonly seq: number;
  readonly kind: 'BATCH' | 'SCHEMA';
  readonly ticks: readonly TickTruth[];
}

/** One run of an agent's process. */
export interface RunTruth {
  readonly agent: number;
  readonly epoch: number;
  /** Parts that the series of the live group go to in turn. */
  readonly parts: number;
  /** By `tickKey`. */
  readonly ticks: Map<number, TickTruth>;
  readonly events: Map<number, TickTruth>;
  readonly sealed: SealedTruth[];
  /** When it ended; undefined while it runs. */
  endMs: number | undefined;
  endedWell: boolean;
  /** The last tick that was on disk, or told to the collector, for certain. */
  lastSyncedTick: number;
}

export interface BeginOptions {
  readonly parts: number;
  /** Without a disk an epoch is only as good as the clock. */
  readonly mayFall: boolean;
}

export class Truth {
  readonly runs: RunTruth[] = [];

  begin(agent: number, epoch: number, { parts, mayFall }: BeginOptions): RunTruth {
    const last = this.runs.findLast((run) => run.agent === agent);
    if (last !== undefined && last.epoch >= epoch && !mayFall) {
      throw new Error(`agent ${agent}: epoch ${epoch} after ${last.epoch}`);
    }
    const run = newRun(agent, epoch, parts);
    this.runs.push(run);
    return run;
  }

  runsOf(agent: number): RunTruth[] {
    return this.runs.filter((run) => run.agent === agent);
  }
}

/** A run that nothing is known of yet. */
export function newRun(agent: number, epoch: number, parts: number): RunTruth {
  return {
    agent,
    epoch,
    parts,
    ticks: new Map(),
    events: new Map(),
    sealed: [],
    endMs: undefined,
    endedWell: false,
    lastSyncedTick: -1,
  };
}

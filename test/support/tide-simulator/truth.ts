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
  /** Among all runs; -1 where it is not among them. */
  readonly ordinal: number;
  readonly epoch: number;
  /** Tells it from another of the same epoch. */
  readonly nonce: number;
  /** Parts that the series of the live group go to in turn. */
  readonly parts: number;
  /** By `tickKey`. */
  readonly ticks: Map<number, TickTruth>;
  readonly events: Map<number, TickTruth>;
  readonly sealed: SealedTruth[];
  /** The newest time by its own clock at which it sealed something. */
  sealedMs: number;
  /** When it ended; undefined while it runs. */
  endMs: number | undefined;
  endedWell: boolean;
  /** The last tick that was on disk, or told to the collector, for certain. */
  lastSyncedTick: number;
  /** What was on disk is there no more. */
  ringLost: boolean;
}

/** What a run is known by when it begins. */
export type RunStart = Pick<RunTruth, 'agent' | 'epoch' | 'nonce' | 'parts'>;

export class Truth {
  readonly runs: RunTruth[] = [];

  begin(start: RunStart): RunTruth {
    const run = newRun(start, this.runs.length);
    this.runs.push(run);
    return run;
  }

  runsOf(agent: number): RunTruth[] {
    return this.runs.filter((run) => run.agent === agent);
  }
}

/** A run that nothing is known of yet. */
export function newRun({ agent, epoch, nonce, parts }: RunStart, ordinal = -1): RunTruth {
  return {
    agent,
    ordinal,
    epoch,
    nonce,
    parts,
    ticks: new Map(),
    events: new Map(),
    sealed: [],
    sealedMs: 0,
    endMs: undefined,
    endedWell: false,
    lastSyncedTick: -1,
    ringLost: false,
  };
}

/** What really happened, kept outside of everything that can fail. */

export const INTERVAL_MS = 1000;
export const LIVE_GROUP = 1;
export const EVENT_GROUP = 2;
/** Absolute, of the live group. */
export const TOLERANCE = 0.5;
/** Series id of events. */
export const EVENT_SERIES = 1000;

/** The value of a series at a tick: tells agent and series apart, and often moves a little. */
export function valueAt(agent: number, series: number, tick: number): number {
  const wobble = ((tick * 7919 + series * 104_729) % 5) / 10;
  return agent * 1e9 + series * 1e6 + Math.floor(tick / (2 + series)) + wobble;
}

/** What an agent did with its series at one tick. */
export interface TickTruth {
  readonly tick: number;
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
  readonly ticks: Map<number, TickTruth>;
  readonly events: Map<number, TickTruth>;
  readonly sealed: SealedTruth[];
  /** When it ended; undefined while it runs. */
  endMs: number | undefined;
  endedWell: boolean;
  /** The last tick that was on disk, or told to the collector, for certain. */
  lastSyncedTick: number;
}

export class Truth {
  readonly runs: RunTruth[] = [];

  begin(agent: number, epoch: number): RunTruth {
    const last = this.runs.findLast((run) => run.agent === agent);
    if (last !== undefined && last.epoch >= epoch) {
      throw new Error(`agent ${agent}: epoch ${epoch} after ${last.epoch}`);
    }
    const run: RunTruth = {
      agent,
      epoch,
      ticks: new Map(),
      events: new Map(),
      sealed: [],
      endMs: undefined,
      endedWell: false,
      lastSyncedTick: -1,
    };
    this.runs.push(run);
    return run;
  }

  runsOf(agent: number): RunTruth[] {
    return this.runs.filter((run) => run.agent === agent);
  }
}

import type { SampleCounters } from '../../formats/tide/index.ts';

const KINDS = ['failed', 'shed'] as const;
type Kind = (typeof KINDS)[number];

/** Samples that an agent has not sent, in one stretch of time. */
export interface CountedLoss {
  readonly samples: number;
  /** Of the heartbeats that told of the first and the last of them. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What comes later than that after the last is a stretch of its own. */
const CALM_MS = 300_000;

/** What an agent's heartbeats tell of samples that it could not read, or left out. */
export class CountedLosses {
  #counters: SampleCounters | undefined;
  readonly #losses: Partial<Record<Kind, CountedLoss>> = {};

  /** Those of the newest stretch; undefined for none. */
  of(kind: Kind): CountedLoss | undefined {
    return this.#losses[kind];
  }

  /** A heartbeat came. What its counters had before the first one that is heard is of no time. */
  heard(counters: SampleCounters, nowMs: number): void {
    const before = this.#counters ?? counters;
    this.#counters = counters;
    for (const kind of KINDS) {
      // They begin anew with each run of the agent.
      const isAnew = counters[kind] < before[kind];
      const added = isAnew ? counters[kind] : counters[kind] - before[kind];
      if (added === 0) continue;
      const last = this.#losses[kind];
      const goesOn = last !== undefined && nowMs - last.lastMs <= CALM_MS;
      this.#losses[kind] = {
        samples: added + (goesOn ? last.samples : 0),
        firstMs: goesOn ? last.firstMs : nowMs,
        lastMs: nowMs,
      };
    }
  }
}

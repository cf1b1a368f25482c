import type { LossCounts } from '../../sources/index.ts';

const KINDS = ['failed', 'shed'] as const;
type Kind = (typeof KINDS)[number];

/** Samples that an agent has not sent, in one stretch of time. */
export interface CountedLoss {
  readonly samples: number;
  /** When the first and the last of them became known. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What comes later than that after the last is a stretch of its own. */
const CALM_MS = 300_000;

/** When an agent could not read samples, or left them out, by what its ledger counts. */
export class CountedLosses {
  #counts: LossCounts;
  readonly #losses: Partial<Record<Kind, CountedLoss>> = {};

  /** @param counts what is known from before, of no time */
  constructor(counts: LossCounts) {
    this.#counts = counts;
  }

  /** Those of the newest stretch; undefined for none. */
  of(kind: Kind): CountedLoss | undefined {
    return this.#losses[kind];
  }

  /** The ledger was read again. */
  heard(counts: LossCounts, nowMs: number): void {
    const before = this.#counts;
    this.#counts = counts;
    for (const kind of KINDS) {
      const added = counts[kind] - before[kind];
      if (added <= 0) continue;
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

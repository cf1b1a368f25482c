import type { FloatHistogram } from '../../model/index.ts';
import { QueryLimitError } from './errors.ts';

/** What a query holds memory for, in the words of the limit's error. */
export const MEMORY_USES = ['selected series', 'vectors', 'groups', 'windows', 'answer'] as const;
export type MemoryUse = (typeof MEMORY_USES)[number];

type UsedBytes = Record<MemoryUse, number>;

const NOTHING: Readonly<UsedBytes> = {
  'selected series': 0,
  vectors: 0,
  groups: 0,
  windows: 0,
  answer: 0,
};

/** Spreading takes ten times as long. */
function copyOf(used: Readonly<UsedBytes>): UsedBytes {
  const { vectors, groups, windows, answer } = used;
  return { 'selected series': used['selected series'], vectors, groups, windows, answer };
}

/** Beside its arrays a column has objects for these, for itself and for its labels. */
const COLUMN_OBJECT_BYTES = 400;
/** A value, and whether there is one. */
const COLUMN_STEP_BYTES = 9;
const HISTOGRAM_OBJECT_BYTES = 400;

/** About what a column of so many steps takes. */
export function columnBytes(steps: number): number {
  return COLUMN_OBJECT_BYTES + COLUMN_STEP_BYTES * steps;
}

/** About what a histogram takes. */
export function histogramBytes(histogram: FloatHistogram): number {
  const { positiveBuckets, negativeBuckets, positiveSpans, negativeSpans } = histogram;
  const buckets = positiveBuckets.length + negativeBuckets.length;
  const spans = positiveSpans.length + negativeSpans.length;
  return HISTOGRAM_OBJECT_BYTES + 8 * buckets + 32 * spans;
}

/**
 * Counts the bytes that a query holds. Arrays are counted when they are made, with an estimate of
 * the objects around them; what only lives for one series at a time is not.
 */
export class MemoryMeter {
  /** Most bytes held at once. */
  peakBytes = 0;
  #heldBytes = 0;
  readonly #maxBytes: number;
  #byUse = copyOf(NOTHING);

  /** `maxBytes` may be Infinity. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What may still be held. */
  get roomBytes(): number {
    return this.#maxBytes - this.#heldBytes;
  }

  /** Counts bytes as held, just before they are. @throws QueryLimitError */
  hold(use: MemoryUse, bytes: number): void {
    this.#byUse[use] += bytes;
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#maxBytes) this.#refuse();
    if (this.#heldBytes > this.peakBytes) this.peakBytes = this.#heldBytes;
  }

  /** What is held now, for `release`. */
  mark(): Readonly<UsedBytes> {
    return copyOf(this.#byUse);
  }

  /** Forgets all that was counted since `mark`. */
  release(mark: Readonly<UsedBytes>): void {
    this.#byUse = copyOf(mark);
    this.#heldBytes = 0;
    for (const use of MEMORY_USES) this.#heldBytes += mark[use];
  }

  #refuse(): never {
    const used = (use: MemoryUse): number => this.#byUse[use];
    const most = MEMORY_USES.reduce((best, use) => (used(use) > used(best) ? use : best));
    throw new QueryLimitError(
      'memory',
      `query needs ${this.#heldBytes} bytes of memory at once, at most ${this.#maxBytes} are ` +
        `allowed (max_memory_size); ${most} take most of it, ${used(most)} bytes`,
    );
  }
}

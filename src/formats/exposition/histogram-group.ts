import type { ExpositionError } from './errors.ts';

/** Makes the error for what is wrong with the group; `wanted` is what would have been right. */
export type GroupFault = (wanted: string) => ExpositionError;

/**
 * The samples of one histogram or gauge histogram (one label set, one time) in the order of the
 * body, held to OpenMetrics 1.0: buckets ascend in bound and count and end in +Inf; count and sum
 * come together and the count is that of +Inf; negative bounds forbid `_sum` and alone allow a
 * negative `_gsum`.
 */
export class HistogramGroup {
  #bound: number | undefined;
  #cumulative = 0;
  #count: number | undefined;
  #hasSum = false;
  #hasGaugeSum = false;
  #isGaugeSumNegative = false;
  #hasNegativeBound = false;

  bucket(bound: number, cumulative: number, fault: GroupFault): void {
    if (this.#bound !== undefined && bound <= this.#bound) {
      throw fault('buckets in ascending order of le, each once');
    }
    if (cumulative < this.#cumulative) throw fault('bucket counts that do not fall');
    if (bound < 0) this.#hasNegativeBound = true;
    this.#bound = bound;
    this.#cumulative = cumulative;
  }

  /** A `_count`, `_gcount`, `_sum` or `_gsum` sample. */
  total(suffix: string, value: number): void {
    if (suffix === '_count' || suffix === '_gcount') this.#count = value;
    if (suffix === '_sum') this.#hasSum = true;
    if (suffix !== '_gsum') return;
    this.#hasGaugeSum = true;
    this.#isGaugeSumNegative = value < 0;
  }

  /** Checks what can only be judged when the group is complete. */
  finish(fault: GroupFault): void {
    const hasSum = this.#hasSum || this.#hasGaugeSum;
    if (this.#bound !== Infinity) throw fault('a bucket with le="+Inf"');
    if (this.#count !== undefined && this.#count !== this.#cumulative) {
      throw fault('a count equal to the +Inf bucket');
    }
    if (hasSum && this.#count === undefined) throw fault('a count beside the sum');
    if (!hasSum && this.#count !== undefined) throw fault('a sum beside the count');
    if (this.#hasNegativeBound && this.#hasSum) throw fault('no _sum beside negative bounds');
    if (!this.#hasNegativeBound && this.#isGaugeSumNegative) {
      throw fault('a _gsum of 0 or more where no bound is negative');
    }
  }
}

import type { FloatHistogram } from '../../../model/index.ts';
import { HistogramAccumulator } from './accumulator.ts';
import { divideHistogram } from './arithmetic.ts';

/** Sums below this cannot overflow by one addition. */
const SAFE = Number.MAX_VALUE / 4;

/** The mean of histograms; a running mean only once their sum would overflow. */
export class HistogramMean {
  #total: HistogramAccumulator;
  #count = 1;
  #isRunning = false;

  constructor(first: FloatHistogram) {
    this.#total = new HistogramAccumulator(first);
  }

  get resetCollision(): boolean {
    return this.#total.resetCollision;
  }

  get boundsReconciled(): boolean {
    return this.#total.boundsReconciled;
  }

  /** @throws IncompatibleHistogramsError */
  add(histogram: FloatHistogram): void {
    this.#count++;
    if (!this.#isRunning && this.#addToSum(histogram)) return;
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#total.divide(this.#count - 1);
    }
    this.#total.scale((this.#count - 1) / this.#count);
    this.#total.add(divideHistogram(histogram, this.#count));
  }

  result(): FloatHistogram {
    if (this.#isRunning) return this.#total.result();
    const mean = this.#total.copy();
    mean.divide(this.#count);
    return mean.result();
  }

  /** Whether the sum took it without overflowing; else the sum is as before. */
  #addToSum(histogram: FloatHistogram): boolean {
    const isLarge = (value: number): boolean => Math.abs(value) > SAFE;
    const mayOverflow =
      this.#total.isLargerThan(SAFE) ||
      isLarge(histogram.sum) ||
      isLarge(histogram.count) ||
      histogram.positiveBuckets.some(isLarge) ||
      histogram.negativeBuckets.some(isLarge);
    if (!mayOverflow) {
      this.#total.add(histogram);
      return true;
    }
    const attempt = this.#total.copy();
    attempt.add(histogram);
    if (attempt.hasOverflow) return false;
    this.#total = attempt;
    return true;
  }
}

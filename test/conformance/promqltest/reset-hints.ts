import type { CounterReset, FloatHistogram } from '../../../src/model/index.ts';
import { negativeBucketsOf, positiveBucketsOf } from './histogram-buckets.ts';

/**
 * What a chunked store knows of counter resets when it gives histograms back: gauges stay gauges;
 * of counters, the first of a chunk is `unknown`, each later one `not_reset`. A chunk ends where a
 * reset is declared or seen, where the layout changes, and where anything but a histogram comes.
 */
export class ResetHints {
  #previous: FloatHistogram | undefined;

  /** The hint that `histogram` is read back with; undefined stands for any other sample. */
  next(histogram: FloatHistogram | undefined): CounterReset {
    const previous = this.#previous;
    this.#previous = histogram;
    if (histogram === undefined) return 'unknown';
    if (histogram.counterReset === 'gauge') return 'gauge';
    const continues =
      previous !== undefined &&
      previous.counterReset !== 'gauge' &&
      histogram.counterReset !== 'reset' &&
      isContinuation(previous, histogram);
    return continues ? 'not_reset' : 'unknown';
  }
}

function isContinuation(previous: FloatHistogram, next: FloatHistogram): boolean {
  return (
    next.count >= previous.count &&
    next.schema === previous.schema &&
    next.zeroThreshold === previous.zeroThreshold &&
    next.zeroCount >= previous.zeroCount &&
    next.customValues.join() === previous.customValues.join() &&
    noneFell(positiveBucketsOf(previous), positiveBucketsOf(next)) &&
    noneFell(negativeBucketsOf(previous), negativeBucketsOf(next))
  );
}

function noneFell(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): boolean {
  return [...before].every(([index, count]) => (after.get(index) ?? 0) >= count);
}

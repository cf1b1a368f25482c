import type { FloatHistogram, Span } from '../../model/index.ts';
import { hashBytes } from './content-hash.ts';
import type { Hash64 } from './schema-change.ts';

/** An exponent of all ones would be a value that is not a number, or a staleness marker. */
const NO_NAN_MASK = 0x7fef_ffff;

let scratch = new Float64Array(256);
let length = 0;

/**
 * 64 bits that stand for a histogram where a float sample has its value: alike for those that count
 * the same, however their buckets are laid out, and never those of a staleness marker. What is
 * compared, audited and left out by value goes by them.
 */
export function histogramWords(histogram: FloatHistogram): Hash64 {
  length = 0;
  put(histogram.schema);
  put(histogram.counterReset === 'gauge' ? 1 : 0);
  put(histogram.zeroThreshold);
  put(histogram.zeroCount);
  put(histogram.count);
  put(histogram.sum);
  putSide(histogram.positiveSpans, histogram.positiveBuckets);
  put(Infinity);
  putSide(histogram.negativeSpans, histogram.negativeBuckets);
  put(Infinity);
  for (const bound of histogram.customValues) put(bound);
  const { low, high } = hashBytes(new Uint8Array(scratch.buffer, 0, 8 * length));
  return { low, high: high & NO_NAN_MASK };
}

/** Index and count of each bucket that is not empty. */
function putSide(spans: readonly Span[], buckets: readonly number[]): void {
  let bucket = 0;
  let at = 0;
  for (const span of spans) {
    bucket += span.offset;
    for (const end = at + span.length; at < end; at++, bucket++) {
      const count = buckets[at] ?? 0;
      if (count === 0) continue;
      put(bucket);
      put(count);
    }
  }
}

function put(value: number): void {
  if (length === scratch.length) {
    const grown = new Float64Array(2 * length);
    grown.set(scratch);
    scratch = grown;
  }
  // One zero, and one value that is not a number.
  scratch[length++] = Number.isNaN(value) ? Number.NaN : value + 0;
}

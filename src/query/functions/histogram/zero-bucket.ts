import { exponentialBound } from './bounds.ts';
import type { Side } from '../../../model/index.ts';

/** The parts of a histogram that its zero bucket has to do with. */
export interface ZeroBucketParts {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: Side;
  readonly negative: Side;
}

/**
 * The zero bucket's count when its threshold grows to `threshold`, or further where that would cut
 * a populated bucket. `threshold` is at least the present one.
 */
export function widenZeroBucket(
  parts: ZeroBucketParts,
  threshold: number,
): { zeroCount: number; zeroThreshold: number } {
  let reached = threshold;
  if (reached === parts.zeroThreshold) {
    return { zeroCount: parts.zeroCount, zeroThreshold: reached };
  }
  for (;;) {
    const positive = swallowed(parts.positive, parts.schema, reached);
    const negative = swallowed(parts.negative, parts.schema, positive.reached);
    const stable = negative.reached === positive.reached;
    reached = negative.reached;
    if (stable) {
      return {
        zeroCount: parts.zeroCount + positive.count + negative.count,
        zeroThreshold: reached,
      };
    }
  }
}

/** The count of the buckets that begin below `threshold`, and where the last of them ends. */
function swallowed(
  { indices, counts }: Side,
  schema: number,
  threshold: number,
): { count: number; reached: number } {
  let count = 0;
  for (let place = 0; place < indices.length; place++) {
    const index = indices[place]!;
    if (exponentialBound(index - 1, schema) >= threshold) break;
    count += counts[place]!;
    const upper = exponentialBound(index, schema);
    if (upper > threshold) return { count, reached: counts[place] === 0 ? threshold : upper };
  }
  return { count, reached: threshold };
}

/** The buckets beyond a zero bucket of that threshold. */
export function beyondZeroBucket(
  { indices, counts }: Side,
  schema: number,
  threshold: number,
): Side {
  let from = 0;
  while (from < indices.length && exponentialBound(indices[from]!, schema) <= threshold) from++;
  return from === 0
    ? { indices, counts }
    : { indices: indices.slice(from), counts: counts.slice(from) };
}

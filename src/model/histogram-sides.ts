import type { Span } from './histogram.ts';

/** The buckets of one sign: ascending bucket indices and the count of each; zeros may be there. */
export interface Side {
  readonly indices: readonly number[];
  readonly counts: readonly number[];
}

export const NO_BUCKETS: Side = { indices: [], counts: [] };

export function sideOf(spans: readonly Span[], counts: readonly number[]): Side {
  if (counts.length === 0) return NO_BUCKETS;
  const indices: number[] = [];
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let place = 0; place < length && indices.length < counts.length; place++) {
      indices.push(index++);
    }
  }
  return { indices, counts };
}

/** The spans of ascending bucket indices. */
export function spansOf(indices: readonly number[]): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const [place, index] of indices.entries()) {
    const last = spans[spans.length - 1];
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: place === 0 ? index : index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** The index of the bucket of a coarser schema that holds a bucket of a finer one. */
export function coarserIndex(index: number, fromSchema: number, toSchema: number): number {
  return ((index - 1) >> (fromSchema - toSchema)) + 1;
}

/** The side with its buckets merged to a coarser schema. */
export function reduceSide({ indices, counts }: Side, fromSchema: number, toSchema: number): Side {
  if (fromSchema === toSchema) return { indices, counts };
  const merged: number[] = [];
  const sums: number[] = [];
  for (let place = 0; place < indices.length; place++) {
    const index = coarserIndex(indices[place]!, fromSchema, toSchema);
    const last = merged.length - 1;
    if (last >= 0 && merged[last] === index) sums[last]! += counts[place]!;
    else {
      merged.push(index);
      sums.push(counts[place]!);
    }
  }
  return { indices: merged, counts: sums };
}

import type { Span } from '../../../model/index.ts';

/** Index of each bucket that the spans cover, ascending. */
export function bucketIndices(spans: readonly Span[]): number[] {
  const indices: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let count = 0; count < length; count++) indices.push(next++);
  }
  return indices;
}

/** The spans of the buckets with these indices, ascending. */
export function spansOf(indices: readonly number[]): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indices) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** All indices of both, ascending. */
export function unionOf(left: readonly number[], right: readonly number[]): number[] {
  const union: number[] = [];
  let at = 0;
  for (const index of right) {
    while (at < left.length && left[at]! < index) union.push(left[at++]!);
    if (left[at] === index) at++;
    union.push(index);
  }
  return union.concat(left.slice(at));
}

/** The counts laid out over `wanted`, which has all of `indices`; buckets not there count 0. */
export function spread(
  wanted: readonly number[],
  indices: readonly number[],
  counts: readonly number[],
): number[] {
  let at = 0;
  return wanted.map((index) => (indices[at] === index ? (counts[at++] ?? 0) : 0));
}

export function sameSpans(left: readonly Span[], right: readonly Span[]): boolean {
  if (left === right) return true;
  return (
    left.length === right.length &&
    left.every(
      ({ offset, length }, at) => right[at]!.offset === offset && right[at]!.length === length,
    )
  );
}

/** One side of a histogram. */
export interface Side {
  readonly spans: readonly Span[];
  readonly counts: readonly number[];
}

/** Whether a bucket of `before` counts more there than in `after`, where it may be missing. */
export function hasLostCounts(before: Side, after: Side): boolean {
  // Fast path: the buckets of a counter seldom change.
  if (sameSpans(before.spans, after.spans)) {
    return before.counts.some((count, at) => count > (after.counts[at] ?? 0));
  }
  const wanted = bucketIndices(after.spans);
  let at = 0;
  for (const [place, index] of bucketIndices(before.spans).entries()) {
    while (at < wanted.length && wanted[at]! < index) at++;
    const count = wanted[at] === index ? (after.counts[at] ?? 0) : 0;
    if ((before.counts[place] ?? 0) > count) return true;
  }
  return false;
}

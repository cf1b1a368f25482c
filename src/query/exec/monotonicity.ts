import { type AnnotationDetail, goGeneral } from '../annotations.ts';
import type { ForcedMonotonicity } from '../functions/histogram/classic.ts';

/** Between which buckets and when counts had to be raised, over all happenings. */
export class ForcedMonotonicityDetail implements AnnotationDetail {
  readonly #forced: ForcedMonotonicity;
  readonly #minTime: number;
  readonly #maxTime: number;
  readonly #count: number;

  constructor(forced: ForcedMonotonicity, timestamp: number, maxTime = timestamp, count = 1) {
    this.#forced = forced;
    this.#minTime = timestamp;
    this.#maxTime = maxTime;
    this.#count = count;
  }

  merge(other: AnnotationDetail): AnnotationDetail {
    if (!(other instanceof ForcedMonotonicityDetail)) return this;
    const { minBucket, maxBucket, maxDiff } = other.#forced;
    return new ForcedMonotonicityDetail(
      {
        minBucket: Math.min(this.#forced.minBucket, minBucket),
        maxBucket: Math.max(this.#forced.maxBucket, maxBucket),
        maxDiff: Math.max(this.#forced.maxDiff, maxDiff),
      },
      Math.min(this.#minTime, other.#minTime),
      Math.max(this.#maxTime, other.#maxTime),
      this.#count + other.#count,
    );
  }

  toString(): string {
    const { minBucket, maxBucket, maxDiff } = this.#forced;
    return (
      `, from buckets ${goGeneral(minBucket)} to ${goGeneral(maxBucket)}, with a max diff of ` +
      `${goGeneral(Number(maxDiff.toPrecision(2)))}, over ${this.#count} samples ` +
      `from ${rfc3339(this.#minTime)} to ${rfc3339(this.#maxTime)}`
    );
  }
}

function rfc3339(timestampMs: number): string {
  const seconds = Math.trunc(timestampMs / 1000) * 1000;
  return new Date(seconds).toISOString().replace('.000Z', 'Z');
}

/** The ref of an identity whose samples are not wanted (dropped by relabelling). */
export const DROPPED_REF = 0xffff_ffff;

/** Outcome of a call over a whole body. On anything but `ok` the body must be given up. */
export type BodyStatus =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** `no_memory`: the slab is full. `too_large`: beyond the given limit. */
      readonly code: 'malformed' | 'too_large' | 'no_memory';
      /** Where, in bytes from the start of the bytes that were read. */
      readonly offset: number;
    };

/** A series whose identity the kernel does not know yet; give its ref with `resolve`. */
export interface UnknownIdentity {
  /** Its bytes, `[start, end)` of `KernelBody.bytes()`. */
  readonly start: number;
  readonly end: number;
  /** Its samples are `[firstSample, firstSample + sampleCount)` of the columns. */
  readonly firstSample: number;
  readonly sampleCount: number;
}

/** What kind of bytes a `BodyRange` is. */
export const RangeKind = {
  /** Remote write: an encoded histogram, exemplar, metadata record. */
  HISTOGRAM: 1,
  EXEMPLAR: 2,
  METADATA: 3,
  /**
   * Expositions: a `#` line whole, from its `#` to its end, the newline not included. It is not
   * judged yet. Its identity is in the unknown list, without samples: once it is resolved to
   * `DROPPED_REF` the same line is passed over.
   */
  COMMENT: 4,
  /**
   * Expositions: a number that takes more than one rounding; `NaN` and friends are not among them.
   * `Number()` of the text is the value of sample `sample`: put it there with `setValue`.
   */
  NUMBER: 5,
  /**
   * OpenMetrics: a line whose sample, `sample`, has an exemplar; whole, the newline not included.
   * From the `#` on it is not judged yet.
   */
  LINE_EXEMPLAR: 6,
  /** OpenMetrics: a time in seconds that takes more than one rounding; put it with `setTime`. */
  TIME: 7,
} as const;
export type RangeKind = (typeof RangeKind)[keyof typeof RangeKind];

export interface BodyRange {
  readonly kind: RangeKind;
  /** `[start, end)` of `KernelBody.bytes()`. */
  readonly start: number;
  readonly end: number;
  /** The ref of the series it belongs to; 0 when that is unknown or there is none. */
  readonly ref: number;
  /** Index of its series in the unknown list, -1 when it is known or there is none. */
  readonly unknown: number;
  /** Index of the sample it belongs to, -1 for none. */
  readonly sample: number;
}

/** The columns of a body, with the layout of `SampleBatch`; views into the shared memory. */
export interface BodyColumns {
  readonly length: number;
  /** 0: unknown, refused, or not resolved yet. */
  readonly refs: Uint32Array;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** The bits of `values`, two words each. */
  readonly words: Uint32Array;
}

/** Counts of the last walk or scan, and of the last append. */
export interface BodyCounts {
  /** Series of the body (remote write) or sample lines (expositions). */
  readonly series: number;
  /** Found as the one that followed last time; found by probing the table. */
  readonly predicted: number;
  readonly probed: number;
  /** Samples left out because their identity stands for `DROPPED_REF`. */
  readonly dropped: number;
  /** Expositions: samples whose line has a time, and which are not ignored. */
  readonly explicitTimes: number;
}

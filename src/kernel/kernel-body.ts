import type {
  BodyColumns,
  BodyCounts,
  BodyRange,
  BodyStatus,
  UnknownIdentity,
} from './body-contents.ts';

/** Stands for a sender of bodies or a scrape target: what `openOwner` gave, an address. */
export type OwnerId = number;

export interface TextScanOptions {
  readonly format: 'text' | 'openmetrics';
  /**
   * The time of samples whose line has none. NaN tells which those are; with a number, a sample
   * had a time of its own if and only if its time is another (`explicitTimes` counts them).
   */
  readonly defaultTimestamp: number;
  /** Takes `defaultTimestamp` for every sample, whatever its line says. Default false. */
  readonly ignoreTimestamps?: boolean;
}

export interface AppendOptions {
  /** Times the store takes; others are `OUT_OF_BOUNDS`. */
  readonly minTime: number;
  readonly maxTime: number;
  /**
   * Samples that are older than the newest of their series by at most this are put in place; older
   * ones are `OUT_OF_ORDER`. In milliseconds, from 0. Without it nothing late is put in place.
   */
  readonly windowMs?: number;
}

/**
 * One request or scrape on its way in: bytes, what the kernel found in them, and the outcome.
 *
 *     body.input(size) <- bytes; body.setInputLength(n)
 *     body.decompress(limit)             (remote write; sets the message)
 *     body.walkRemoteWrite(owner)        or body.scanText(owner, options)
 *     for each unknown: body.resolve(index, ref)
 *     body.seal()                        samples without a series go
 *     (write body.columns() to the log)
 *     body.append(options)               into the tails; outcomes by sample
 *     body.release()
 *
 * Several may be under way at once; the calls of one are never interleaved with its own.
 */
export interface KernelBody {
  /**
   * Room for `sizeBytes` compressed (or plain) bytes, keeping what is there already: copy socket
   * chunks to it. Throws KernelMemoryError when the slab is full.
   */
  input(sizeBytes: number): Uint8Array;
  setInputLength(lengthBytes: number): void;

  /** Snappy block in the input to the message; at most `limitBytes` of it. */
  decompress(limitBytes: number): BodyStatus;
  /** Takes the input itself as the message (nothing was compressed). */
  useInput(): void;

  /** Where the message lies in `bytes()`. */
  message(): { readonly start: number; readonly length: number };

  /** Walks a `prometheus.WriteRequest`; fills columns, unknown identities and ranges. */
  walkRemoteWrite(owner: OwnerId): BodyStatus;
  /** Scans an exposition; fills columns, unknown identities and ranges. */
  scanText(owner: OwnerId, options: TextScanOptions): BodyStatus;

  /** The bytes that `UnknownIdentity` and `BodyRange` count in: the whole memory. */
  bytes(): Uint8Array;
  readonly unknownCount: number;
  unknown(index: number): UnknownIdentity;
  /**
   * Gives an unknown identity its series, in order of the list: fills in the refs of its samples
   * and remembers it. `NO_SERIES` (0) drops its samples this time, `DROPPED_REF` for ever.
   * Throws KernelMemoryError when the slab is full.
   */
  resolve(index: number, ref: number): void;

  readonly rangeCount: number;
  range(index: number): BodyRange;
  /** Puts a number in place of one that the kernel could not read exactly. */
  setValue(sample: number, value: number): void;
  /** Likewise, in milliseconds. */
  setTime(sample: number, timestamp: number): void;

  counts(): BodyCounts;
  columns(): BodyColumns;
  /** Removes samples whose ref is 0; returns how many stay. */
  seal(): number;
  /**
   * Copies columns made elsewhere into this body instead of walking one. Throws KernelMemoryError.
   */
  setColumns(columns: BodyColumns): void;

  /**
   * Appends samples `[0, length)` to their series, in order. Counts by `SampleOutcome` (STORED,
   * DUPLICATE, CONFLICT, OUT_OF_ORDER, OUT_OF_BOUNDS, UNKNOWN_SERIES). With `windowMs`: bounds,
   * newest, then window, then what is stored at the same time, then it is put in place; but samples
   * in the window that are not newer than all of a series with `setHistogramFlag` are left to the
   * caller, as OUT_OF_ORDER and listed by `outOfOrder`: look at the histograms, then `insertLate`.
   * Without `windowMs` every sample older than the newest of its series is left that way, unless
   * the slab holds one at that time already.
   * Throws KernelMemoryError when the slab is full; samples before `failedAt` are stored then.
   */
  append(options: AppendOptions): AppendCounts;
  /** Makes room for `count` samples in all; those that are there stay. */
  reserveColumns(count: number): void;
  /** Adds samples to those that are there. */
  addColumns(columns: BodyColumns): void;
  /**
   * Puts the samples in order of their refs, all in `[first, first + count)`, those of one ref as
   * they are, for `appendRuns`. Throws KernelMemoryError when the slab is full.
   */
  orderByRef(first: number, count: number): void;
  /**
   * Appends samples `[from, to)` of that order, whose times must be within bounds; what becomes of
   * each is as by `append`, and is not told but for `outOfOrder()`. Touches a series once for all
   * its samples. Throws KernelMemoryError when the slab is full; a part is stored then.
   */
  appendRuns(from: number, to: number, windowMs: number): void;
  /** Outcome of each sample after `append`; a view. */
  outcomes(): Uint8Array;
  /** Indexes of the samples that `append` left to the caller, ascending; a view. */
  outOfOrder(): Uint32Array;

  /**
   * Packs samples `[from, to)` of the columns (1 to `CHUNK_SAMPLES_MAX`, one series, times
   * ascending) into a chunk that stands alone, as checkpoints of version 2 have it. A view, valid
   * until the next call.
   */
  packColumns(from: number, to: number): Uint8Array;
  /** Unpacks such a chunk, the message, to the columns; refs are 0. Any bytes may be tried. */
  unpackColumns(): BodyStatus;

  /** Gives the memory back. The body must not be used any more. */
  release(): void;
}

/** Samples by `SampleOutcome`, in its order. */
export type AppendCounts = Readonly<Uint32Array>;

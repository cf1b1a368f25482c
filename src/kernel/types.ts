import type { CompiledModule, SharedMemory } from './web-assembly.ts';

/**
 * What the kernel offers. One `Kernel` is one shared memory (the slab) with everything in it that
 * is touched per sample: identities of senders, series, tails, head chunks. One thread writes; any
 * number of others read through a `KernelReader` on the same memory. Times are integer
 * milliseconds; `minTime`/`maxTime` are inclusive. Values are 64 bits and survive bit for bit.
 *
 * Addresses are offsets into the memory. Views over it (`Uint8Array`, columns) are valid until the
 * next call into the kernel, which may grow the memory: take them anew after each call.
 */

/** What another thread needs to read: post it, it needs no transfer list. */
export interface KernelHandle {
  readonly module: CompiledModule;
  readonly memory: SharedMemory;
  /** The reading area of that thread alone, made by `Kernel.openReader`. */
  readonly readerAddress: number;
}

export interface KernelOptions {
  /** Bound of the memory, at most 4 GiB; what does not fit is refused, never overwritten. */
  readonly maxBytes: number;
  /**
   * Key of the fingerprints, 1,072 random bytes (`KERNEL_KEY_BYTES`): without knowing it nobody can
   * prepare identities that collide. Kernels with the same key make the same fingerprints.
   */
  readonly key: Uint8Array;
  /**
   * The refs of identities are series of another kernel: none is looked up here, all count as
   * alive until `forgetRefs`, and no series can be made. Default false.
   */
  readonly foreignSeries?: boolean;
}

/** The ref of an identity whose samples are not wanted (dropped by relabelling). */
export const DROPPED_REF = 0xffff_ffff;

/** Samples of one chunk at most. */
export const CHUNK_SAMPLES_MAX = 1024;

/** Stands for a sender of bodies or a scrape target: what `openOwner` gave, an address. */
export type OwnerId = number;

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
   * ascending) into a chunk that stands alone, for a file. A view, valid until the next call.
   */
  packColumns(from: number, to: number): Uint8Array;
  /** Unpacks such a chunk, the message, to the columns; refs are 0. Any bytes may be tried. */
  unpackColumns(): BodyStatus;

  /** Gives the memory back. The body must not be used any more. */
  release(): void;
}

/** Samples by `SampleOutcome`, in its order. */
export type AppendCounts = Readonly<Uint32Array>;

/** Bytes of the slab by what they hold, rounded up to the blocks that hold it. */
export const MEMORY_KINDS = [
  'staging',
  'columns',
  'lists',
  'identities',
  'identity_slots',
  'series_directory',
  'series',
  'tails',
  'chunks',
  'time_blocks',
  'owners',
  'readers',
  'retired',
  'scratch',
  'symbols',
  'label_sets',
  'postings',
  'label_lookup',
] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

export interface KernelStats {
  /** Size of the memory now. Pages that were never touched cost nothing. */
  readonly memoryBytes: number;
  /** In use, by kind; `retired` waits for readers. */
  readonly bytesByKind: Readonly<Record<MemoryKind, number>>;
  readonly seriesCount: number;
  readonly identityCount: number;
  /** Samples held in tails and chunks. */
  readonly sampleCount: number;
  readonly chunkCount: number;
}

/**
 * The memory under other structures: blocks at addresses, found through the root words. Take
 * views anew with `refresh` where an address lies beyond them.
 */
export interface SlabReader {
  /** Views over the whole memory, as of the last `refresh`; index is an address over 1, 4, 4, 8. */
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /**
   * Takes the views anew if the memory has grown; those of before go on working. With `minBytes`
   * they are at least that long afterwards, if the memory is.
   */
  refresh(minBytes?: number): void;
  /**
   * Address of a word (u32, 0 at first) from which a structure is found; slots 0 to 31, even ones
   * at a multiple of 8. 0 to 15 are the label index's, 16 to 31 the head's. Use `Atomics`.
   */
  rootAddress(slot: number): number;
}

/** The same with room of one's own; writing thread only. */
export interface Slab extends SlabReader {
  /**
   * A block of at least `bytes`, holding anything; its address, a multiple of 16. The views are
   * fresh afterwards. Throws KernelMemoryError when the slab is full.
   */
  allocate(bytes: number, kind: MemoryKind): number;
  /** Frees a block that nothing points to any more, once no reader can be looking at it. */
  retire(address: number, kind: MemoryKind): void;
  /** Frees a block that no other thread has ever been able to find, at once. */
  release(address: number, kind: MemoryKind): void;
  /**
   * Enters a series in the label index whose root is at `root`; see kernel/label-index.ts. The word
   * before `pairs` is the kernel's. Slabs without a kernel leave it out.
   */
  enterSeries?(root: number, pairs: number, count: number, ref: number): number;
}

/** The writing side; one thread only. */
export interface Kernel {
  readonly module: CompiledModule;
  readonly memory: SharedMemory;

  /** Throws KernelMemoryError when the slab is full, as do all `open…` and `create…`. */
  openBody(): KernelBody;

  /**
   * A sender (remote write) or scrape target. Identities are equal when their bytes and the
   * `context` are: senders whose labels are treated alike share one, each target has its own.
   * `tracked` remembers which series the last body had, for `takeMissing`.
   */
  openOwner(options: { readonly context: number; readonly tracked: boolean }): OwnerId;
  closeOwner(owner: OwnerId): void;
  /**
   * After a body of a tracked owner is resolved: refs of the series that its body before had and
   * this one has not. To be called once for each body; a body that failed is passed over by not
   * calling it. The array is the caller's.
   */
  takeMissing(owner: OwnerId): Uint32Array;
  /** Refs of the series of the owner's last body that was taken; the array is the caller's. */
  knownSeries(owner: OwnerId): Uint32Array;
  /**
   * Forgets identities among the next `count` ones that were not seen in the last `keepBodies`
   * bodies of all owners, or whose series is gone. Goes on where the last call ended; returns how
   * many went. Call it now and then: a dropped series costs its identity until then.
   */
  sweepIdentities(count: number, keepBodies: number): number;
  /**
   * With `foreignSeries`: forgets every identity that stands for one of these refs, which are then
   * not missing anywhere either; returns how many identities went. Looks at all of them (some 10 ns
   * each), so give many refs at a time. Throws KernelMemoryError when the slab is full.
   */
  forgetRefs(refs: Uint32Array): number;

  /** Makes the series `ref` (1 … 2^32 - 2, never used before), without samples. */
  createSeries(ref: number): void;
  /** Forgets a series and its samples; readers under way still see them. */
  removeSeries(ref: number): void;
  hasSeries(ref: number): boolean;
  /** Newest time of the series, NaN where it has no samples or does not exist. */
  newestTime(ref: number): number;
  /** Oldest time, likewise. */
  oldestTime(ref: number): number;
  /** What is stored at that very time; copies the two words of its bits. */
  find(ref: number, timestamp: number, words: Uint32Array): boolean;
  /** Drops chunks that end before `time` of series `[fromRef, toRef)`; returns samples dropped. */
  truncate(fromRef: number, toRef: number, time: number): number;
  /** Packs what is in the tail of a series, however little. */
  packTail(ref: number): void;

  /**
   * What is appended or touched from here to `endCommit` shows to `KernelReader.capture` only after
   * it, and then all of it. What is appended outside shows at once.
   */
  beginCommit(): void;
  endCommit(): void;
  /**
   * Stores a sample wherever its time belongs: a `SampleOutcome` (STORED, DUPLICATE, CONFLICT,
   * OUT_OF_BOUNDS where the time is no integer, UNKNOWN_SERIES). The value is two words of bits.
   * Throws KernelMemoryError when the slab is full.
   */
  insertLate(ref: number, timestamp: number, lowWord: number, highWord: number): number;
  /** Marks a series that has histograms too; see `KernelBody.append`. Cleared at first. */
  setHistogramFlag(ref: number, isSet: boolean): void;
  /** `SERIES_HAS_HISTOGRAMS` or 0; 0 where there is no such series. */
  flags(ref: number): number;
  /**
   * Makes `timestamp` the newest time of a series if it is newer, without a sample: something
   * else, a histogram, was stored at it.
   */
  touchSeries(ref: number, timestamp: number): void;
  /**
   * Removes the samples within the times; how many. The newest time becomes that of the newest
   * sample left or `newestOfHistograms`, whichever is newer. Throws KernelMemoryError when the slab
   * is full; some are removed then.
   */
  removeRange(ref: number, minTime: number, maxTime: number, newestOfHistograms?: number): number;
  /**
   * Drops samples before `time`, and no others; how many. The newest time stays. Throws
   * KernelMemoryError when the slab is full; whole chunks are dropped then, and a part is not.
   */
  dropBefore(ref: number, time: number): number;
  /**
   * Stores samples `[0, length)`, times ascending, in a series without samples: packed at once,
   * visible at once. Throws KernelMemoryError when the slab is full; a part is stored then.
   */
  restoreSamples(ref: number, timestamps: Float64Array, words: Uint32Array, length: number): void;
  /** Samples of the series; 0 where there is no such series. */
  sampleCountOf(ref: number): number;

  /** Bytes that can still be given out, in pages; single blocks over 1 KiB may find less. */
  headroomBytes(): number;
  /** Goes up by one with each `reclaim`. */
  epoch(): number;
  /**
   * Whether a read that began before that epoch is under way: `reclaim`, note `epoch()`, then ask
   * until it is false; what began since found what was published before.
   */
  readersBefore(epoch: number): boolean;
  /** The memory, for structures that are not the kernel's; always the same object. */
  slab(): Slab;

  /** A reading area for one thread (at most 64), to be posted to it. */
  openReader(): KernelHandle;
  /** After its thread has ended, or when it never began. */
  closeReader(readerAddress: number): void;
  /** Frees what no reader can see any more. Call it after truncation, and now and then. */
  reclaim(): void;
  stats(): KernelStats;
}

/** Bit of `flags`: the series has histograms, which the kernel does not hold. */
export const SERIES_HAS_HISTOGRAMS = 1;

/** For `KernelReader.capture`: whatever is there, finished or not. */
export const ANY_COMMIT = 0xffff_ffff;

/** The reading side, on any thread, its own one included. */
export interface KernelReader {
  /**
   * Between `begin` and `end` nothing that can be found is freed. Keep it short (one query, at
   * most): memory waits for it.
   */
  begin(): void;
  end(): void;
  /**
   * Appends the samples of a series within the times to `into`, ascending. A writer may be at work
   * meanwhile: samples it published before the call are there, later ones may be.
   */
  read(ref: number, minTime: number, maxTime: number, into: ReadTarget): void;
  /**
   * Reads series `[from, to)` of `refs` one after the other: each as `read` would between `minTime`
   * and its cap (NaN: nothing). `offsets[i]` is where series `i` begins among the samples that this
   * call appended, `offsets[i + 1]` where it ends. Stops after the series with which there are
   * `maxSamples` or more (default: none stops it); returns the index to go on with, `to` when done.
   */
  readMany(
    selection: ReadSelection,
    from: number,
    to: number,
    minTime: number,
    into: ReadTarget,
    offsets: Uint32Array,
    maxSamples?: number,
  ): number;

  /** Number of the last finished commit; always even, wraps at 2^32. */
  commit(): number;
  /**
   * The word behind it: the same when idle, one more while the next commit is under way. Of several
   * kernels that commit together, take all words, again until none has moved and either all are
   * even or all odd.
   */
  commitWord(): number;
  /**
   * Newest time of each series `[0, count)` that commit `commit` and those before it made, to
   * `caps`: what is read up to there later is what these commits stored, whatever comes in between
   * (late samples and removals show at once). NaN where the series is gone, or where that time is
   * before `minTime`. False when a series has moved on by two commits: begin again with a newer
   * `commit()`, or with `ANY_COMMIT`, which takes what is there and never fails.
   */
  capture(
    refs: Uint32Array,
    count: number,
    commit: number,
    minTime: number,
    caps: Float64Array,
  ): boolean;
  /** As `capture` with `ANY_COMMIT`, of one series. */
  newest(ref: number, minTime: number): number;
  /** As `Kernel.flags`. */
  flags(ref: number): number;
  /** Upper bound of the samples within the times, from what stands before each chunk: cheap. */
  count(ref: number, minTime: number, maxTime: number): number;
  /** Samples of all series together, those of a commit under way perhaps included. */
  sampleTotal(): number;
  /** The memory, for structures that are not the kernel's; always the same object. */
  slab(): SlabReader;
  close(): void;
}

/** Series, and the newest time of each that is to be read (`capture`). */
export interface ReadSelection {
  readonly refs: Uint32Array;
  readonly caps: Float64Array;
}

/** What `SampleColumns` of the model are. */
export interface ReadTarget {
  /**
   * Instead of `append`, for all that one `read` has to give: the columns are lent until the next
   * call to the reader, and may be written into.
   */
  lend?(timestamps: Float64Array, words: Uint32Array, length: number): void;
  append(timestamps: Float64Array, words: Uint32Array, from: number, to: number): void;
}

import type { ChunkCopies, StoredChunks } from './chunk-copies.ts';
import type { KernelBody, OwnerId } from './kernel-body.ts';
import type { LogSamples } from './log-samples.ts';
import type { MemoryKind, Slab } from './slab.ts';
import type { CompiledModule, SharedMemory } from './web-assembly.ts';

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
 * What the kernel offers to the one thread that writes. One `Kernel` is one shared memory (the
 * slab) with everything in it that is touched per sample: identities of senders, series, tails,
 * head chunks. Any number of other threads read through a `KernelReader` on the same memory. Times
 * are integer milliseconds; `minTime`/`maxTime` are inclusive. Values are 64 bits and survive bit
 * for bit.
 *
 * Addresses are offsets into the memory. Views over it (`Uint8Array`, columns) are valid until the
 * next call into the kernel, which may grow the memory: take them anew after each call.
 */
export interface Kernel {
  readonly module: CompiledModule;
  readonly memory: SharedMemory;

  /** Throws KernelMemoryError when the slab is full, as do all `open…` and `create…`. */
  openBody(): KernelBody;

  /** For the samples of a log; stays as long as the kernel. */
  openLogSamples(): LogSamples;

  /** For writing a checkpoint. */
  openCopies(): ChunkCopies;
  /** For reading one. */
  openStoredChunks(): StoredChunks;

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

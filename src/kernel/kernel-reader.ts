import type { SlabReader } from './slab.ts';

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
  /** As `read`, of the newest sample within the times alone; false where there is none. */
  readNewest(ref: number, minTime: number, maxTime: number, into: ReadTarget): boolean;
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

import type { ReadTarget } from './kernel-reader.ts';

/**
 * Copies the chunks of series, packed as the kernel has them, for records of a file; writing thread
 * only. Chunks name their times by number among all times of a record, which are written once.
 *
 *     copies.begin(0)
 *     for each series: copies.copy(ref, …), then copies.chunks() -> record
 *     copies.times() -> record
 */
export interface ChunkCopies {
  /** Begins a record, or goes on in one that has `timesCount` times of another kernel. */
  begin(timesCount: number): void;
  /**
   * Copies the samples of a series within the times; none where there is no such series or a time
   * is NaN. Throws KernelMemoryError when the slab is full: the record is of no use then.
   */
  copy(ref: number, minTime: number, maxTime: number): void;
  /** What the last `copy` made, ascending by time; a view, valid until the next call. */
  chunks(): Uint8Array;
  /** How many chunks those are. */
  readonly chunkCount: number;
  /** Time of the newest sample in them, -Infinity where there is none. */
  readonly newest: number;
  /** The times that were written since `begin`; a view, valid until the next call. */
  times(): Uint8Array;
  readonly timesSizeBytes: number;
  /** The number that the next times will get. */
  readonly timesCount: number;
  /** Gives the memory back. */
  release(): void;
}

/**
 * Takes such chunks back, record by record. Any bytes may be tried: what is not as `ChunkCopies`
 * makes it is refused. Positions are those in the record.
 */
export interface StoredChunks {
  /**
   * Takes a record, whose `timesCount` times are `[from, to)` of it; false where they are not.
   * Throws KernelMemoryError when the slab is full, as do the others.
   */
  load(record: Uint8Array, from: number, to: number, timesCount: number): boolean;
  /**
   * Makes the chunks in `[from, to)` those of a series that is there and has no samples. False
   * where they are not `chunkCount` chunks, ascending by time; nothing is stored then.
   */
  adopt(ref: number, from: number, to: number, chunkCount: number): boolean;
  /** Unpacks the chunk that begins at `from`; where it ends, 0 where it is none. */
  unpack(from: number, to: number, into: ReadTarget): number;
  /** Gives the memory back. */
  release(): void;
}

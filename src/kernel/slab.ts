import type { SeriesRun } from './series-run.ts';

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
  /**
   * New series of records of the log, to be entered in that index and made in the kernel; likewise
   * left out. Throws KernelMemoryError when the slab is full.
   */
  openSeriesRun?(root: number): SeriesRun;
}

/** How many more fit in tables of the label index before these must be made larger. */
export interface TableRoom {
  readonly symbols: number;
  readonly pairs: number;
  readonly sets: number;
}

/**
 * The new series of one record of the log after another, straight from its bytes; see
 * kernel/series-run.ts. Writing thread only.
 */
export interface SeriesRun {
  /**
   * Reads the series that a record begins with (src/storage/wal/series-codec.ts) and changes
   * nothing else. The bytes they take; 0 where they are malformed or must be read in TypeScript.
   */
  read(bytes: Uint8Array): number;
  /** Series that were read. */
  readonly count: number;
  readonly leastRef: number;
  readonly greatestRef: number;
  /**
   * Enters series from number `from` on, as long as that is simple; the number of the first that
   * it did not. That one must be entered by its texts next: pairs of it may have been made.
   */
  enter(from: number, room: TableRoom): number;
  /** What is left of the room. */
  room(): TableRoom;
  /** Refs of series `[from, to)`; the array is the caller's. */
  refs(from: number, to: number): Uint32Array;
  /** Name, value, name, value, … of a series. */
  texts(number: number): string[];
  release(): void;
}

import type { BodyColumns, BodyStatus } from './body-contents.ts';

/** The least and greatest of what samples have, both inclusive; times are NaN if any is. */
export interface SampleExtent {
  readonly leastRef: number;
  readonly greatestRef: number;
  readonly leastTime: number;
  readonly greatestTime: number;
}

/**
 * Reads the samples of linked commits of a log, in its order; see kernel/log-samples.ts. What the
 * records have said lies in the memory of the kernel: some 16 B for each ref, in pages of 512.
 */
export interface LogSamples {
  /** The next record depends on none before it. */
  restart(): void;
  /**
   * Reads the samples of one record, all of `bytes`. What is not ok leaves what the records have
   * said damaged, until `restart`.
   */
  decode(bytes: Uint8Array): BodyStatus;
  /** The samples of the last record that was ok; views, until the next call. */
  columns(): BodyColumns;
  /** Of the same. */
  extent(): SampleExtent;
}

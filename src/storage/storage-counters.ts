/**
 * What the store counts of itself, for the program's own metrics: totals since it was opened unless
 * said otherwise. Costs the same however much is stored.
 */
export interface StorageCounters {
  readonly walRecords: number;
  readonly walBytes: number;
  /** Groups of records written together; with `fsync: group` as many syncs. */
  readonly walGroups: number;
  readonly walFailedGroups: number;
  /** The data folder was removed, moved or taken over: 1 while nothing is taken for that. */
  readonly folderMissing: 0 | 1;
  /** Log that a restart would replay, bytes. */
  readonly walSizeBytes: number;
  readonly checkpoints: number;
  readonly failedCheckpoints: number;
  /** Held now: series with samples, their samples of both kinds, and chunks of these. */
  readonly series: number;
  readonly samples: number;
  readonly chunks: number;
  /** New series refused by `max_series` or `max_series_per_source`. */
  readonly seriesRefused: number;
  /** Exemplars refused as duplicates, out of order or bounds, or of an unknown series. */
  readonly exemplarsDropped: number;
  readonly blocks: number;
  /** Size of the blocks on the disk. */
  readonly blockBytes: number;
  /** Memory held for samples of floats, bytes: a part of `memoryByKind`. */
  readonly sampleMemoryBytes: number;
  /** Commits refused because the memory for new samples is full. */
  readonly memoryRefusals: number;
}

/**
 * What storage offers to the layers above it. Everything above imports this file; only `cli`
 * constructs an implementation. Times are integer milliseconds; `minTime`/`maxTime` are inclusive.
 */
import type { MessagePort } from 'node:worker_threads';
import type {
  Exemplar,
  FloatHistogram,
  Labels,
  Matcher,
  Metadata,
  SampleColumns,
} from '../model/index.ts';
import type { SampleBatch } from './sample-batch.ts';

export { SampleBatch } from './sample-batch.ts';

/**
 * Number of a series within one run of the process: at least 1, never used again for another
 * series. Caches may keep refs; a ref whose series has been dropped is refused at commit with
 * `SampleOutcome.UNKNOWN_SERIES`, and the cache then resolves the labels again.
 */
export type SeriesRef = number;

/** No series: the answer when a limit forbids a new one. */
export const NO_SERIES: SeriesRef = 0;

/** What became of one sample. Numbers, because a commit has one for each sample. */
export const SampleOutcome = {
  STORED: 0,
  /** Same series, time and value bits are stored already: success, nothing done. */
  DUPLICATE: 1,
  /** Another value is stored at this time: the first is kept. */
  CONFLICT: 2,
  /** Older than the newest of its series by more than the out-of-order window. */
  OUT_OF_ORDER: 3,
  /** Outside the times the store takes at all (before retention, or too far ahead). */
  OUT_OF_BOUNDS: 4,
  /** The ref's series is gone: resolve the labels again. */
  UNKNOWN_SERIES: 5,
} as const;
export type SampleOutcome = (typeof SampleOutcome)[keyof typeof SampleOutcome];

/** Number of different outcomes; `CommitResult.counts` has that length. */
export const OUTCOME_COUNT = 6;

export interface CommitResult {
  /** Samples by outcome, indexed by `SampleOutcome`; histograms included. */
  readonly counts: Readonly<Uint32Array>;
  /** Outcome of each sample of the batch, in its order; undefined when all were stored. */
  readonly outcomes: Uint8Array | undefined;
  /** Outcome of each histogram in order of adding; undefined when all were stored. */
  readonly histogramOutcomes: Uint8Array | undefined;
}

/**
 * One atomic write: all of it becomes visible and durable together, or nothing does. Not shared
 * between requests. Usable until `commit` or `rollback`.
 */
export interface Appender {
  /**
   * The samples of this commit. The decoder fills it; nothing is looked at before `commit`.
   * Refs come from `series` (now or in an earlier appender).
   */
  readonly samples: SampleBatch;

  /**
   * The ref of the series with these labels, made if need be. Made series become known at commit.
   * Returns `NO_SERIES` when a series limit, of the store or of the source, forbids a new one.
   */
  series(labels: Labels): SeriesRef;

  /** `undefined` adds a staleness marker to a series of histograms. */
  addHistogram(ref: SeriesRef, timestamp: number, histogram: FloatHistogram | undefined): void;

  /** Kept in a bounded ring; duplicates and out-of-order ones are dropped and counted. */
  addExemplar(ref: SeriesRef, exemplar: Exemplar & { readonly timestamp: number }): void;

  setMetadata(metricFamily: string, metadata: Metadata): void;

  /**
   * Sets (or, with `undefined`, removes) a value of the durable keyed state in the same record as
   * the samples. The ledger of a source, a Pushgateway group, a converter's sums: whatever must
   * change exactly when its samples are stored. Keys are `kind/rest`. The bytes are copied.
   */
  putState(key: string, value: Uint8Array | undefined): void;

  /**
   * Resolves when everything is in the log (durable as `fsync` says) and visible to queriers;
   * per-sample refusals do not fail it.
   * @throws StorageFullError when the disk or the memory is full, StorageError on other write
   *   errors; then nothing of this commit is visible or will be after a restart.
   */
  commit(): Promise<CommitResult>;

  /** Forgets everything added. Series made only for this appender are forgotten too. */
  rollback(): void;
}

export interface SelectHints {
  readonly minTime: number;
  readonly maxTime: number;
  /** Fail with `SelectLimitError` beyond that many samples. */
  readonly maxSamples?: number;
  /** Fail with `SelectLimitError` beyond that many series. */
  readonly maxSeries?: number;
  /** Fail with `SelectLimitError` rather than hold more memory, where the store can tell before. */
  readonly maxBytes?: number;
  /** The order of the series does not matter; then they may come in any. */
  readonly unordered?: boolean;
  /**
   * Ascending times, at least one: of each series only the newest sample at each of them or before
   * matters, staleness markers among them; of floats one and of histograms one, where it has both.
   * Only these count. Others may come too, in any number, and series without these may be left out.
   */
  readonly lookupTimes?: Float64Array;
}

/** The groups that a grouping puts the series of a set in. */
export interface SeriesGroups {
  /** The group of each series, below `labels.length`. */
  readonly groupOf: Uint32Array;
  /** The labels of each group. */
  readonly labels: readonly Labels[];
}

/** A histogram sample; `histogram` undefined is a staleness marker. */
export interface HistogramSample {
  readonly timestamp: number;
  readonly histogram: FloatHistogram | undefined;
  /** When counting began; 0 or undefined where not known. */
  readonly startTime?: number;
}

/**
 * Series that a selection found, in the order of their labels unless that was said not to matter.
 * Valid until the querier closes.
 */
export interface SeriesSet {
  readonly length: number;
  labels(index: number): Labels;
  /**
   * Appends the float samples of one series within the selected times to `into` (ascending,
   * staleness markers included, bit for bit).
   */
  samples(index: number, into: SampleColumns): void;
  /**
   * As `samples`, but only those up to `time` matter, and of these the newest alone: which of the
   * others are appended is not said. Where that is to be had for less.
   */
  latest?(index: number, time: number, into: SampleColumns): void;
  /** About what the set holds in memory of its own. Stores that cannot tell leave it out. */
  heldBytes?(): number;
  /** Histogram samples within the selected times, ascending; usually empty. */
  histograms(index: number): readonly HistogramSample[];
  /**
   * Start timestamps of the samples that `samples` appends, one for each, 0 where not known;
   * undefined where the series has none. Stores that keep none leave the method out.
   */
  startTimes?(index: number): Float64Array | undefined;
  /** `labels(index).metricName`, where that is to be had for less. */
  metricName?(index: number): string;
  /**
   * Groups the series by the labels named, or by all but those and the metric name; where that is
   * to be had without the labels of each series.
   */
  groups?(names: readonly string[], without: boolean): SeriesGroups;
}

/** A consistent view for reading. Usable on the thread that opened it; close it when done. */
export interface Querier {
  /** Series that match all matchers and have a sample within the times. */
  select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet>;
  /**
   * Labels alone of the series that match any of the matcher lists; no samples are read. What this
   * and the two below resolve with is not to be changed: others may have the same.
   */
  series(
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit?: number,
  ): Promise<readonly Labels[]>;
  /** Sorted by UTF-8 bytes. With no matcher lists, of all series. */
  labelNames(
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit?: number,
  ): Promise<readonly string[]>;
  labelValues(
    name: string,
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit?: number,
  ): Promise<readonly string[]>;
  close(): void;
}

export interface TimeRange {
  readonly minTime: number;
  readonly maxTime: number;
}

export interface Queryable {
  querier(): Querier;
  /**
   * Bounds of what a selection would read, where they are to be had in some ten microseconds and
   * reading it takes no file and no other thread; undefined where not. Stores that cannot tell
   * leave the method out.
   */
  selectionSize?(matchers: readonly Matcher[], range: TimeRange): SelectionSize | undefined;
  /**
   * What `select` of a querier finds, at once, under the same conditions; undefined where not. The
   * set is valid to the end of the turn: until then nothing is written. Whoever has found it too
   * large gives it up and asks a querier, which tells limits and why they were reached.
   */
  selectNow?(matchers: readonly Matcher[], hints: SelectHints): SelectedNow | undefined;
  /**
   * What `series` of a querier gives for one list of matchers, at once, under the same conditions,
   * where it is at most `maxSeries`; undefined where not.
   */
  seriesNow?(
    matchers: readonly Matcher[],
    range: TimeRange,
    maxSeries: number,
  ): readonly Labels[] | undefined;
  /**
   * How many values of a label looking them up among all series goes through, at most; undefined
   * where that takes a file, another thread, or much more time for each than others do. Stores that
   * cannot tell leave the method out.
   */
  labelValueCount?(name: string, range: TimeRange): number | undefined;
}

/** A selection made at once. */
export interface SelectedNow {
  readonly set: SeriesSet;
  /** It has not more samples. */
  readonly sampleBound: number;
}

/** Upper bounds. */
export interface SelectionSize {
  readonly series: number;
  readonly samples: number;
}

export interface ExemplarSeries {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}

export interface CardinalityStat {
  readonly name: string;
  readonly value: number;
}

export interface StorageStats {
  readonly seriesCount: number;
  readonly chunkCount: number;
  readonly labelPairCount: number;
  readonly sampleCount: number;
  /** Corrupt places that opening the store found in its files; 0 is healthy. */
  readonly corruptionCount: number;
  /** Of all stored samples; undefined while empty. */
  readonly minTime: number | undefined;
  readonly maxTime: number | undefined;
  /** Largest first, at most `limit` each. */
  readonly seriesByMetricName: readonly CardinalityStat[];
  readonly valuesByLabelName: readonly CardinalityStat[];
  readonly bytesByLabelName: readonly CardinalityStat[];
  readonly seriesByLabelPair: readonly CardinalityStat[];
}

/** A port to the store; node's own class. */
export type MessagePortLike = MessagePort;

/** What a worker needs to read this store: post it with its `transfer` list. */
export interface WorkerHandle {
  readonly message: unknown;
  readonly transfer: readonly (ArrayBuffer | MessagePortLike)[];
}

export interface AppenderOptions {
  /**
   * Whose samples these are: a sender, a scrape job. Where the store bounds the series of a source,
   * those that its appenders made or asked for first count. Without it no such bound holds.
   */
  readonly source?: string;
}

export interface Storage extends Queryable {
  appender(options?: AppenderOptions): Appender;
  /** Lets one worker read this store by `connectReader(handle.message)`. */
  workerHandle(): WorkerHandle;
  /** Newest metadata by metric family. */
  metadata(): ReadonlyMap<string, Metadata>;
  exemplars(
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
  ): readonly ExemplarSeries[];
  /** The keyed state under a prefix, as last committed; the bytes are the caller's copy. */
  state(keyPrefix: string): ReadonlyMap<string, Uint8Array>;
  /** Hides matching samples for good. Resolves, when durable, with the number of series touched. */
  deleteSeries(matchers: readonly Matcher[], range: TimeRange): Promise<number>;
  stats(limit?: number): StorageStats;
  /** Writes a checkpoint, so that the log before it can go. */
  checkpoint(): Promise<void>;
  /**
   * Frees the room of deleted samples, in blocks and log; resolves with the number of blocks that
   * were written anew.
   */
  cleanTombstones(): Promise<number>;
  /**
   * Makes a complete copy of the store as of now, without stopping it; the name of its folder under
   * `snapshots/` in the data folder.
   */
  snapshot(): Promise<string>;
  /** Waits for commits under way, syncs, and frees everything. */
  close(): Promise<void>;
}

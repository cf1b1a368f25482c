import type { KernelBody, MemoryKind } from '../../kernel/index.ts';
import type { Matcher, SampleColumns } from '../../model/index.ts';
import type { CommitResult, TimeRange } from '../api.ts';
import { OUTCOME_COUNT, SampleBatch } from '../api.ts';
import type { Commit } from './commit.ts';
import { EmptySeries } from './empty-series.ts';
import { ExemplarRing } from './exemplar-ring.ts';
import { HeadShard, memoryByKind } from './head-shard.ts';
import { HistogramApplier } from './histogram-applier.ts';
import { HistogramTable } from './histogram-table.ts';
import type { HistogramView } from './histogram-timeline.ts';
import { KeyedState } from './keyed-state.ts';
import { MetadataTable } from './metadata-table.ts';
import { RemovalCount } from './removal-count.ts';
import type { RestoredSeries } from './restored-series.ts';
import { SampleApplier } from './sample-applier.ts';
import { SeriesRegister } from './series-register.ts';
import { slicesOf } from './slices.ts';

export interface HeadOptions {
  readonly maxExemplars: number;
  readonly shardCount: number;
  /** Bound of the memory of each shard. */
  readonly shardBytes: number;
}

/** Times that the kernel can hold, and so all there are. */
const TIME_MIN = Number.MIN_SAFE_INTEGER;
const TIME_MAX = Number.MAX_SAFE_INTEGER;
/** Samples after which what they left behind is freed: at most some megabytes. */
const RECLAIM_SAMPLES = 64 * 1024;
/** What of a large commit is applied at a time: some two milliseconds each. */
const SLICE_SERIES = 1024;
const SLICE_SAMPLES = 16 * 1024;

/**
 * Everything stored that is not in blocks, in memory. Samples and labels lie in shared memory,
 * which other threads read in place; series are known by their refs alone. Changes only by
 * applying records in the order of the log, so that replay ends in the same state. Knows neither
 * files nor clocks.
 */
export class Head {
  readonly shards: readonly HeadShard[];
  readonly exemplars: ExemplarRing;
  readonly state = new KeyedState();
  readonly metadata = new MetadataTable();
  readonly removals = new RemovalCount();
  readonly series: SeriesRegister;
  /** Number of the last cut that took samples out to blocks. */
  cutCount = 0;
  /** Samples before this time are in blocks and on their way out: readers leave them out. */
  floor = -Infinity;
  readonly #histograms = new HistogramTable();
  readonly #applier: SampleApplier;
  readonly #histogramApplier: HistogramApplier;
  readonly #empty = new EmptySeries((ref) => this.hasSamples(ref));
  #samplesSinceReclaim = 0;

  /** @throws KernelMemoryError, KernelModuleError */
  constructor({ maxExemplars, shardCount, shardBytes }: HeadOptions) {
    this.exemplars = new ExemplarRing(maxExemplars);
    this.shards = Array.from({ length: shardCount }, () => new HeadShard(shardBytes));
    this.series = new SeriesRegister(this.shards, this.#empty, this.removals);
    this.#applier = new SampleApplier(this.shards, this.#histograms, this.series.aliases);
    this.#histogramApplier = new HistogramApplier({
      histograms: this.#histograms,
      resolve: (ref) => this.series.resolve(ref),
      kernelOf: (ref) => this.series.shard(ref).kernel,
      onFirst: (ref) => this.#empty.delete(ref),
    });
  }

  /** Float and histogram samples held. */
  get sampleCount(): number {
    const floats = sumOf(this.shards, ({ kernel }) => kernel.stats().sampleCount);
    return floats + this.#histograms.sampleCount;
  }

  get chunkCount(): number {
    return sumOf(this.shards, ({ kernel }) => kernel.stats().chunkCount);
  }

  /** Bytes of the shared memories by what they hold. */
  memoryByKind(): Readonly<Record<MemoryKind, number>> {
    return memoryByKind(this.shards);
  }

  /** Whether the series is there and has a sample of either kind. */
  hasSamples(ref: number): boolean {
    return this.series.shard(ref).kernel.sampleCountOf(ref) > 0 || this.#histograms.has(ref);
  }

  /** Time of the newest sample of either kind, NaN where the series has none or is gone. */
  newestTime(ref: number): number {
    return this.series.shard(ref).kernel.newestTime(ref);
  }

  /** Time of the oldest sample of either kind, Infinity where there is none. */
  oldestTime(ref: number): number {
    const float = this.series.shard(ref).kernel.oldestTime(ref);
    const histogram = this.#histograms.oldest(ref);
    return Number.isNaN(float) ? histogram : Math.min(float, histogram);
  }

  histograms(ref: number): HistogramView | undefined {
    return this.#histograms.view(ref);
  }

  /** Series that have histograms. */
  histogramRefs(): Iterable<number> {
    return this.#histograms.refs();
  }

  /**
   * Stores what a commit holds and says what became of each sample.
   * @throws KernelMemoryError where it is not all in; `CommitRoom` is asked before to prevent that.
   */
  apply(commit: Commit): CommitResult {
    const counts = new Uint32Array(OUTCOME_COUNT);
    this.#beginCommit();
    let outcomes: Uint8Array | undefined;
    let histogramOutcomes: Uint8Array | undefined;
    try {
      for (const { ref, labels } of commit.series) this.series.add(ref, labels);
      if (commit.seriesRun !== undefined) this.series.addRun(commit.seriesRun);
      outcomes = this.#applier.apply(commit.samples, commit.bounds, counts);
      histogramOutcomes = this.#histogramApplier.apply(commit, counts);
    } finally {
      this.#endCommit();
    }
    this.#empty.recheck(commit.series);
    this.#finish(commit);
    return { counts, outcomes, histogramOutcomes };
  }

  /**
   * The same for a large commit, a slice at a time: readers see none of it until it is all in.
   * Nothing else may be applied meanwhile. @throws KernelMemoryError
   */
  async applyInSlices(commit: Commit, pause: () => Promise<void>): Promise<CommitResult> {
    const { series, samples, bounds } = commit;
    const counts = new Uint32Array(OUTCOME_COUNT);
    let outcomes: Uint8Array | undefined;
    let histogramOutcomes: Uint8Array | undefined;
    this.#beginCommit();
    try {
      for (const slice of slicesOf(series, SLICE_SERIES)) {
        for (const { ref, labels } of slice) this.series.add(ref, labels);
        await pause();
      }
      for (let from = 0; from < samples.length; from += SLICE_SAMPLES) {
        const slice = new SampleBatch(0);
        slice.addColumns(samples, from, Math.min(samples.length, from + SLICE_SAMPLES));
        const found = this.#applier.apply(slice, bounds, counts);
        if (found !== undefined) {
          outcomes ??= new Uint8Array(samples.length);
          outcomes.set(found, from);
        }
        await pause();
      }
      histogramOutcomes = this.#histogramApplier.apply(commit, counts);
    } finally {
      this.#endCommit();
    }
    this.#finish(commit);
    for (const slice of slicesOf(series, SLICE_SERIES)) {
      await pause();
      this.#empty.recheck(slice);
    }
    return { counts, outcomes, histogramOutcomes };
  }

  #beginCommit(): void {
    for (const { kernel } of this.shards) kernel.beginCommit();
  }

  #endCommit(): void {
    for (const { kernel } of this.shards) kernel.endCommit();
  }

  #finish(commit: Commit): void {
    this.#applyRest(commit);
    this.#samplesSinceReclaim += commit.samples.length;
    if (this.#samplesSinceReclaim >= RECLAIM_SAMPLES) this.reclaim();
  }

  /**
   * Stores samples of a body of a shard, which are within bounds and in order of their refs, as one
   * commit. @throws KernelMemoryError
   */
  applyRuns(
    shard: HeadShard,
    body: KernelBody,
    range: { readonly from: number; readonly to: number },
    windowMs: number,
  ): void {
    this.#beginCommit();
    try {
      this.#applier.applyRuns(shard, body, range, windowMs);
    } finally {
      this.#endCommit();
    }
    this.reclaim();
  }

  /** Puts back a series from a checkpoint. @throws KernelMemoryError, or as its samples do */
  restoreSeries({ ref, labels, samples, histograms, newest }: RestoredSeries): void {
    const own = this.series.add(ref, labels);
    const { kernel } = this.series.shard(own);
    if (this.hasSamples(own)) this.#insertAll(own, samples.columns(kernel));
    else if (!samples.isEmpty) samples.putInto(kernel, own);
    for (const { timestamp, histogram } of histograms) {
      this.#histogramApplier.add({ ref: own, timestamp, histogram }, Infinity);
    }
    if (newest !== undefined) kernel.touchSeries(own, newest);
    if (!samples.isEmpty || histograms.length > 0) this.#empty.delete(own);
  }

  /** Removes samples; returns the number of series that lost any, and tells which. */
  applyDelete(
    matchers: readonly Matcher[],
    range: TimeRange,
    onTouched: (ref: number) => void = () => {},
  ): number {
    const minTime = Math.max(TIME_MIN, Math.ceil(range.minTime));
    const maxTime = Math.min(TIME_MAX, Math.floor(range.maxTime));
    if (!(minTime <= maxTime)) return 0;
    let touched = 0;
    for (const refs of this.series.select(matchers)) {
      for (const ref of refs) {
        if (this.#remove(ref, minTime, maxTime) === 0) continue;
        touched++;
        onTouched(ref);
      }
    }
    return touched;
  }

  /** Drops chunks before `minTime`, then those of the series `refs` that are empty. */
  applyTruncate(minTime: number, refs: readonly number[]): void {
    let removed = 0;
    for (const ref of [...this.#histograms.refs()]) {
      removed += this.#histograms.remove(ref, -Infinity, minTime - 1);
      if (!this.#histograms.has(ref)) this.series.shard(ref).kernel.setHistogramFlag(ref, false);
    }
    for (const { kernel, index } of this.shards) {
      // Page by page: most refs that ever were stand for nothing any more.
      for (const page of index.refs()) {
        if (page.length === 0) continue;
        removed += kernel.truncate(page[0]!, page[page.length - 1]! + 1, minTime);
      }
    }
    if (removed > 0) this.removals.add();
    const gone = refs.filter((ref) => this.series.resolve(ref) === ref && !this.hasSamples(ref));
    if (gone.length > 0) this.series.remove(new Set(gone));
    this.reclaim();
  }

  /** Drops, at once, the samples before `end`, which blocks hold. */
  applyCut(cut: number, end: number): void {
    this.beginCut(cut, end);
    for (const refs of this.series.refs()) for (const ref of refs) this.dropCut(ref);
    this.endCut();
  }

  /** Hides the samples before `end`. Until `endCut`, `dropCut` is called for each series. */
  beginCut(cut: number, end: number): void {
    this.cutCount = Math.max(this.cutCount, cut);
    this.floor = end;
  }

  /** Drops the samples of a series that the cut took to blocks. */
  dropCut(ref: number): void {
    const { floor } = this;
    // The newest time may be that of a sample which has gone already.
    const isOlder = this.newestTime(ref) < floor || this.oldestTime(ref) < floor;
    if (isOlder) this.#remove(ref, TIME_MIN, floor - 1);
  }

  endCut(): void {
    this.floor = -Infinity;
    this.reclaim();
  }

  /** Frees what no reader can see any more. */
  reclaim(): void {
    this.#samplesSinceReclaim = 0;
    for (const { kernel } of this.shards) kernel.reclaim();
  }

  /** Removes samples of both kinds; the newest time becomes that of what is left. */
  #remove(ref: number, minTime: number, maxTime: number): number {
    const { kernel } = this.series.shard(ref);
    const hadHistograms = this.#histograms.has(ref);
    let removed = this.#histograms.remove(ref, minTime, maxTime);
    const newest = kernel.newestTime(ref);
    // What is newer than the range stays, also where it is known by its time alone.
    const left = newest > maxTime ? newest : this.#histograms.newest(ref);
    try {
      removed +=
        left === -Infinity
          ? kernel.removeRange(ref, minTime, maxTime)
          : kernel.removeRange(ref, minTime, maxTime, left);
    } finally {
      this.removals.add();
    }
    if (hadHistograms && !this.#histograms.has(ref)) kernel.setHistogramFlag(ref, false);
    if (removed > 0 && !this.hasSamples(ref)) this.#empty.add(ref);
    return removed;
  }

  /** Samples of a series that has some already, which only a damaged log brings about. */
  #insertAll(ref: number, { timestamps, words, length }: SampleColumns): void {
    const { kernel } = this.series.shard(ref);
    for (let index = 0; index < length; index++) {
      const timestamp = timestamps[index]!;
      if ((this.#histograms.get(ref)?.find(timestamp) ?? -1) >= 0) continue;
      kernel.insertLate(ref, timestamp, words[2 * index]!, words[2 * index + 1]!);
    }
  }

  #applyRest({ bounds, exemplars, metadata, state }: Commit): void {
    const { minTime, maxTime } = bounds;
    for (const exemplar of exemplars) {
      const { timestamp } = exemplar;
      const ref = this.series.resolve(exemplar.ref);
      // One from the far future would keep out those of its series that follow.
      const within = timestamp >= minTime && timestamp <= maxTime;
      if (!within || ref === 0) this.exemplars.countDropped();
      else this.exemplars.add(ref === exemplar.ref ? exemplar : { ...exemplar, ref });
    }
    for (const [family, entry] of metadata) this.metadata.set(family, entry);
    for (const [key, value] of state) this.state.put(key, value);
  }
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

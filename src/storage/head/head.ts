import type { Labels, Matcher, Metadata, SampleColumns } from '../../model/index.ts';
import type { CommitResult, HistogramSample, TimeRange } from '../api.ts';
import { OUTCOME_COUNT, SampleOutcome } from '../api.ts';
import { ChunkRun } from './chunk-run.ts';
import { ChunkStore } from './chunk-store.ts';
import type { Commit } from './commit.ts';
import { ExemplarRing } from './exemplar-ring.ts';
import { KeyedState } from './keyed-state.ts';
import type { MemSeries } from './mem-series.ts';
import {
  appendHistogram,
  appendSample,
  dropChunksBefore,
  dropSamplesBefore,
  removeSamples,
  restoreSamples,
} from './mem-series.ts';
import { selectSeries } from './select-series.ts';
import { SeriesTable } from './series-table.ts';

/** A series with all it holds, ascending by time. */
export interface RestoredSeries {
  readonly ref: number;
  readonly labels: Labels;
  readonly samples: SampleColumns;
  readonly histograms: readonly HistogramSample[];
}

/**
 * Everything stored, in memory. Changes only by applying records in the order of the log, so that
 * replay ends in the same state. Knows neither files nor clocks.
 */
export class Head {
  readonly table = new SeriesTable();
  readonly chunks = new ChunkStore();
  readonly exemplars: ExemplarRing;
  readonly state = new KeyedState();
  readonly metadata = new Map<string, Metadata>();
  /** For reading series as they are now; load it before each use. */
  readonly run = new ChunkRun(this.chunks);
  /** The ref that the next new series gets. */
  nextRef = 1;
  /** Float and histogram samples held. */
  sampleCount = 0;
  /** Number of the last cut that took samples out to blocks. */
  cutCount = 0;
  /** Samples before this time are in blocks and on their way out: readers leave them out. */
  floor = -Infinity;
  /** Series with at least one sample. */
  seriesCount = 0;

  constructor(maxExemplars: number) {
    this.exemplars = new ExemplarRing(maxExemplars);
  }

  /** Stores what a commit holds and says what became of each sample. */
  apply(commit: Commit): CommitResult {
    for (const { ref, labels } of commit.series) this.addSeries(ref, labels);
    const counts = new Uint32Array(OUTCOME_COUNT);
    const outcomes = this.#applySamples(commit, counts);
    const histogramOutcomes = this.#applyHistograms(commit, counts);
    const { minTime, maxTime } = commit.bounds;
    for (const exemplar of commit.exemplars) {
      const { ref, timestamp } = exemplar;
      // One from the far future would keep out those of its series that follow.
      const within = timestamp >= minTime && timestamp <= maxTime;
      if (within && this.table.get(ref) !== undefined) this.exemplars.add(exemplar);
      else this.exemplars.countDropped();
    }
    for (const [family, metadata] of commit.metadata) this.metadata.set(family, metadata);
    for (const [key, value] of commit.state) this.state.put(key, value);
    return { counts, outcomes, histogramOutcomes };
  }

  addSeries(ref: number, labels: Labels): MemSeries {
    if (ref >= this.nextRef) this.nextRef = ref + 1;
    return this.table.get(ref) ?? this.table.add(ref, labels);
  }

  /** Puts back a series from a checkpoint, into a head that does not have it yet. */
  restoreSeries({ ref, labels, samples, histograms }: RestoredSeries): void {
    const series = this.addSeries(ref, labels);
    restoreSamples(this.chunks, series, samples);
    for (const { timestamp, histogram } of histograms) {
      appendHistogram(this.chunks, series, timestamp, histogram, Infinity);
    }
    this.sampleCount += samples.length + histograms.length;
    if (series.hasSamples) this.seriesCount++;
  }

  /** Removes samples; returns the number of series that lost any, and tells which. */
  applyDelete(
    matchers: readonly Matcher[],
    range: TimeRange,
    onTouched: (series: MemSeries) => void = () => {},
  ): number {
    let touched = 0;
    for (const series of selectSeries(this.table, matchers)) {
      if (!series.hasSamples) continue;
      const removed = removeSamples(this.chunks, series, range.minTime, range.maxTime);
      this.#noteRemoved(series, removed);
      if (removed === 0) continue;
      touched++;
      onTouched(series);
    }
    return touched;
  }

  /** Drops chunks before `minTime`, then those of the series `refs` that are empty. */
  applyTruncate(minTime: number, refs: readonly number[]): void {
    for (const series of this.table.all()) {
      if (!series.hasSamples) continue;
      this.#noteRemoved(series, dropChunksBefore(this.chunks, series, minTime));
    }
    const dropped: MemSeries[] = [];
    for (const ref of refs) {
      const series = this.table.get(ref);
      if (series !== undefined && !series.hasSamples) dropped.push(series);
    }
    if (dropped.length > 0) this.table.remove(dropped);
  }

  /** Drops, at once, the samples before `end`, which blocks hold. */
  applyCut(cut: number, end: number): void {
    this.beginCut(cut, end);
    for (const series of this.table.all()) this.dropCut(series);
    this.endCut();
  }

  /** Hides the samples before `end`. Until `endCut`, `dropCut` is called for each series. */
  beginCut(cut: number, end: number): void {
    this.cutCount = Math.max(this.cutCount, cut);
    this.floor = end;
  }

  dropCut(series: MemSeries): void {
    if (series.hasSamples) {
      this.#noteRemoved(series, dropSamplesBefore(this.chunks, series, this.floor));
    }
  }

  endCut(): void {
    this.floor = -Infinity;
  }

  #noteRemoved(series: MemSeries, removed: number): void {
    this.sampleCount -= removed;
    if (removed > 0 && !series.hasSamples) this.seriesCount--;
  }

  #applySamples(commit: Commit, counts: Uint32Array): Uint8Array | undefined {
    const { refs, timestamps, words, length } = commit.samples;
    const { minTime, maxTime, windowMs } = commit.bounds;
    const { table, chunks } = this;
    let outcomes: Uint8Array | undefined;
    let stored = 0;
    for (let index = 0; index < length; index++) {
      const series = table.get(refs[index]!);
      const timestamp = timestamps[index]!;
      let outcome: SampleOutcome;
      if (series === undefined) outcome = SampleOutcome.UNKNOWN_SERIES;
      else if (!(timestamp >= minTime && timestamp <= maxTime)) {
        outcome = SampleOutcome.OUT_OF_BOUNDS;
      } else {
        if (!series.hasSamples) this.seriesCount++;
        outcome = appendSample(chunks, series, timestamp, words, index, windowMs);
      }
      if (outcome === SampleOutcome.STORED) {
        stored++;
        continue;
      }
      counts[outcome] = counts[outcome]! + 1;
      outcomes ??= new Uint8Array(length);
      outcomes[index] = outcome;
    }
    counts[SampleOutcome.STORED] = counts[SampleOutcome.STORED]! + stored;
    this.sampleCount += stored;
    return outcomes;
  }

  #applyHistograms(commit: Commit, counts: Uint32Array): Uint8Array | undefined {
    const { minTime, maxTime, windowMs } = commit.bounds;
    let outcomes: Uint8Array | undefined;
    for (const [index, entry] of commit.histograms.entries()) {
      const { ref, timestamp, histogram } = entry;
      const series = this.table.get(ref);
      let outcome: SampleOutcome;
      if (series === undefined) outcome = SampleOutcome.UNKNOWN_SERIES;
      else if (!(timestamp >= minTime && timestamp <= maxTime)) {
        outcome = SampleOutcome.OUT_OF_BOUNDS;
      } else {
        if (!series.hasSamples) this.seriesCount++;
        outcome = appendHistogram(this.chunks, series, timestamp, histogram, windowMs);
      }
      counts[outcome] = counts[outcome]! + 1;
      if (outcome === SampleOutcome.STORED) {
        this.sampleCount++;
        continue;
      }
      outcomes ??= new Uint8Array(commit.histograms.length);
      outcomes[index] = outcome;
    }
    return outcomes;
  }
}

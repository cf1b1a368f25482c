import { DROPPED_REF } from '../../../kernel/index.ts';
import type { Exemplar, FloatHistogram } from '../../../model/index.ts';
import { NO_SERIES } from '../../../storage/api.ts';
import { ScrapeError } from '../errors.ts';
import { AHEAD_MS_MAX, type BodyCounts, zeroCounts } from './body-counts.ts';
import { fitHistogram } from './fit-histogram.ts';
import type { ScanResult, ScanTarget } from './kernel-scan.ts';
import { resolveSeries } from './series-resolver.ts';

/** A series as a body names it. */
export interface SeriesName {
  /** Of equal keys of one body the series is the same. */
  readonly key: string;
  /** name, value, …; asked for where the key is not known. */
  pairs(): readonly string[];
}

/** Takes what a body says, in its order. Times are milliseconds, NaN where there is none. */
export interface SampleSink {
  sample(name: SeriesName, value: number, timestamp: number): void;
  histogram(name: SeriesName, histogram: FloatHistogram, timestamp: number): void;
  /** Belongs to the sample or histogram just before. */
  exemplar(exemplar: Exemplar): void;
}

export interface SeriesSinkOptions {
  /** Of samples that have no time of their own, in milliseconds. */
  readonly timestamp: number;
  /** Names are known again in the next body of the target. */
  readonly keepsNames: boolean;
}

/** Finds the series of samples without the kernel, and hands the samples to the appender. */
export class SeriesSink implements SampleSink {
  readonly counts: BodyCounts = zeroCounts();
  readonly #target: ScanTarget;
  readonly #timestamp: number;
  readonly #keepsNames: boolean;
  readonly #sampleLimit: number;
  /** A limit was reached: the scrape must fail, though counting goes on. */
  #overSampleLimit = false;
  #overBucketLimit = false;
  readonly #knownBefore: ReadonlyMap<string, number>;
  readonly #refs = new Map<string, number>();
  readonly #before: ReadonlySet<number>;
  readonly #current = new Set<number>();
  readonly #tracked = new Set<number>();
  readonly #histograms = new Set<number>();
  /** Ref and time of the sample just before, for its exemplar; `NO_SERIES` where not stored. */
  #lastRef = NO_SERIES;
  #lastTimestamp = 0;
  #lastIsHistogram = false;

  constructor(target: ScanTarget, { timestamp, keepsNames }: SeriesSinkOptions) {
    this.#target = target;
    this.#timestamp = timestamp;
    this.#keepsNames = keepsNames;
    const { sampleLimit } = target.rules.config;
    this.#sampleLimit = sampleLimit > 0 ? sampleLimit : Infinity;
    this.#before = new Set(target.series.lastSeries());
    this.#knownBefore = keepsNames ? target.series.plainNames : new Map();
  }

  /** All is said. @throws ScrapeError where the scrape must fail */
  finish(): ScanResult {
    const { series, rules } = this.#target;
    if (this.#overSampleLimit) throw new ScrapeError('sample_limit', 'sample limit exceeded');
    if (this.#overBucketLimit) {
      const { bucketLimit } = rules.config.histograms;
      const message = `histogram bucket limit exceeded (limit: ${bucketLimit})`;
      throw new ScrapeError('bucket_limit', message);
    }
    const current = [...this.#current];
    series.settlePlainly({
      current: Uint32Array.from(current),
      histograms: this.#histograms,
      names: this.#keepsNames ? this.#refs : new Map(),
    });
    series.untrack(Uint32Array.from(current.filter((ref) => !this.#tracked.has(ref))));
    return { counts: this.counts, addedRefs: current };
  }

  sample(name: SeriesName, value: number, timestamp: number): void {
    this.#lastIsHistogram = false;
    if (!this.#accept(name, timestamp)) return;
    this.#target.appender.samples.push(this.#lastRef, this.#lastTimestamp, value);
  }

  histogram(name: SeriesName, histogram: FloatHistogram, timestamp: number): void {
    const { appender, histogramRefs, rules } = this.#target;
    this.#lastIsHistogram = true;
    const fitting = fitHistogram(histogram, rules.config.histograms);
    this.#overBucketLimit ||= fitting === undefined;
    if (!this.#accept(name, timestamp)) return;
    appender.addHistogram(this.#lastRef, this.#lastTimestamp, fitting ?? histogram);
    histogramRefs.push(this.#lastRef);
    this.#histograms.add(this.#lastRef);
  }

  exemplar(exemplar: Exemplar): void {
    if (this.#lastRef === NO_SERIES) return;
    // Without a time one that is sent again cannot be told from a new one.
    if (this.#lastIsHistogram && exemplar.timestamp === undefined) return;
    const timestamp = exemplar.timestamp ?? this.#lastTimestamp;
    this.#target.appender.addExemplar(this.#lastRef, { ...exemplar, timestamp });
  }

  /** Sets ref and time of a sample that is to be stored; false for any other. */
  #accept(name: SeriesName, timestamp: number): boolean {
    const { counts } = this;
    const { honorTimestamps, trackTimestampsStaleness } = this.#target.rules.config;
    counts.scraped++;
    this.#lastRef = NO_SERIES;
    const ref = this.#refs.get(name.key) ?? this.#findRef(name);
    if (ref === NO_SERIES) return false;
    this.#refs.set(name.key, ref);
    if (ref === DROPPED_REF) return false;
    counts.postRelabel++;
    const isRepeated = this.#current.has(ref);
    this.#current.add(ref);
    const isExplicit = honorTimestamps && timestamp === timestamp;
    if (isRepeated && !isExplicit) {
      counts.duplicate++;
      return false;
    }
    if (isExplicit && timestamp > this.#timestamp + AHEAD_MS_MAX) {
      counts.outOfBounds++;
      return false;
    }
    if (counts.appended >= this.#sampleLimit) {
      this.#overSampleLimit = true;
      return false;
    }
    if (!isRepeated && !this.#before.has(ref) && !this.#overBucketLimit) counts.seriesAdded++;
    if (!isExplicit || trackTimestampsStaleness) this.#tracked.add(ref);
    this.#lastRef = ref;
    this.#lastTimestamp = isExplicit ? timestamp : this.#timestamp;
    counts.appended++;
    return true;
  }

  /** `DROPPED_REF` where relabelling drops it, `NO_SERIES` where it has no place in storage. */
  #findRef(name: SeriesName): number {
    const known = this.#knownBefore.get(name.key);
    if (known !== undefined) return known;
    const { counts } = this;
    const { rules, appender } = this.#target;
    const labels = resolveSeries(name.pairs(), rules);
    if (labels === undefined) return DROPPED_REF;
    // The scrape fails anyway: no series are made for it, they are only counted.
    this.#overSampleLimit ||= counts.appended >= this.#sampleLimit;
    const ref = this.#overSampleLimit ? NO_SERIES : appender.series(labels);
    if (ref !== NO_SERIES) return ref;
    counts.postRelabel++;
    if (!this.#overSampleLimit) counts.overSeriesLimit++;
    return NO_SERIES;
  }
}

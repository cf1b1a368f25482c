import type { ExpositionVisitor } from '../../../formats/exposition/index.ts';
import type { Exemplar, MetricType } from '../../../model/index.ts';
import { type Appender, NO_SERIES, type SampleBatch } from '../../../storage/api.ts';
import { DROPPED_REF, UNKNOWN_ENTRY } from '../../identity/index.ts';
import type { FamilyMetadata } from './family-metadata.ts';
import { resolveSeries, type SeriesRules } from './series-resolver.ts';
import type { SeriesTracker } from './series-tracker.ts';

/** Samples further ahead of the scrape than that are refused, as Prometheus does. */
const AHEAD_MS_MAX = 600_000;

/** What a scan of one body came to. */
export interface BodyCounts {
  /** Samples in the body. */
  scraped: number;
  /** Of these, what relabelling left. */
  postRelabel: number;
  /** Series that were not in the last scrape. */
  seriesAdded: number;
  /** Samples handed to storage. */
  appended: number;
  duplicate: number;
  outOfBounds: number;
  overSeriesLimit: number;
}

/**
 * Takes what the scan of a body finds to an appender. Nothing here allocates for a series that was
 * in the last scrape.
 */
export class BodyAppender implements ExpositionVisitor {
  counts: BodyCounts = zeroCounts();
  /** The sample limit was reached: the scrape must fail, though counting goes on. */
  overSampleLimit = false;

  readonly #tracker: SeriesTracker;
  readonly #metadata: FamilyMetadata;
  #rules: SeriesRules;
  #appender: Appender;
  #samples: SampleBatch;
  #bytes: Uint8Array = new Uint8Array(0);
  #timestamp = 0;
  #honorTimestamps = true;
  #trackTimestamps = false;
  #sampleLimit = Infinity;
  /** Ref and time of the sample just before, for its exemplar; `NO_SERIES` where not stored. */
  #lastRef = NO_SERIES;
  #lastTimestamp = 0;
  /** Where only some series are wanted: their entries, whose refs are resolved anew. */
  #wanted: Set<number> | undefined;

  constructor(
    tracker: SeriesTracker,
    metadata: FamilyMetadata,
    rules: SeriesRules,
    appender: Appender,
  ) {
    this.#tracker = tracker;
    this.#metadata = metadata;
    this.#rules = rules;
    this.#appender = appender;
    this.#samples = appender.samples;
  }

  /** Readies for a scan of `bytes`, whose samples are of time `timestamp` unless they say other. */
  begin(appender: Appender, rules: SeriesRules, bytes: Uint8Array, timestamp: number): void {
    const { config } = rules;
    this.counts = zeroCounts();
    this.overSampleLimit = false;
    this.#rules = rules;
    this.#appender = appender;
    this.#samples = appender.samples;
    this.#bytes = bytes;
    this.#timestamp = timestamp;
    this.#honorTimestamps = config.honorTimestamps;
    this.#trackTimestamps = config.trackTimestampsStaleness;
    this.#sampleLimit = config.sampleLimit > 0 ? config.sampleLimit : Infinity;
    this.#lastRef = NO_SERIES;
    this.#wanted = undefined;
  }

  /**
   * Readies for a second scan of the same body, which appends only the series of these entries:
   * storage did not know their refs any more.
   */
  beginRetry(appender: Appender, wanted: ReadonlySet<number>): void {
    this.#appender = appender;
    this.#samples = appender.samples;
    this.#wanted = new Set(wanted);
    this.#lastRef = NO_SERIES;
    this.#tracker.identities.rewind();
  }

  sample(start: number, end: number, value: number, timestamp: number): void {
    if (this.#wanted !== undefined) {
      this.#retrySample(start, end, value, timestamp);
      return;
    }
    const { counts } = this;
    const tracker = this.#tracker;
    counts.scraped++;
    this.#lastRef = NO_SERIES;
    let entry = tracker.identities.lookup(start, end);
    if (entry === UNKNOWN_ENTRY) {
      entry = this.#addSeries(start, end);
      if (entry === UNKNOWN_ENTRY) return;
    }
    const sighting = tracker.see(entry);
    const ref = tracker.identities.refs[entry]!;
    if (ref === DROPPED_REF) return;
    counts.postRelabel++;
    const explicit = this.#honorTimestamps && timestamp === timestamp;
    if (sighting === 'repeated' && !explicit) {
      counts.duplicate++;
      return;
    }
    if (explicit && timestamp > this.#timestamp + AHEAD_MS_MAX) {
      counts.outOfBounds++;
      return;
    }
    if (counts.appended >= this.#sampleLimit) {
      this.overSampleLimit = true;
      return;
    }
    if (sighting === 'new') counts.seriesAdded++;
    if (!explicit || this.#trackTimestamps) tracker.track(entry);
    this.#push(ref, explicit ? timestamp : this.#timestamp, value);
    counts.appended++;
  }

  exemplar(exemplar: Exemplar): void {
    if (this.#lastRef === NO_SERIES) return;
    const timestamp = exemplar.timestamp ?? this.#lastTimestamp;
    this.#appender.addExemplar(this.#lastRef, { ...exemplar, timestamp });
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    if (this.#wanted === undefined) this.#metadata.type(nameStart, nameEnd, type);
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    if (this.#wanted === undefined) this.#metadata.help(nameStart, nameEnd, textStart, textEnd);
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    if (this.#wanted === undefined) this.#metadata.unit(nameStart, nameEnd, textStart, textEnd);
  }

  #push(ref: number, timestamp: number, value: number): void {
    this.#samples.push(ref, timestamp, value);
    this.#lastRef = ref;
    this.#lastTimestamp = timestamp;
  }

  /** The entry of a series not seen before, or `UNKNOWN_ENTRY` where it has no place in storage. */
  #addSeries(start: number, end: number): number {
    const { counts } = this;
    const { identities } = this.#tracker;
    const labels = resolveSeries(this.#bytes, start, end, this.#rules);
    if (labels === undefined) return identities.insert(start, end, DROPPED_REF);
    // The scrape fails anyway: no series are made for it, they are only counted.
    this.overSampleLimit ||= counts.appended >= this.#sampleLimit;
    const ref = this.overSampleLimit ? NO_SERIES : this.#appender.series(labels);
    if (ref !== NO_SERIES) return identities.insert(start, end, ref);
    counts.postRelabel++;
    if (!this.overSampleLimit) counts.overSeriesLimit++;
    return UNKNOWN_ENTRY;
  }

  #retrySample(start: number, end: number, value: number, timestamp: number): void {
    const { identities } = this.#tracker;
    this.#lastRef = NO_SERIES;
    const entry = identities.lookup(start, end);
    if (this.#wanted?.has(entry) !== true) return;
    const explicit = this.#honorTimestamps && timestamp === timestamp;
    // Without a time of its own, only the first sample of a series counts.
    if (!explicit) this.#wanted.delete(entry);
    const labels = resolveSeries(this.#bytes, start, end, this.#rules);
    const ref = labels === undefined ? NO_SERIES : this.#appender.series(labels);
    if (ref === NO_SERIES) {
      this.counts.overSeriesLimit++;
      return;
    }
    identities.refs[entry] = ref;
    this.#push(ref, explicit ? timestamp : this.#timestamp, value);
  }
}

function zeroCounts(): BodyCounts {
  return {
    scraped: 0,
    postRelabel: 0,
    seriesAdded: 0,
    appended: 0,
    duplicate: 0,
    outOfBounds: 0,
    overSeriesLimit: 0,
  };
}

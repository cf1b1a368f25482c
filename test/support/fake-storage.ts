import { isDeepStrictEqual } from 'node:util';
import type { Exemplar, FloatHistogram, Labels, Metadata } from '../../src/model/index.ts';
import { isStaleAt } from '../../src/model/index.ts';
import {
  type Appender,
  type CommitResult,
  NO_SERIES,
  OUTCOME_COUNT,
  SampleBatch,
  SampleOutcome,
  type SeriesRef,
} from '../../src/storage/api.ts';

export interface FakeSample {
  readonly timestamp: number;
  /** 'stale' for a staleness marker, 'stale histogram' for one of a series of histograms. */
  readonly value: number | FloatHistogram | 'stale' | 'stale histogram';
}

interface FakeSeries {
  readonly labels: Labels;
  readonly ref: SeriesRef;
  readonly samples: FakeSample[];
}

/** Storage in memory behind the `Appender` interface, for tests of what writes to it. */
export class FakeStorage {
  /** More series are refused. */
  maxSeries = Infinity;
  /** Thrown by the next commit. */
  failure: Error | undefined;
  /** How much older than its series' newest a sample may be. */
  outOfOrderMs = 0;
  readonly metadata = new Map<string, Metadata>();
  readonly metadataCalls: string[] = [];
  readonly exemplars: { readonly ref: SeriesRef; readonly exemplar: Exemplar }[] = [];
  commits = 0;
  readonly #byKey = new Map<string, FakeSeries>();
  readonly #byRef = new Map<SeriesRef, FakeSeries>();
  #created = 0;

  readonly appender = (): Appender => new FakeAppender(this);

  /** Samples by series, as PromQL writes its labels; series without samples are left out. */
  all(): Record<string, readonly FakeSample[]> {
    const entries = [...this.#byKey.values()].filter((series) => series.samples.length > 0);
    return Object.fromEntries(entries.map((each) => [each.labels.toString(), each.samples]));
  }

  /** Values of one series in order of time, by its name and some of its labels. */
  values(name: string, labels: Readonly<Record<string, string>> = {}): FakeSample['value'][] {
    return this.samples(name, labels).map((sample) => sample.value);
  }

  samples(name: string, labels: Readonly<Record<string, string>> = {}): readonly FakeSample[] {
    const wanted = Object.entries({ __name__: name, ...labels });
    const found = [...this.#byKey.values()].filter((series) =>
      wanted.every(([key, value]) => series.labels.get(key) === value),
    );
    if (found.length > 1) throw new Error(`${name}: ${found.length} series`);
    return found[0]?.samples ?? [];
  }

  /** Forgets a series, as storage does after its samples are gone. */
  drop(name: string): void {
    for (const [key, series] of this.#byKey) {
      if (series.labels.metricName !== name) continue;
      this.#byKey.delete(key);
      this.#byRef.delete(series.ref);
    }
  }

  resolve(labels: Labels): FakeSeries | undefined {
    const known = this.#byKey.get(labels.key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= this.maxSeries) return undefined;
    const series: FakeSeries = { labels, ref: ++this.#created, samples: [] };
    this.#byKey.set(labels.key, series);
    this.#byRef.set(series.ref, series);
    return series;
  }

  forget(ref: SeriesRef): void {
    const series = this.#byRef.get(ref);
    if (series === undefined) return;
    this.#byKey.delete(series.labels.key);
    this.#byRef.delete(ref);
  }

  store(ref: SeriesRef, sample: FakeSample): SampleOutcome {
    const series = this.#byRef.get(ref);
    if (series === undefined) return SampleOutcome.UNKNOWN_SERIES;
    const same = series.samples.find((each) => each.timestamp === sample.timestamp);
    if (same !== undefined) {
      const isSame = isDeepStrictEqual(same.value, sample.value);
      return isSame ? SampleOutcome.DUPLICATE : SampleOutcome.CONFLICT;
    }
    const newest = series.samples.at(-1)?.timestamp ?? -Infinity;
    if (sample.timestamp < newest - this.outOfOrderMs) return SampleOutcome.OUT_OF_ORDER;
    series.samples.push(sample);
    series.samples.sort((a, b) => a.timestamp - b.timestamp);
    return SampleOutcome.STORED;
  }
}

class FakeAppender implements Appender {
  readonly samples = new SampleBatch();
  readonly #storage: FakeStorage;
  readonly #made: SeriesRef[] = [];
  readonly #metadata: [string, Metadata][] = [];
  readonly #exemplars: { ref: SeriesRef; exemplar: Exemplar }[] = [];
  readonly #histograms: { ref: SeriesRef; sample: FakeSample }[] = [];
  #done = false;

  constructor(storage: FakeStorage) {
    this.#storage = storage;
  }

  series(labels: Labels): SeriesRef {
    this.#checkOpen();
    const known = this.#storage.resolve(labels);
    if (known === undefined) return NO_SERIES;
    if (known.samples.length === 0) this.#made.push(known.ref);
    return known.ref;
  }

  addHistogram(ref: SeriesRef, timestamp: number, histogram: FloatHistogram | undefined): void {
    this.#checkOpen();
    this.#histograms.push({ ref, sample: { timestamp, value: histogram ?? 'stale histogram' } });
  }

  addExemplar(ref: SeriesRef, exemplar: Exemplar & { readonly timestamp: number }): void {
    this.#checkOpen();
    this.#exemplars.push({ ref, exemplar });
  }

  setMetadata(metricFamily: string, metadata: Metadata): void {
    this.#checkOpen();
    this.#metadata.push([metricFamily, metadata]);
  }

  putState(_key: string, _value: Uint8Array | undefined): void {
    throw new Error('no state here');
  }

  async commit(): Promise<CommitResult> {
    this.#checkOpen();
    this.#done = true;
    const storage = this.#storage;
    await Promise.resolve();
    storage.commits++;
    if (storage.failure !== undefined) {
      const { failure } = storage;
      storage.failure = undefined;
      for (const ref of this.#made) storage.forget(ref);
      throw failure;
    }
    const counts = new Uint32Array(OUTCOME_COUNT);
    const outcomes = new Uint8Array(this.samples.length);
    for (let index = 0; index < this.samples.length; index++) {
      const outcome = storage.store(this.samples.refs[index] ?? 0, this.#sample(index));
      outcomes[index] = outcome;
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    const histogramOutcomes = new Uint8Array(this.#histograms.length);
    for (const [index, { ref, sample }] of this.#histograms.entries()) {
      const outcome = storage.store(ref, sample);
      histogramOutcomes[index] = outcome;
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    for (const [family, metadata] of this.#metadata) {
      storage.metadata.set(family, metadata);
      storage.metadataCalls.push(family);
    }
    storage.exemplars.push(...this.#exemplars);
    // A batch that is used again holds other things by the time the committer looks.
    this.samples.reset();
    const isStored = (of: Uint8Array): boolean =>
      of.every((outcome) => outcome === SampleOutcome.STORED);
    return {
      counts,
      outcomes: isStored(outcomes) ? undefined : outcomes,
      histogramOutcomes: isStored(histogramOutcomes) ? undefined : histogramOutcomes,
    };
  }

  rollback(): void {
    this.#checkOpen();
    this.#done = true;
    for (const ref of this.#made) this.#storage.forget(ref);
  }

  #sample(index: number): FakeSample {
    const timestamp = this.samples.timestamps[index] ?? 0;
    if (isStaleAt(this.samples.words, index)) return { timestamp, value: 'stale' };
    return { timestamp, value: this.samples.values[index] ?? 0 };
  }

  #checkOpen(): void {
    if (this.#done) throw new Error('the appender was used after its end');
  }
}

import {
  type Exemplar,
  type FloatHistogram,
  HIGH_WORD,
  type Labels,
  LOW_WORD,
  type Metadata,
  STALE_HIGH_WORD,
  STALE_LOW_WORD,
} from '../../src/model/index.ts';
import {
  type Appender,
  type CommitResult,
  NO_SERIES,
  OUTCOME_COUNT,
  SampleBatch,
  SampleOutcome,
  type SeriesRef,
  type Storage,
} from '../../src/storage/api.ts';

interface MemorySeries {
  readonly labels: Labels;
  /** Value bits by timestamp: `low:high`. */
  readonly samples: Map<number, string>;
  readonly histograms: Map<number, FloatHistogram | undefined>;
  newest: number;
}

interface StoredExemplar {
  readonly labels: Labels;
  readonly exemplar: Exemplar;
}

export interface MemoryStorageOptions {
  /** Samples older than the newest of their series by more than that are out of order. */
  readonly outOfOrderWindowMs?: number;
  readonly maxSeries?: number;
}

/**
 * The writing half of a store in plain maps, for tests of what writes: outcomes as the storage
 * interface defines them, commits that can be made to fail or to wait, no reading but for the
 * test's own. `reopened` is the same data after a restart.
 */
export class MemoryStorage implements Storage {
  readonly exemplarList: StoredExemplar[] = [];
  commits = 0;
  /** What the next commits throw, instead of doing anything. */
  commitError: Error | undefined;
  /** Awaited by every commit before it does anything. */
  gate: Promise<void> = Promise.resolve();
  readonly #options: MemoryStorageOptions;
  #series = new Map<SeriesRef, MemorySeries>();
  #refs = new Map<string, SeriesRef>();
  #nextRef = 1;
  #state = new Map<string, Uint8Array>();
  #metadata = new Map<string, Metadata>();

  constructor(options: MemoryStorageOptions = {}) {
    this.#options = options;
  }

  appender(): Appender {
    return new MemoryAppender(this);
  }

  /** The same data in a new process: refs given out before mean nothing. */
  reopened(): MemoryStorage {
    const storage = new MemoryStorage(this.#options);
    storage.#nextRef = this.#nextRef + 1_000_000;
    for (const series of this.#series.values()) {
      const ref = storage.#nextRef++;
      storage.#series.set(ref, series);
      storage.#refs.set(series.labels.key, ref);
    }
    storage.#state = new Map(this.#state);
    storage.#metadata = new Map(this.#metadata);
    return storage;
  }

  /** Drops all series, as retention would; their refs become unknown. */
  dropSeries(): void {
    this.#series.clear();
    this.#refs.clear();
  }

  /** Samples of a series, `time=value` in order of time; a staleness marker is `stale`. */
  samplesOf(series: string): string[] {
    const found = [...this.#series.values()].find(({ labels }) => labels.toString() === series);
    return [...(found?.samples ?? [])].sort((a, b) => a[0] - b[0]).map(showSample);
  }

  /** The newest sample of every series, `series value`, sorted; series that ended are left out. */
  newest(): string[] {
    const lines: string[] = [];
    for (const { labels, samples, newest } of this.#series.values()) {
      const bits = samples.get(newest);
      if (bits === undefined || bits === STALE_BITS) continue;
      lines.push(`${labels.toString()} ${valueOf(bits)}`);
    }
    return lines.sort();
  }

  histogramsOf(series: string): ReadonlyMap<number, FloatHistogram | undefined> {
    const found = [...this.#series.values()].find(({ labels }) => labels.toString() === series);
    return found?.histograms ?? new Map();
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  get sampleCount(): number {
    let count = 0;
    for (const { samples, histograms } of this.#series.values()) {
      count += samples.size + histograms.size;
    }
    return count;
  }

  metadata(): ReadonlyMap<string, Metadata> {
    return this.#metadata;
  }

  state(keyPrefix: string): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#state].filter(([key]) => key.startsWith(keyPrefix)));
  }

  refOf(labels: Labels): SeriesRef {
    const known = this.#refs.get(labels.key);
    if (known !== undefined) return known;
    if (this.#series.size >= (this.#options.maxSeries ?? Infinity)) return NO_SERIES;
    const ref = this.#nextRef++;
    this.#refs.set(labels.key, ref);
    this.#series.set(ref, { labels, samples: new Map(), histograms: new Map(), newest: -Infinity });
    return ref;
  }

  put(ref: SeriesRef, timestamp: number, bits: string): SampleOutcome {
    return this.#store(ref, timestamp, (series) => series.samples, bits);
  }

  putHistogram(
    ref: SeriesRef,
    timestamp: number,
    histogram: FloatHistogram | undefined,
  ): SampleOutcome {
    return this.#store(ref, timestamp, (series) => series.histograms, histogram);
  }

  putExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const labels = this.#series.get(ref)?.labels;
    if (labels !== undefined) this.exemplarList.push({ labels, exemplar });
  }

  putMetadata(family: string, metadata: Metadata): void {
    this.#metadata.set(family, metadata);
  }

  putState(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#state.delete(key);
    else this.#state.set(key, value.slice());
  }

  querier(): never {
    throw new Error('this store is only written');
  }

  workerHandle(): never {
    throw new Error('this store is only written');
  }

  exemplars(): never {
    throw new Error('this store is only written');
  }

  stats(): never {
    throw new Error('this store is only written');
  }

  deleteSeries(): Promise<number> {
    return Promise.reject(new Error('this store is only written'));
  }

  snapshot(): Promise<string> {
    return Promise.reject(new Error('this store is only written'));
  }

  cleanTombstones(): Promise<number> {
    return Promise.resolve(0);
  }

  checkpoint(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #store<T>(
    ref: SeriesRef,
    timestamp: number,
    columnOf: (series: MemorySeries) => Map<number, T>,
    value: T,
  ): SampleOutcome {
    const series = this.#series.get(ref);
    if (series === undefined) return SampleOutcome.UNKNOWN_SERIES;
    const column = columnOf(series);
    if (column.has(timestamp)) {
      const same = JSON.stringify(column.get(timestamp)) === JSON.stringify(value);
      return same ? SampleOutcome.DUPLICATE : SampleOutcome.CONFLICT;
    }
    if (timestamp < series.newest - (this.#options.outOfOrderWindowMs ?? 0)) {
      return SampleOutcome.OUT_OF_ORDER;
    }
    column.set(timestamp, value);
    series.newest = Math.max(series.newest, timestamp);
    return SampleOutcome.STORED;
  }
}

class MemoryAppender implements Appender {
  readonly samples = new SampleBatch();
  readonly #storage: MemoryStorage;
  readonly #histograms: [SeriesRef, number, FloatHistogram | undefined][] = [];
  readonly #rest: (() => void)[] = [];

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
  }

  series(labels: Labels): SeriesRef {
    return this.#storage.refOf(labels);
  }

  addHistogram(ref: SeriesRef, timestamp: number, histogram: FloatHistogram | undefined): void {
    this.#histograms.push([ref, timestamp, histogram]);
  }

  addExemplar(ref: SeriesRef, exemplar: Exemplar & { readonly timestamp: number }): void {
    this.#rest.push(() => this.#storage.putExemplar(ref, exemplar));
  }

  setMetadata(metricFamily: string, metadata: Metadata): void {
    this.#rest.push(() => this.#storage.putMetadata(metricFamily, metadata));
  }

  putState(key: string, value: Uint8Array | undefined): void {
    this.#rest.push(() => this.#storage.putState(key, value));
  }

  async commit(): Promise<CommitResult> {
    const storage = this.#storage;
    await storage.gate;
    if (storage.commitError !== undefined) throw storage.commitError;
    storage.commits++;
    const { refs, timestamps, words, length } = this.samples;
    const outcomes = Uint8Array.from({ length }, (_, index) => {
      const bits = `${words[2 * index + LOW_WORD]}:${words[2 * index + HIGH_WORD]}`;
      return storage.put(refs[index] ?? NO_SERIES, timestamps[index] ?? NaN, bits);
    });
    const histogramOutcomes = Uint8Array.from(this.#histograms, (one) =>
      storage.putHistogram(...one),
    );
    for (const put of this.#rest) put();
    const counts = new Uint32Array(OUTCOME_COUNT);
    for (const outcome of [...outcomes, ...histogramOutcomes]) {
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    return { counts, outcomes, histogramOutcomes };
  }

  rollback(): void {
    this.#rest.length = 0;
  }
}

const STALE_BITS = `${STALE_LOW_WORD}:${STALE_HIGH_WORD}`;

function showSample([timestamp, bits]: [number, string]): string {
  return `${timestamp}=${bits === STALE_BITS ? 'stale' : valueOf(bits)}`;
}

function valueOf(bits: string): string {
  const [low = 0, high = 0] = bits.split(':').map(Number);
  const words = new Uint32Array(2);
  words[LOW_WORD] = low;
  words[HIGH_WORD] = high;
  return String(new Float64Array(words.buffer)[0]);
}

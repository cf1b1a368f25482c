import {
  type FloatHistogram,
  Labels,
  type Matcher,
  type SampleColumns,
} from '../../src/model/index.ts';
import type {
  HistogramSample,
  Querier,
  Queryable,
  SelectHints,
  SeriesSet,
  TimeRange,
} from '../../src/storage/api.ts';
import { compareUtf8 } from '../../src/util/index.ts';
import { SelectLimitError } from '../../src/storage/errors.ts';

/** One sample as tests write it: `value` 'stale' is a staleness marker. */
export interface MemorySample {
  readonly timestamp: number;
  readonly value: number | 'stale' | FloatHistogram;
  /** When the series last began, in milliseconds, where that is known. */
  readonly startTimestamp?: number | undefined;
}

interface StoredSeries {
  readonly labels: Labels;
  /** Ascending by time, one for each time. */
  samples: readonly MemorySample[];
}

/**
 * The plainest store that can be queried: everything in arrays, every selection a scan. For
 * tests. A sample at a time that is taken replaces the one before.
 */
export class MemoryQueryable implements Queryable {
  readonly #series = new Map<string, StoredSeries>();

  /** Adds samples to the series with these labels. */
  add(labels: Labels, samples: readonly MemorySample[]): void {
    let stored = this.#series.get(labels.key);
    if (stored === undefined) {
      stored = { labels, samples: [] };
      this.#series.set(labels.key, stored);
    }
    const last = stored.samples.at(-1)?.timestamp ?? -Infinity;
    const first = samples[0]?.timestamp ?? Infinity;
    stored.samples =
      first > last && isAscending(samples)
        ? [...stored.samples, ...samples]
        : mergeByTime(stored.samples, samples);
  }

  clear(): void {
    this.#series.clear();
  }

  querier(): Querier {
    return new MemoryQuerier([...this.#series.values()]);
  }
}

function isAscending(samples: readonly MemorySample[]): boolean {
  return samples.every(
    (sample, i) => i === 0 || sample.timestamp > (samples[i - 1]?.timestamp ?? 0),
  );
}

function mergeByTime(
  before: readonly MemorySample[],
  added: readonly MemorySample[],
): MemorySample[] {
  const byTime = new Map<number, MemorySample>();
  for (const sample of [...before, ...added]) byTime.set(sample.timestamp, sample);
  return [...byTime.values()].sort((a, b) => a.timestamp - b.timestamp);
}

class MemoryQuerier implements Querier {
  readonly #all: readonly StoredSeries[];

  constructor(all: readonly StoredSeries[]) {
    this.#all = all.toSorted((a, b) => a.labels.compare(b.labels));
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    const found: StoredSeries[] = [];
    let sampleCount = 0;
    for (const series of this.#matching([matchers])) {
      const samples = lookedUp(within(series.samples, hints), hints.lookupTimes);
      if (samples.length === 0) continue;
      sampleCount += samples.length;
      found.push({ labels: series.labels, samples });
    }
    checkLimit('series', found.length, hints.maxSeries);
    checkLimit('samples', sampleCount, hints.maxSamples);
    return new MemorySeriesSet(found);
  }

  async series(
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit = Infinity,
  ): Promise<readonly Labels[]> {
    return this.#live(matcherLists, range)
      .slice(0, limit)
      .map(({ labels }) => labels);
  }

  async labelNames(
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit = Infinity,
  ): Promise<readonly string[]> {
    const names = new Set<string>();
    for (const { labels } of this.#live(matcherLists, range)) {
      for (const [name] of labels) names.add(name);
    }
    return [...names].sort(compareUtf8).slice(0, limit);
  }

  async labelValues(
    name: string,
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit = Infinity,
  ): Promise<readonly string[]> {
    const values = new Set<string>();
    for (const { labels } of this.#live(matcherLists, range)) {
      if (labels.has(name)) values.add(labels.get(name));
    }
    return [...values].sort(compareUtf8).slice(0, limit);
  }

  close(): void {}

  #live(matcherLists: readonly (readonly Matcher[])[], range: TimeRange): readonly StoredSeries[] {
    const wanted = matcherLists.length === 0 ? [[]] : matcherLists;
    return this.#matching(wanted).filter(({ samples }) => within(samples, range).length > 0);
  }

  #matching(matcherLists: readonly (readonly Matcher[])[]): readonly StoredSeries[] {
    return this.#all.filter(({ labels }) =>
      matcherLists.some((matchers) => matchers.every((m) => m.matches(labels.get(m.name)))),
    );
  }
}

function checkLimit(kind: 'samples' | 'series', count: number, limit = Infinity): void {
  if (count > limit) throw new SelectLimitError(kind, limit);
}

/** Only what matters, so that who asks for lookups and needs more fails. */
function lookedUp(
  samples: readonly MemorySample[],
  lookupTimes: Float64Array | undefined,
): readonly MemorySample[] {
  if (lookupTimes === undefined) return samples;
  const wanted = new Set<MemorySample | undefined>();
  for (const time of lookupTimes) {
    wanted.add(samples.findLast(({ timestamp }) => timestamp <= time));
  }
  return samples.filter((sample) => wanted.has(sample));
}

function within(samples: readonly MemorySample[], { minTime, maxTime }: TimeRange): MemorySample[] {
  return samples.filter(({ timestamp }) => timestamp >= minTime && timestamp <= maxTime);
}

class MemorySeriesSet implements SeriesSet {
  readonly #series: readonly StoredSeries[];

  constructor(series: readonly StoredSeries[]) {
    this.#series = series;
  }

  get length(): number {
    return this.#series.length;
  }

  labels(index: number): Labels {
    return this.#at(index)?.labels ?? Labels.EMPTY;
  }

  samples(index: number, into: SampleColumns): void {
    for (const { timestamp, value } of this.#at(index)?.samples ?? []) {
      if (value === 'stale') into.pushStale(timestamp);
      else if (typeof value === 'number') into.push(timestamp, value);
    }
  }

  histograms(index: number): readonly HistogramSample[] {
    const samples = this.#at(index)?.samples ?? [];
    return samples.flatMap(({ timestamp, value, startTimestamp }) =>
      typeof value === 'object'
        ? [{ timestamp, histogram: value, startTime: startTimestamp ?? 0 }]
        : [],
    );
  }

  startTimes(index: number): Float64Array | undefined {
    const floats = (this.#at(index)?.samples ?? []).filter(
      ({ value }) => typeof value !== 'object',
    );
    if (floats.every(({ startTimestamp }) => startTimestamp === undefined)) return undefined;
    return Float64Array.from(floats, ({ startTimestamp }) => startTimestamp ?? 0);
  }

  #at(index: number): StoredSeries | undefined {
    return this.#series[index];
  }
}

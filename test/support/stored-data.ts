import {
  createMatcher,
  type FloatHistogram,
  isStaleAt,
  SampleColumns,
} from '../../src/model/index.ts';
import type { Storage } from '../../src/storage/api.ts';

/** What a store holds of one series, read through its querier. */
export interface StoredSeries {
  /** Times of the float samples, ascending. */
  readonly timestamps: readonly number[];
  /** Their values as text: `stale`, or as JavaScript writes the number, `-0` included. */
  readonly values: readonly string[];
  readonly histograms: ReadonlyMap<number, FloatHistogram | undefined>;
}

const ALWAYS = { minTime: 0, maxTime: Number.MAX_SAFE_INTEGER };

/** Everything that a store holds, by series as PromQL writes it. */
export async function storedData(storage: Storage): Promise<Map<string, StoredSeries>> {
  const stored = new Map<string, StoredSeries>();
  const querier = storage.querier();
  try {
    const set = await querier.select([createMatcher('=~', '__name__', '.+')], ALWAYS);
    const columns = new SampleColumns();
    for (let index = 0; index < set.length; index++) {
      columns.reset();
      set.samples(index, columns);
      const timestamps: number[] = [];
      const values: string[] = [];
      for (let at = 0; at < columns.length; at++) {
        timestamps.push(columns.timestamps[at] ?? NaN);
        values.push(isStaleAt(columns.words, at) ? 'stale' : showNumber(columns.values[at] ?? NaN));
      }
      const histograms = new Map(
        set.histograms(index).map(({ timestamp, histogram }) => [timestamp, histogram]),
      );
      stored.set(set.labels(index).toString(), { timestamps, values, histograms });
    }
  } finally {
    querier.close();
  }
  return stored;
}

/** The newest float sample of every series that has not ended: `series value`, sorted. */
export async function newestSamples(storage: Storage): Promise<string[]> {
  const lines: string[] = [];
  for (const [series, { values }] of await storedData(storage)) {
    const newest = values.at(-1);
    if (newest !== undefined && newest !== 'stale') lines.push(`${series} ${newest}`);
  }
  return lines.sort();
}

/** A number as `StoredSeries.values` has it. */
export function showNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

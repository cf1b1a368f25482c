import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { HIGH_WORD, type Labels, LOW_WORD, SampleColumns } from '../../src/model/index.ts';
import type { Queryable, SelectHints, SeriesSet } from '../../src/storage/index.ts';
import { connectThrough } from '../support/connect-through.ts';
import { SMALL_HISTOGRAM } from '../support/small-histogram.ts';
import { ALWAYS, pushBits, readAll, store } from './storage-access.ts';
import type { Subject } from './storage-subject.ts';
import { A, B, NOW, STALE } from './storage-subject.ts';

/** Samples as texts, by time. */
type Found = Map<number, string>;

interface FoundSeries {
  readonly floats: Found;
  readonly histograms: Found;
}

/**
 * Checks that a selection for lookups has what each of them finds and nothing that is not stored,
 * and that the samples found are all that counts.
 */
export async function checkLookups(
  queryable: Queryable,
  times: readonly number[],
  range: Pick<SelectHints, 'minTime' | 'maxTime'> = ALWAYS,
): Promise<void> {
  const stored = await selected(queryable, range);
  const lookupTimes = Float64Array.from(times);
  const found = await selected(queryable, { ...range, lookupTimes });
  let count = 0;
  for (const [key, { floats, histograms }] of stored) {
    const { floats: these, histograms: those } = found.get(key) ?? {
      floats: new Map<number, string>(),
      histograms: new Map<number, string>(),
    };
    count += expectFound(floats, these, times) + expectFound(histograms, those, times);
  }
  for (const key of found.keys()) assert.ok(stored.has(key), `${key} is not stored`);
  await selected(queryable, { ...range, lookupTimes, maxSamples: count });
  if (count === 0) return;
  const refused = selected(queryable, { ...range, lookupTimes, maxSamples: count - 1 });
  await assert.rejects(refused, { code: 'select_limit', kind: 'samples' });
}

/** The number of samples that lookups find. */
function expectFound(stored: Found, found: Found, times: readonly number[]): number {
  const wanted = new Set<number>();
  for (const time of times) {
    const newest = Math.max(...[...stored.keys()].filter((at) => at <= time));
    if (newest !== -Infinity) wanted.add(newest);
  }
  for (const at of wanted) assert.equal(found.get(at), stored.get(at), `of ${at}`);
  for (const [at, text] of found) assert.equal(text, stored.get(at), `at ${at}`);
  return wanted.size;
}

async function selected(
  queryable: Queryable,
  hints: SelectHints,
): Promise<Map<string, FoundSeries>> {
  const querier = queryable.querier();
  const series = new Map<string, FoundSeries>();
  try {
    const set = await querier.select([], hints);
    for (let index = 0; index < set.length; index++) {
      const floats = floatsOf(set, index);
      const histograms = set
        .histograms(index)
        .map(({ timestamp, histogram }): [number, string] => [
          timestamp,
          histogram === undefined ? 'stale' : String(histogram.count),
        ]);
      const last = hints.lookupTimes?.at(-1) ?? hints.maxTime;
      expectLatest(set, index, last, floats);
      series.set(set.labels(index).key, { floats, histograms: new Map(histograms) });
    }
    return series;
  } finally {
    querier.close();
  }
}

function floatsOf(set: SeriesSet, index: number, time?: number): Found {
  const columns = new SampleColumns(0);
  if (time === undefined) set.samples(index, columns);
  else set.latest?.(index, time, columns);
  const found: Found = new Map();
  for (let at = 0; at < columns.length; at++) {
    const text = `${columns.words[2 * at + HIGH_WORD]} ${columns.words[2 * at + LOW_WORD]}`;
    found.set(columns.timestamps[at] ?? NaN, text);
  }
  return found;
}

function expectLatest(set: SeriesSet, index: number, time: number, floats: Found): void {
  if (set.latest === undefined) return;
  const newest = Math.max(...[...floats.keys()].filter((at) => at <= time));
  assert.equal(floatsOf(set, index, time).get(newest), floats.get(newest), `newest of ${time}`);
}

/** Before all samples, at some, between some, and after all. */
const TIMES = [-1, 0, 5, 70, 74, 300, 355, 640, 880, 890, 900, Infinity];

/** Selections of which only the newest samples at some times matter. */
export function describeLookups(subject: Subject): void {
  const check = async (times: readonly number[], range = ALWAYS): Promise<void> => {
    await checkLookups(subject.storage, times, range);
    await checkLookups(connectThrough(subject.storage.workerHandle()), times, range);
  };

  describe('lookups', () => {
    test('find the newest sample at their times or before, late ones and markers too', async () => {
      await subject.lasting(async () => {
        const appender = subject.storage.appender();
        const refs = [A, B].map((labels) => appender.series(labels));
        for (let round = 0; round < 90; round++) {
          for (const [index, ref] of refs.entries()) {
            if (round % 7 === index) continue;
            const isStale = round % 11 === 10;
            if (isStale) pushBits(appender, ref, NOW + 10 * round, STALE);
            else appender.samples.push(ref, NOW + 10 * round, round);
          }
        }
        await appender.commit();
        await store(subject.storage, A, [[NOW + 73, 1]]);
        for (const time of TIMES) await check([NOW + time]);
        await check([NOW + 5, NOW + 6, NOW + 444, NOW + 1000]);
        await check([NOW + 444], { minTime: NOW + 400, maxTime: NOW + 450 });
        await check([NOW + 444], { minTime: NOW + 441, maxTime: NOW + 449 });
      });
    });

    test('find what deletes left', async () => {
      const samples = Array.from({ length: 200 }, (_, index) => [NOW + index, index] as const);
      await store(subject.storage, A, samples);
      await store(subject.storage, B, samples);
      await subject.storage.deleteSeries([], { minTime: NOW + 150, maxTime: NOW + 250 });
      await check([NOW + 200]);
      await check([NOW + 149, NOW + 150, NOW + 199]);
      await check([NOW + 200], { minTime: NOW + 150, maxTime: NOW + 300 });
      await store(subject.storage, A, [[NOW + 300, 1]]);
      await check([NOW + 299]);
      await subject.storage.deleteSeries([], ALWAYS);
      await check([NOW + 299]);
    });

    test('find histograms, and floats beside them', async () => {
      const appender = subject.storage.appender();
      const ref = appender.series(A);
      for (let round = 0; round < 5; round++) {
        appender.addHistogram(ref, NOW + 10 * round, SMALL_HISTOGRAM);
      }
      appender.addHistogram(ref, NOW + 50, undefined);
      appender.samples.push(ref, NOW + 60, 1);
      await appender.commit();
      await subject.lasting(async () => {
        for (const time of [0, 25, 49, 50, 55, 60]) await check([NOW + time]);
        await check([NOW + 15, NOW + 55]);
      });
    });

    test('count by themselves, not by what is stored', async () => {
      const samples = Array.from({ length: 100 }, (_, index) => [NOW + index, index] as const);
      for (const labels of [A, B] satisfies Labels[]) await store(subject.storage, labels, samples);
      const lookupTimes = Float64Array.of(NOW + 50, NOW + 99);
      const found = await readAll(subject.storage, [], {
        ...ALWAYS,
        lookupTimes,
        maxSamples: 4,
      });
      expect(found.length).toBe(2);
    });
  });
}

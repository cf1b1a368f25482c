import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_NOW_MS, openExampleStore } from '../../../test/support/example-store.ts';
import { SMALL_HISTOGRAM } from '../../../test/support/small-histogram.ts';
import type { Matcher } from '../../model/index.ts';
import { createMatcher, Labels, SampleColumns } from '../../model/index.ts';
import type { SeriesSet, Storage } from '../api.ts';

const ALL = { minTime: 0, maxTime: EXAMPLE_NOW_MS };
const up = createMatcher('=', '__name__', 'up');

/** What a set shows. */
function contentOf(set: SeriesSet): unknown {
  return Array.from({ length: set.length }, (_, index) => {
    const columns = new SampleColumns();
    set.samples(index, columns);
    return {
      labels: set.labels(index).pairs,
      times: [...columns.timestamps.subarray(0, columns.length)],
      words: [...columns.words.subarray(0, 2 * columns.length)],
    };
  });
}

async function expectSame(storage: Storage, matchers: readonly Matcher[], range = ALL) {
  const now = storage.selectNow?.(matchers, range);
  const shown = now === undefined ? undefined : contentOf(now.set);
  const querier = storage.querier();
  const found = contentOf(await querier.select(matchers, range)) as { times: number[] }[];
  querier.close();
  expect(shown).toEqual(found);
  const samples = found.reduce((sum, { times }) => sum + times.length, 0);
  expect(now?.sampleBound).toBeGreaterThanOrEqual(samples);
}

describe('a selection made at once', () => {
  let store: Awaited<ReturnType<typeof openExampleStore>>;

  beforeAll(async () => {
    store = await openExampleStore();
  });

  afterAll(() => store.remove());

  it('is what a querier finds', async () => {
    const either = createMatcher('=~', 'job', 'node|tidegauge');
    await expectSame(store.storage, [up]);
    await expectSame(store.storage, [up, either]);
    await expectSame(store.storage, [up, createMatcher('=', 'job', 'node')]);
    await expectSame(store.storage, [up, createMatcher('=', 'job', 'nobody')]);
    const minTime = EXAMPLE_NOW_MS - 40_000;
    await expectSame(store.storage, [up], { minTime, maxTime: minTime + 15_000 });
    await expectSame(store.storage, [up], { minTime: 0, maxTime: 1 });
  });

  it('leaves to a querier what takes long to find, and what is too much', () => {
    const selectNow = (matchers: readonly Matcher[], limits = {}): unknown =>
      store.storage.selectNow?.(matchers, { ...ALL, ...limits });
    expect(selectNow([up, createMatcher('=~', 'job', 'n.*')])).toBeUndefined();
    expect(selectNow([up, createMatcher('!=', 'job', 'node')])).toBeUndefined();
    expect(selectNow([])).toBeUndefined();
    expect(selectNow([up], { maxSeries: 1 })).toBeUndefined();
    expect(selectNow([up], { maxSamples: 1 })).toBeUndefined();
    expect(selectNow([up], { maxSeries: 2 })).toBeDefined();
  });
});

it('keeps what it found until series come or go', async () => {
  const store = await openExampleStore();
  const { storage } = store;
  const matchers = [up];
  for (let again = 0; again < 3; again++) await expectSame(storage, matchers);
  const appender = storage.appender();
  const added = appender.series(Labels.fromObject({ __name__: 'up', job: 'added' }));
  appender.samples.push(added, EXAMPLE_NOW_MS - 30_000, 1);
  await appender.commit();
  for (let again = 0; again < 2; again++) await expectSame(storage, matchers);
  // Now and again only some of them are to be seen.
  const late = { minTime: EXAMPLE_NOW_MS - 20_000, maxTime: EXAMPLE_NOW_MS };
  await expectSame(storage, matchers, late);
  const lengthOf = () => storage.selectNow?.(matchers, { ...ALL, unordered: true })?.set.length;
  expect(lengthOf()).toBe(3);
  await storage.deleteSeries([up, createMatcher('=', 'job', 'added')], ALL);
  await storage.cleanTombstones();
  await expectSame(storage, matchers);
  expect(lengthOf()).toBe(2);
  await store.remove();
});

it('shows no series that has a gap where it is looked at, and leaves histograms alone', async () => {
  const store = await openExampleStore();
  const { storage } = store;
  const name = (text: string) => Labels.fromObject({ __name__: text });
  const start = EXAMPLE_NOW_MS - 600_000;
  const appender = storage.appender();
  const gap = appender.series(name('gap'));
  for (const after of [1000, 2000, 500_000, 501_000]) appender.samples.push(gap, start + after, 1);
  const flagged = appender.series(name('histograms'));
  appender.addHistogram(flagged, start, SMALL_HISTOGRAM);
  await appender.commit();
  const gapMatcher = createMatcher('=', '__name__', 'gap');
  const shown: number[] = [];
  for (const [minTime, maxTime] of [
    [3000, 400_000],
    [0, 1500],
    [2000, 500_000],
    [502_000, 600_000],
  ] as const) {
    const range = { minTime: start + minTime, maxTime: start + maxTime };
    await expectSame(storage, [gapMatcher], range);
    shown.push(storage.selectNow?.([gapMatcher], range)?.set.length ?? -1);
  }
  expect(shown).toEqual([0, 1, 1, 0]);
  const histograms = createMatcher('=', '__name__', 'histograms');
  expect(storage.selectNow?.([histograms], ALL)).toBeUndefined();
  await store.remove();
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { openExampleStore, EXAMPLE_NOW_MS } from '../../../test/support/example-store.ts';
import { createMatcher } from '../../model/index.ts';

let store: Awaited<ReturnType<typeof openExampleStore>>;

beforeAll(async () => {
  store = await openExampleStore();
});

afterAll(() => store.remove());

const ALL = { minTime: 0, maxTime: EXAMPLE_NOW_MS };
const up = createMatcher('=', '__name__', 'up');

it('bounds series and samples of texts', async () => {
  const querier = store.storage.querier();
  const found = await querier.select([up], ALL);
  querier.close();
  const size = store.storage.selectionSize?.([up], ALL);
  expect(size?.series).toBe(found.length);
  expect(size?.samples).toBeGreaterThanOrEqual(found.length);
  const either = createMatcher('=~', 'job', 'node|tidegauge');
  expect(store.storage.selectionSize?.([up, either], ALL)?.series).toBe(2);
});

it('is zero for what nothing has', () => {
  const matchers = [up, createMatcher('=', 'job', 'nobody')];
  expect(store.storage.selectionSize?.(matchers, ALL)).toEqual({ series: 0, samples: 0 });
});

it('is not told for expressions, and for what takes series without the label', () => {
  for (const [type, value] of [
    ['=~', 'n.*'],
    ['!=', 'node'],
    ['=', ''],
  ] as const) {
    const matchers = [up, createMatcher(type, 'job', value)];
    expect(store.storage.selectionSize?.(matchers, ALL)).toBeUndefined();
  }
  expect(store.storage.selectionSize?.([], ALL)).toBeUndefined();
});

it('counts the values of a label', async () => {
  const { storage } = store;
  expect(storage.labelValueCount?.('job', ALL)).toBe(2);
  expect(storage.labelValueCount?.('none', ALL)).toBe(0);
  const querier = storage.querier();
  const range = { minTime: 0, maxTime: 1 };
  expect(await querier.labelValues('job', [], range)).toEqual([]);
  querier.close();
  // They have been looked at once; it is few series to be looked at again.
  expect(storage.labelValueCount?.('job', ALL)).toBe(2);
  expect(storage.labelValueCount?.('job', range)).toBe(2);
});

import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import { ReadingStore } from '../../../test/support/reading-store.ts';
import { createMatcher, Labels } from '../../model/index.ts';

const [A, B, C] = ['a', 'b', 'c'].map((job) => Labels.fromObject({ __name__: 'm', job }));
const M = [createMatcher('=', '__name__', 'm')];
const ALWAYS = { minTime: -Infinity, maxTime: Infinity };

function storeOf(shardCount = 1): ReadingStore {
  const store = new ReadingStore(new MemoryFileSystem(), 'blocks', shardCount);
  store.commit([
    [C!, 3000, 1],
    [A!, 1000, 1],
    [B!, 2000, 1],
    [A!, 5000, 1],
  ]);
  return store;
}

test('series are found at once, in order, by their samples', () => {
  const { reading } = storeOf();
  const find = (minTime: number, maxTime: number): unknown =>
    reading.seriesNow(M, { minTime, maxTime }, 3)?.map((labels) => labels.get('job'));
  expect(find(0, 9000)).toEqual(['a', 'b', 'c']);
  expect(find(1500, 3000)).toEqual(['b', 'c']);
  expect(find(4000, 9000)).toEqual(['a']);
  expect(find(6000, 9000)).toEqual([]);
});

test('the same series have the same list, until something is removed', () => {
  const store = storeOf();
  const { reading } = store;
  const list = reading.seriesNow(M, ALWAYS, 3);
  store.commit([[B!, 4000, 1]]);
  expect(reading.seriesNow(M, { minTime: 0, maxTime: 9000 }, 3)).toBe(list);
  store.removeRange(C!, 3000, 3000);
  expect(reading.seriesNow(M, ALWAYS, 3)).toEqual([A, B]);
  store.remove(A!);
  expect(reading.seriesNow(M, ALWAYS, 3)).toEqual([B]);
});

test('they are not where they are many, in blocks, in shards, or perhaps histograms', async () => {
  const store = storeOf();
  expect(store.reading.seriesNow(M, ALWAYS, 2)).toBeUndefined();
  const every = [createMatcher('=~', 'job', '.*')];
  expect(store.reading.seriesNow(every, ALWAYS, 400)).toBeUndefined();
  expect(storeOf(2).reading.seriesNow(M, ALWAYS, 400)).toBeUndefined();
  store.addHistogram(B!, 7000, undefined);
  expect(store.reading.seriesNow(M, ALWAYS, 3)).toEqual([A, B, C]);
  expect(store.reading.seriesNow(M, { minTime: 2500, maxTime: 6000 }, 3)).toBeUndefined();
  await store.cut(2500, () => Promise.resolve());
  expect(store.reading.seriesNow(M, ALWAYS, 3)).toBeUndefined();
  expect(store.reading.seriesNow(M, { minTime: 2500, maxTime: 4000 }, 3)).toBeUndefined();
  expect(store.reading.seriesNow(M, { minTime: 2500, maxTime: 9000 }, 3)).toEqual([A, B, C]);
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectThrough } from '../../../test/support/connect-through.ts';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import { ReadingStore } from '../../../test/support/reading-store.ts';
import { SMALL_HISTOGRAM } from '../../../test/support/small-histogram.ts';
import type { Matcher } from '../../model/index.ts';
import { BorrowedSamples, createMatcher, Labels, SampleColumns } from '../../model/index.ts';
import type { Queryable, SelectHints, SeriesSet } from '../api.ts';

const ALWAYS = { minTime: -Infinity, maxTime: Infinity };
const A = Labels.fromObject({ __name__: 'm', job: 'a' });
const B = Labels.fromObject({ __name__: 'm', job: 'b' });
const C = Labels.fromObject({ __name__: 'n', job: 'c' });

const matchM = [createMatcher('=', '__name__', 'm')];
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether anybody holds back what is freed. */
function isHeld({ shards }: ReadingStore): boolean {
  return shards.some(({ kernel }) => {
    kernel.reclaim();
    return kernel.readersBefore(kernel.epoch());
  });
}

function timesOf(set: SeriesSet, index: number): number[] {
  const columns = new SampleColumns(1);
  set.samples(index, columns);
  return [...columns.timestamps.subarray(0, columns.length)];
}

/** Labels and times of a selection. */
async function select(
  queryable: Queryable,
  matchers: readonly Matcher[],
  hints: SelectHints = ALWAYS,
): Promise<Record<string, number[]>> {
  const querier = queryable.querier();
  try {
    const set = await querier.select(matchers, hints);
    const found = Array.from({ length: set.length }, (_, index) => {
      const times = [...timesOf(set, index), ...set.histograms(index).map((one) => one.timestamp)];
      return [set.labels(index).get('job'), times.sort((a, b) => a - b)];
    });
    return Object.fromEntries(found) as Record<string, number[]>;
  } finally {
    querier.close();
  }
}

/** A reader as a worker has it. */
function connect(store: ReadingStore): Queryable {
  return connectThrough(store.reading.workerHandle());
}

describe.each([
  ['on its thread', 1, (store: ReadingStore): Queryable => store.reading],
  ['on its thread, in shards', 3, (store: ReadingStore): Queryable => store.reading],
  ['at the other end of a port', 1, connect],
  ['at the other end of a port, in shards', 3, connect],
])('a reader %s', (_name, shardCount, open) => {
  let store: ReadingStore;
  let reader: Queryable;

  beforeEach(() => {
    store = new ReadingStore(new MemoryFileSystem(), 'blocks', shardCount);
    store.ref(A);
    store.skipRefs();
    store.ref(B);
    store.skipRefs();
    for (let time = 1000; time < 1100; time++) store.commit([[A, time, 1]]);
    store.commit([
      [B, 1000, 1],
      [B, 1099, 2],
      [C, 1050, 3],
    ]);
    reader = open(store);
  });

  afterEach(async () => {
    if (isHeld(store)) throw new Error('what the test read is held still');
    store.reading.close();
    await turn();
    await turn();
    if (store.leaseCount > 0) throw new Error(`${store.leaseCount} lists of blocks are leased`);
  });

  test('leaves out series that have nothing within the times', async () => {
    expect(await select(reader, matchM, { minTime: 1097, maxTime: 2000 })).toEqual({
      a: [1097, 1098, 1099],
      b: [1099],
    });
    // Series b has a sample before and one after.
    const range = { minTime: 1049, maxTime: 1050 };
    expect(await select(reader, matchM, range)).toEqual({ a: [1049, 1050] });
    expect(await select(reader, [], range)).toEqual({ a: [1049, 1050], c: [1050] });
    expect(await select(reader, [], { minTime: 1100, maxTime: 2000 })).toEqual({});
    expect(await select(reader, [], { minTime: 0, maxTime: 999 })).toEqual({});
  });

  test('limits are exact', async () => {
    const range = { minTime: 1050, maxTime: 1099 };
    const within = { ...range, maxSamples: 52, maxSeries: 3 };
    expect(Object.keys(await select(reader, [], within))).toEqual(['a', 'b', 'c']);
    await expect(select(reader, [], { ...within, maxSamples: 51 })).rejects.toMatchObject({
      code: 'select_limit',
      kind: 'samples',
      limit: 51,
    });
    const tooMany = select(reader, [], { ...within, maxSeries: 2 });
    await expect(tooMany).rejects.toMatchObject({ code: 'select_limit', kind: 'series' });
  });

  test('series whose order does not matter have their labels and groups', async () => {
    const querier = reader.querier();
    const set = await querier.select([], { ...ALWAYS, unordered: true });
    const { groupOf, labels } = set.groups!(['__name__'], false);
    for (let index = 0; index < 3; index++) {
      expect(labels[groupOf[index]!]!.get('__name__')).toBe(set.metricName!(index));
      expect(set.labels(index).metricName).toBe(set.metricName!(index));
      expect(timesOf(set, index).length).toBe({ a: 100, b: 2, c: 1 }[set.labels(index).get('job')]);
    }
    expect(labels.length).toBe(2);
    querier.close();
  });

  test('groups are those that the labels make', async () => {
    for (let index = 0; index < 40; index++) {
      const pairs = {
        __name__: `g${index % 2}`,
        job: `${index % 5}`,
        path: `/${index}`,
        zone: 'z',
      };
      store.commit([[Labels.fromObject(index % 3 === 0 ? { ...pairs, zone: '' } : pairs), 1, 1]]);
    }
    const querier = reader.querier();
    const groupings = [[], ['job'], ['zone', 'job'], ['__name__', 'zone'], ['none'], ['path']];
    for (const names of groupings) {
      for (const without of [false, true]) {
        const set = await querier.select([], { ...ALWAYS, unordered: true });
        const { groupOf, labels } = set.groups!(names, without);
        const dropped = new Set(without ? [...names, '__name__'] : []);
        const wanted = (index: number): Labels =>
          without ? set.labels(index).without(dropped) : set.labels(index).only(new Set(names));
        for (let index = 0; index < set.length; index++) {
          expect(labels[groupOf[index]!]?.key).toBe(wanted(index).key);
        }
        expect(new Set(labels.map(({ key }) => key)).size).toBe(labels.length);
      }
    }
    querier.close();
  });

  test('what is committed after a selection does not show', async () => {
    const querier = reader.querier();
    const set = await querier.select(matchM, ALWAYS);
    for (let time = 2000; time < 2100; time++) {
      store.commit([
        [A, time, 1],
        [B, time, 1],
      ]);
    }
    expect(timesOf(set, 0).at(-1)).toBe(1099);
    expect(timesOf(set, 1)).toEqual([1000, 1099]);
    querier.close();
  });

  test('the newest sample up to a time is there, whatever else is', async () => {
    const querier = reader.querier();
    const set = await querier.select(matchM, { minTime: 1040, maxTime: 1099 });
    const newest = (index: number, time: number): number | undefined => {
      const columns = new BorrowedSamples();
      if (set.latest === undefined) set.samples(index, columns);
      else set.latest(index, time, columns);
      const { timestamps, length } = columns;
      return timestamps.subarray(0, length).findLast((at) => at <= time);
    };
    for (const time of [1040, 1041, 1098, 1099, 2000]) {
      expect(newest(0, time)).toBe(Math.min(time, 1099));
      expect(newest(1, time)).toBe(time < 1099 ? undefined : 1099);
    }
    expect(newest(0, 1039)).toBe(undefined);
    querier.close();
  });

  test('a series longer than what is lent at once is whole', async () => {
    for (let from = 2000; from < 12_000; from += 1000) {
      store.commit(Array.from({ length: 1000 }, (_, index) => [C, from + index, index]));
    }
    const querier = reader.querier();
    const set = await querier.select([createMatcher('=', '__name__', 'n')], ALWAYS);
    const columns = new BorrowedSamples();
    for (let round = 0; round < 2; round++) {
      columns.reset();
      set.samples(0, columns);
      const { timestamps, length } = columns;
      expect(length).toBe(10_001);
      expect(
        timestamps.subarray(0, length).every((at, index) => at === 1999 + index || !index),
      ).toBe(true);
    }
    querier.close();
  });

  test('histograms come with floats, count, and are found by their times', async () => {
    store.addHistogram(B, 1101, SMALL_HISTOGRAM);
    store.addHistogram(B, 1200, undefined);
    const D = Labels.fromObject({ __name__: 'm', job: 'd' });
    store.addHistogram(D, 1101, SMALL_HISTOGRAM);
    store.addHistogram(D, 1300, SMALL_HISTOGRAM);
    const range = { minTime: 1099, maxTime: 1250 };
    expect(await select(reader, matchM, range)).toEqual({
      a: [1099],
      b: [1099, 1101, 1200],
      d: [1101],
    });
    expect(await select(reader, matchM, { minTime: 1250, maxTime: 1299 })).toEqual({});
    await select(reader, matchM, { ...range, maxSamples: 5, maxSeries: 3 });
    for (const limit of [{ maxSamples: 4 }, { maxSeries: 2 }]) {
      const refused = select(reader, matchM, { ...range, ...limit });
      await expect(refused).rejects.toMatchObject({ code: 'select_limit' });
    }
    const querier = reader.querier();
    const set = await querier.select(matchM, range);
    expect(set.histograms(1).map(({ histogram }) => histogram)).toEqual([
      SMALL_HISTOGRAM,
      undefined,
    ]);
    const gap = { minTime: 1250, maxTime: 1299 };
    const around = { minTime: 1101, maxTime: 1101 };
    for (const lists of [[], [matchM]]) {
      expect(await querier.labelValues('job', lists, gap)).toEqual([]);
      expect(await querier.labelValues('job', lists, around)).toEqual(['b', 'd']);
      expect(await querier.labelNames(lists, gap)).toEqual([]);
      expect(await querier.labelNames(lists, around)).toEqual(['__name__', 'job']);
      expect(await querier.series(lists, around)).toEqual([B, D]);
    }
    querier.close();
  });

  test('blocks and head are one, also while samples go from one to the other', async () => {
    const all = await select(reader, []);
    const progress = { isCut: false };
    const cut = store.cut(1060, turn).then(() => {
      progress.isCut = true;
    });
    while (!progress.isCut) {
      expect(await select(reader, [])).toEqual(all);
      await turn();
    }
    await cut;
    expect(await select(reader, [])).toEqual(all);
    // What is late comes to the head; of two with one time the one in the block was first.
    store.commit([
      [A, 1010, 7],
      [C, 1020, 7],
    ]);
    expect(await select(reader, [])).toEqual({ ...all, c: [1020, 1050] });
    const querier = reader.querier();
    const set = await querier.select([], { minTime: 1010, maxTime: 1010, unordered: true });
    const columns = new SampleColumns();
    set.samples(0, columns);
    expect(columns.values.subarray(0, columns.length)).toEqual(Float64Array.of(1));
    const limited = querier.select([], { ...ALWAYS, maxSamples: 103 });
    await expect(limited).rejects.toMatchObject({ code: 'select_limit' });
    // Copying the head and what comes of both takes so much.
    const tooLarge = querier.select([], { ...ALWAYS, maxBytes: 16 * 104 - 1 });
    await expect(tooLarge).rejects.toMatchObject({ code: 'select_limit', kind: 'bytes' });
    const copied = await querier.select([], { ...ALWAYS, maxBytes: 1e6 });
    expect(copied.heldBytes?.()).toBeGreaterThanOrEqual(16 * 104);
    expect(await querier.labelValues('job', [], { minTime: 0, maxTime: 1049 })).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(await querier.series([matchM], ALWAYS)).toEqual([A, B]);
    expect(await querier.labelNames([], ALWAYS)).toEqual(['__name__', 'job']);
    querier.close();
  });

  test('deletes hide what is in blocks', async () => {
    await store.cut(1060, turn);
    const [ref] = store.blocks;
    const range = { minTime: 1000, maxTime: 1049 };
    const matchers = [{ type: '=' as const, name: '__name__', value: 'm' }];
    store.blocks = [{ ...ref!, tombstones: [{ matchers, range }] }];
    store.reading.publish(-Infinity);
    expect(await select(reader, [], { minTime: 0, maxTime: 1051 })).toEqual({
      a: [1050, 1051],
      c: [1050],
    });
    const querier = reader.querier();
    expect(await querier.labelValues('job', [], range)).toEqual([]);
    querier.close();
  });

  test('closing refuses what is pending, what follows, and frees what was found', async () => {
    const querier = reader.querier();
    const set = await querier.select(matchM, ALWAYS);
    const pending = Promise.allSettled<unknown>([
      querier.select([], ALWAYS),
      querier.series([], ALWAYS),
      querier.labelNames([], ALWAYS),
      querier.labelValues('job', [], ALWAYS),
    ]);
    querier.close();
    const refused = { status: 'rejected', reason: { code: 'storage_closed' } };
    expect(await pending).toMatchObject([refused, refused, refused, refused]);
    await expect(querier.select([], ALWAYS)).rejects.toMatchObject({ code: 'storage_closed' });
    expect(isHeld(store)).toBe(false);
    expect(set.labels(0)).toEqual(A);
  });
});

test('a selection in a worker holds what it may read until its querier closes', async () => {
  const store = new ReadingStore(new MemoryFileSystem(), 'blocks');
  store.commit([[A, 1000, 1]]);
  const reader = connectThrough(store.reading.workerHandle());
  const [one, other] = [reader.querier(), reader.querier()];
  const set = await one.select([], ALWAYS);
  await other.select([], ALWAYS);
  expect(isHeld(store)).toBe(true);
  other.close();
  other.close();
  expect(isHeld(store)).toBe(true);
  expect(timesOf(set, 0)).toEqual([1000]);
  one.close();
  expect(isHeld(store)).toBe(false);
  expect(() => timesOf(set, 0)).toThrow('the querier was closed');
  store.reading.close();
});

test('a reader whose list of blocks is old awaits the new one', async () => {
  const store = new ReadingStore(new MemoryFileSystem(), 'blocks');
  store.commit([[A, 1000, 1]]);
  const reader = connectThrough(store.reading.workerHandle());
  store.reading.publish(-Infinity);
  store.reading.publish(-Infinity);
  // Two lists are on their way, and the first one is not let go yet.
  expect(store.leaseCount).toBe(3);
  const closed = reader.querier();
  const refused = closed.select([], ALWAYS);
  closed.close();
  await expect(refused).rejects.toMatchObject({ code: 'storage_closed' });
  expect(await select(reader, [])).toEqual({ a: [1000] });
  await turn();
  await turn();
  expect(store.leaseCount).toBe(1);
  store.reading.publish(-Infinity);
  const left = select(reader, []);
  store.reading.close();
  await expect(left).rejects.toMatchObject({ code: 'storage_closed' });
  expect(() => store.reading.querier()).toThrow('the store was closed');
  expect(() => store.reading.workerHandle()).toThrow('the store was closed');
});

test('what is under way on the thread of the store ends before the store does', async () => {
  const store = new ReadingStore(new MemoryFileSystem(), 'blocks');
  store.commit([[A, 1000, 1]]);
  const found = select(store.reading, []);
  store.reading.close();
  const order: string[] = [];
  const ended = store.reading.ended().then(() => order.push('ended'));
  expect(await found.finally(() => order.push('found'))).toEqual({ a: [1000] });
  await ended;
  expect(order.toSorted()).toEqual(['ended', 'found']);
  await store.reading.ended();
  expect(isHeld(store)).toBe(false);
});

test('files of blocks that cannot be read are errors of those who ask', async () => {
  const files = new MemoryFileSystem();
  const store = new ReadingStore(files, 'blocks');
  store.commit([[A, 1000, 1]]);
  await store.cut(2000, turn);
  await files.remove(`${store.blocks[0]!.path}/chunks`);
  const reader = connectThrough(store.reading.workerHandle());
  await expect(select(reader, [])).rejects.toMatchObject({ code: 'storage_failed' });
  expect(isHeld(store)).toBe(false);
  store.reading.close();
});

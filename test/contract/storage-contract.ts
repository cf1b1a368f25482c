import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FloatHistogram } from '../../src/model/index.ts';
import { createMatcher, Labels, SampleColumns } from '../../src/model/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import {
  connectReader,
  NO_SERIES,
  SampleOutcome,
  SelectLimitError,
} from '../../src/storage/index.ts';
import { ALWAYS, bitsOf, equals, pushBits, readAll, selectNames, store } from './storage-access.ts';

/** What the suite asks of a store under test. */
export interface StorageSettings {
  readonly outOfOrderWindowMs: number;
  readonly maxSeries?: number;
  readonly maxExemplars?: number;
}

/** One place where stores are kept, empty at first. */
export interface StorageFactory {
  /** Opens the store of the place; the one before was closed. Its clock stands at `NOW`. */
  open(settings: StorageSettings): Promise<Storage>;
  /** Removes the place. */
  dispose(): Promise<void>;
}

/** The time at which the stores under test live. */
export const NOW = 1_700_000_000_000;
const WINDOW_MS = 60_000;
const SETTINGS: StorageSettings = { outOfOrderWindowMs: WINDOW_MS };

const A = Labels.fromObject({ __name__: 'm', job: 'a' });
const B = Labels.fromObject({ __name__: 'm', job: 'b' });

const STALE = 0x7ff0000000000002n;
const ODD_NANS = [
  0x7ff8000000000001n,
  0xfff8000000000000n,
  0x7ff0000000000001n,
  0xffffffffffffffffn,
];

/** The store under test, another one for each test, and ways to open it again. */
class Subject {
  #factory: StorageFactory | undefined;
  #storage: Storage | undefined;

  get storage(): Storage {
    if (this.#storage === undefined) throw new Error('no store is open');
    return this.#storage;
  }

  async begin(factory: StorageFactory): Promise<void> {
    this.#factory = factory;
    await this.open();
  }

  async open(settings = SETTINGS): Promise<void> {
    this.#storage = await this.#factory?.open(settings);
  }

  /** Closes the store and opens it again, with other settings if given. */
  async reopen(settings = SETTINGS): Promise<void> {
    await this.storage.close();
    await this.open(settings);
  }

  /** Runs a check on the store as it is, after a restart, and after a checkpoint and restart. */
  async lasting(check: () => Promise<void> | void): Promise<void> {
    await check();
    await this.reopen();
    await check();
    await this.storage.checkpoint();
    await check();
    await this.reopen();
    await check();
  }

  async end(): Promise<void> {
    await this.storage.close();
    await this.#factory?.dispose();
  }
}

/** A suite that every implementation of `Storage` must pass. */
export function describeStorage(name: string, makeFactory: () => Promise<StorageFactory>): void {
  describe(name, () => {
    const subject = new Subject();
    beforeEach(async () => subject.begin(await makeFactory()));
    afterEach(() => subject.end());
    describeCommits(subject);
    describeAtomicity(subject);
    describeOutcomes(subject);
    describeOrder(subject);
    describeMatchers(subject);
    describeSelections(subject);
    describeLabels(subject);
    describeValues(subject);
    describeExemplars(subject);
    describeHistograms(subject);
    describeDeletes(subject);
    describeCounts(subject);
    describePort(subject);
  });
}

function describeCommits(subject: Subject): void {
  describe('commit', () => {
    test('shows everything when it resolves, nothing before', async () => {
      const appender = subject.storage.appender();
      appender.samples.push(appender.series(A), NOW, 1);
      appender.samples.push(appender.series(B), NOW, 2);
      expect(await readAll(subject.storage)).toEqual([]);
      const committing = appender.commit();
      const { counts, outcomes, histogramOutcomes } = await committing;
      expect([...counts]).toEqual([2, 0, 0, 0, 0, 0]);
      expect(outcomes).toBeUndefined();
      expect(histogramOutcomes).toBeUndefined();
      await subject.lasting(async () => {
        expect(await readAll(subject.storage)).toEqual([
          { labels: A, samples: [[NOW, bitsOf(1)]], histograms: [] },
          { labels: B, samples: [[NOW, bitsOf(2)]], histograms: [] },
        ]);
      });
    });

    test('keeps the bits of every value', async () => {
      const values = [STALE, ...ODD_NANS, bitsOf(-0), bitsOf(0), bitsOf(Infinity)];
      const appender = subject.storage.appender();
      const ref = appender.series(A);
      for (const [index, bits] of values.entries()) pushBits(appender, ref, NOW + index, bits);
      await appender.commit();
      await subject.lasting(async () => {
        const [series] = await readAll(subject.storage);
        expect(series?.samples).toEqual(values.map((bits, index) => [NOW + index, bits]));
      });
    });

    test('of nothing at all resolves', async () => {
      const { counts } = await subject.storage.appender().commit();
      expect([...counts]).toEqual([0, 0, 0, 0, 0, 0]);
    });

    test('gives the same ref for the same labels, also to two appenders at once', async () => {
      const first = subject.storage.appender();
      const second = subject.storage.appender();
      const ref = first.series(A);
      expect(first.series(Labels.fromObject({ job: 'a', __name__: 'm' }))).toBe(ref);
      expect(second.series(A)).toBe(ref);
      expect(second.series(B)).not.toBe(ref);
      first.samples.push(ref, NOW, 1);
      second.samples.push(ref, NOW + 1, 2);
      first.rollback();
      expect([...(await second.commit()).counts]).toEqual([1, 0, 0, 0, 0, 0]);
      await subject.lasting(async () =>
        expect(await selectNames(subject.storage, [])).toEqual([A.toString()]),
      );
    });
  });
}

function describeAtomicity(subject: Subject): void {
  describe('atomicity', () => {
    test('many at once keep their order', async () => {
      const commits = Array.from({ length: 50 }, (_, index) =>
        store(subject.storage, A, [[NOW, index]]),
      );
      const results = await Promise.all(commits);
      const stored = results.map(({ counts }) => counts[SampleOutcome.STORED]);
      expect(stored).toEqual([1, ...Array.from({ length: 49 }, () => 0)]);
      const [series] = await readAll(subject.storage);
      expect(series?.samples).toEqual([[NOW, bitsOf(0)]]);
    });

    test('rolled back leaves nothing, not even its series', async () => {
      const appender = subject.storage.appender();
      const ref = appender.series(A);
      appender.samples.push(ref, NOW, 1);
      appender.putState('kind/key', new Uint8Array([1]));
      appender.setMetadata('m', { type: 'gauge', help: '', unit: '' });
      appender.rollback();
      const later = subject.storage.appender();
      later.samples.push(ref, NOW, 1);
      const { counts, outcomes } = await later.commit();
      expect(counts[SampleOutcome.UNKNOWN_SERIES]).toBe(1);
      expect([...(outcomes ?? [])]).toEqual([SampleOutcome.UNKNOWN_SERIES]);
      await subject.lasting(async () => {
        expect(await readAll(subject.storage)).toEqual([]);
        expect(subject.storage.state('')).toEqual(new Map());
        expect(subject.storage.metadata().size).toBe(0);
      });
    });

    test('copies the bytes of keyed state', async () => {
      const appender = subject.storage.appender();
      const bytes = new Uint8Array([1, 2]);
      appender.putState('kind/key', bytes);
      bytes[0] = 9;
      await appender.commit();
      const read = subject.storage.state('kind/').get('kind/key');
      expect([...(read ?? [])]).toEqual([1, 2]);
      read?.fill(7);
      expect([...(subject.storage.state('kind/').get('kind/key') ?? [])]).toEqual([1, 2]);
    });

    test('after close, writing and reading are refused', async () => {
      const appender = subject.storage.appender();
      appender.samples.push(appender.series(A), NOW, 1);
      await subject.storage.close();
      await expect(appender.commit()).rejects.toMatchObject({ code: 'storage_closed' });
      await subject.open();
      expect(await readAll(subject.storage)).toEqual([]);
    });
  });
}

function describeOutcomes(subject: Subject): void {
  describe('outcomes', () => {
    test('by sample, in order of the batch', async () => {
      await store(subject.storage, A, [[NOW, 1]]);
      const appender = subject.storage.appender();
      const ref = appender.series(A);
      const { samples } = appender;
      samples.push(ref, NOW + 1, 2);
      samples.push(ref, NOW, 1);
      samples.push(ref, NOW, 3);
      samples.push(ref, NOW + 1 - WINDOW_MS, 4);
      samples.push(ref, NOW - WINDOW_MS, 5);
      samples.push(NO_SERIES, NOW, 6);
      samples.push(123_456, NOW, 7);
      samples.push(ref, NOW + 1, 2);
      samples.push(ref, NOW + 365 * 86_400_000, 8);
      const { counts, outcomes } = await appender.commit();
      const want = [
        SampleOutcome.STORED,
        SampleOutcome.DUPLICATE,
        SampleOutcome.CONFLICT,
        SampleOutcome.STORED,
        SampleOutcome.OUT_OF_ORDER,
        SampleOutcome.UNKNOWN_SERIES,
        SampleOutcome.UNKNOWN_SERIES,
        SampleOutcome.DUPLICATE,
        SampleOutcome.OUT_OF_BOUNDS,
      ];
      expect([...(outcomes ?? [])]).toEqual(want);
      expect([...counts]).toEqual([2, 2, 1, 1, 1, 2]);
      await subject.lasting(async () => {
        const [series] = await readAll(subject.storage);
        expect(series?.samples).toEqual([
          [NOW + 1 - WINDOW_MS, bitsOf(4)],
          [NOW, bitsOf(1)],
          [NOW + 1, bitsOf(2)],
        ]);
      });
    });

    test('compare values by their bits', async () => {
      const appender = subject.storage.appender();
      const ref = appender.series(A);
      pushBits(appender, ref, NOW, STALE);
      pushBits(appender, ref, NOW, STALE);
      pushBits(appender, ref, NOW, bitsOf(NaN));
      pushBits(appender, ref, NOW + 1, bitsOf(0));
      pushBits(appender, ref, NOW + 1, bitsOf(-0));
      const { outcomes } = await appender.commit();
      const { STORED, DUPLICATE, CONFLICT } = SampleOutcome;
      expect([...(outcomes ?? [])]).toEqual([STORED, DUPLICATE, CONFLICT, STORED, CONFLICT]);
    });
  });
}

function describeOrder(subject: Subject): void {
  describe('order of samples', () => {
    test('the window is of each series, whatever others do', async () => {
      await store(subject.storage, A, [[NOW, 1]]);
      const { counts } = await store(subject.storage, B, [[NOW - 10 * WINDOW_MS, 1]]);
      expect(counts[SampleOutcome.STORED]).toBe(1);
    });

    test('many samples out of order end up in order', async () => {
      const times = Array.from({ length: 1000 }, (_, index) => NOW + index * 10);
      // Far jumps back, every place in every chunk, and back to the front.
      const shuffled = times.map((_, index) => times[(index * 617) % times.length]!);
      for (let from = 0; from < shuffled.length; from += 90) {
        const part = shuffled.slice(from, from + 90);
        await store(
          subject.storage,
          A,
          part.map((time) => [time, time - NOW]),
        );
      }
      const want = times.map((time) => [time, bitsOf(time - NOW)]);
      await subject.lasting(async () => {
        const [series] = await readAll(subject.storage);
        expect(series?.samples).toEqual(want);
        const [part] = await readAll(subject.storage, [], {
          minTime: NOW + 1234,
          maxTime: NOW + 5670,
        });
        expect(part?.samples).toEqual(want.slice(124, 568));
      });
    });
  });
}

/** Series with and without each of some labels. */
const SEVERAL = [
  { __name__: 'm', a: '1', b: 'x' },
  { __name__: 'm', a: '2', b: 'y' },
  { __name__: 'm', a: '10' },
  { __name__: 'm', b: 'xy' },
  { __name__: 'n', a: '1' },
  { __name__: 'n', ünï: 'ö' },
].map((object) => Labels.fromObject(object));

async function storeSeveral(subject: Subject): Promise<void> {
  const appender = subject.storage.appender();
  for (const labels of SEVERAL) appender.samples.push(appender.series(labels), NOW, 1);
  await appender.commit();
}

function describeMatchers(subject: Subject): void {
  describe('matchers', () => {
    beforeEach(() => storeSeveral(subject));

    test('by every kind of matcher, as testing each series would', async () => {
      const values = [
        '',
        '1',
        '2',
        '10',
        'x',
        '1|10',
        '1|',
        '1.*',
        '.*',
        '.+',
        '[^1]',
        'x.?',
        '^$',
      ];
      const names = ['a', 'b', '__name__', 'nowhere', 'ünï'];
      const all = names.flatMap((name) =>
        values.flatMap((value) =>
          (['=', '!=', '=~', '!~'] as const).map((type) => createMatcher(type, name, value)),
        ),
      );
      const sorted = SEVERAL.toSorted((a, b) => a.compare(b));
      for (const [index, matcher] of all.entries()) {
        const other = all[(index * 53 + 7) % all.length]!;
        for (const matchers of [
          [matcher],
          [matcher, other],
          [...equals({ __name__: 'm' }), matcher],
        ]) {
          const want = sorted
            .filter((labels) => matchers.every((each) => each.matches(labels.get(each.name))))
            .map((labels) => labels.toString());
          const shown = matchers.map(({ name, type, value }) => `${name}${type}"${value}"`);
          expect([shown, await selectNames(subject.storage, matchers)]).toEqual([shown, want]);
        }
      }
    });

    test('leaves out series without a sample within the times', async () => {
      await store(subject.storage, A, [
        [NOW + 10, 1],
        [NOW + 20, 2],
      ]);
      const matchers = equals({ job: 'a' });
      const check = async (minTime: number, maxTime: number, want: number): Promise<void> => {
        const found = await readAll(subject.storage, matchers, { minTime, maxTime });
        expect(found.flatMap(({ samples }) => samples).length).toBe(want);
        expect(found.length).toBe(want === 0 ? 0 : 1);
      };
      await check(NOW, NOW + 9, 0);
      await check(NOW, NOW + 10, 1);
      await check(NOW + 11, NOW + 19, 0);
      await check(NOW + 10, NOW + 20, 2);
      await check(NOW + 20, NOW + 20, 1);
      await check(NOW + 21, NOW + 99, 0);
    });
  });
}

function describeSelections(subject: Subject): void {
  describe('selections', () => {
    beforeEach(() => storeSeveral(subject));

    test('fails beyond the limits of its hints, and only beyond', async () => {
      const querier = subject.storage.querier();
      const select = (maxSeries: number, maxSamples: number): Promise<unknown> =>
        querier.select([], { ...ALWAYS, maxSeries, maxSamples });
      await select(6, 6);
      await expect(select(5, 6)).rejects.toMatchObject({ code: 'select_limit', kind: 'series' });
      await expect(select(6, 5)).rejects.toMatchObject({ code: 'select_limit', kind: 'samples' });
      await expect(select(6, 5)).rejects.toBeInstanceOf(SelectLimitError);
      querier.close();
    });

    test('a selection stays as it was while samples come and go', async () => {
      const querier = subject.storage.querier();
      const set = await querier.select(equals({ a: '10' }), ALWAYS);
      await store(subject.storage, set.labels(0), [
        [NOW + 5, 5],
        [NOW - 5, 4],
      ]);
      await subject.storage.deleteSeries([], { minTime: NOW, maxTime: NOW });
      const columns = new SampleColumns(0);
      set.samples(0, columns);
      expect([...columns.timestamps.subarray(0, columns.length)]).toEqual([NOW]);
      querier.close();
    });

    test('appends to columns that hold something', async () => {
      const querier = subject.storage.querier();
      const set = await querier.select(equals({ a: '10' }), ALWAYS);
      const columns = new SampleColumns(1);
      columns.pushStale(1);
      set.samples(0, columns);
      expect([...columns.timestamps.subarray(0, columns.length)]).toEqual([1, NOW]);
      querier.close();
    });

    test('a closed querier refuses', async () => {
      const querier = subject.storage.querier();
      querier.close();
      await expect(querier.select([], ALWAYS)).rejects.toMatchObject({ code: 'storage_closed' });
    });
  });
}

function describeLabels(subject: Subject): void {
  describe('labels', () => {
    beforeEach(async () => {
      await store(subject.storage, A, [[NOW, 1]]);
      await store(subject.storage, B, [[NOW + 1000, 1]]);
      await store(
        subject.storage,
        Labels.fromObject({ __name__: 'n', '\u{1f30a}': '1', '\uffee': '2' }),
        [[NOW, 1]],
      );
    });

    test('series of any of the matcher lists, once each', async () => {
      const querier = subject.storage.querier();
      const lists = [equals({ job: 'a' }), equals({ __name__: 'm' }), equals({ job: 'c' })];
      expect(await querier.series(lists, ALWAYS)).toEqual([A, B]);
      expect(await querier.series(lists, ALWAYS, 1)).toEqual([A]);
      expect(await querier.series(lists, { minTime: NOW + 1, maxTime: NOW + 1000 })).toEqual([B]);
      expect((await querier.series([], ALWAYS)).length).toBe(3);
      querier.close();
    });

    test('names, by UTF-8 bytes', async () => {
      const querier = subject.storage.querier();
      const want = ['__name__', 'job', '\uffee', '\u{1f30a}'];
      expect(await querier.labelNames([], ALWAYS)).toEqual(want);
      expect(await querier.labelNames([], ALWAYS, 2)).toEqual(want.slice(0, 2));
      const late = { minTime: NOW + 1, maxTime: NOW + 1000 };
      expect(await querier.labelNames([], late)).toEqual(['__name__', 'job']);
      expect(await querier.labelNames([equals({ __name__: 'n' })], ALWAYS)).toEqual([
        '__name__',
        '\uffee',
        '\u{1f30a}',
      ]);
      querier.close();
    });

    test('values, by UTF-8 bytes', async () => {
      await store(subject.storage, Labels.fromObject({ __name__: 'x', job: '\u{1f30a}' }), [
        [NOW, 1],
      ]);
      await store(subject.storage, Labels.fromObject({ __name__: 'x', job: '\uffee' }), [[NOW, 1]]);
      const querier = subject.storage.querier();
      const want = ['a', 'b', '\uffee', '\u{1f30a}'];
      expect(await querier.labelValues('job', [], ALWAYS)).toEqual(want);
      expect(await querier.labelValues('job', [], ALWAYS, 3)).toEqual(want.slice(0, 3));
      expect(await querier.labelValues('job', [], { minTime: NOW + 1, maxTime: Infinity })).toEqual(
        ['b'],
      );
      expect(await querier.labelValues('job', [equals({ __name__: 'm' })], ALWAYS)).toEqual([
        'a',
        'b',
      ]);
      expect(await querier.labelValues('nowhere', [], ALWAYS)).toEqual([]);
      querier.close();
    });
  });
}

function describeValues(subject: Subject): void {
  describe('metadata and keyed state', () => {
    test('the newest metadata of a family counts', async () => {
      const appender = subject.storage.appender();
      appender.setMetadata('m', { type: 'gauge', help: 'old', unit: '' });
      appender.setMetadata('m', { type: 'counter', help: 'new', unit: 'bytes' });
      appender.setMetadata('n', { type: 'unknown', help: 'ümlaut\n', unit: '' });
      await appender.commit();
      await subject.lasting(() => {
        expect([...subject.storage.metadata()]).toEqual([
          ['m', { type: 'counter', help: 'new', unit: 'bytes' }],
          ['n', { type: 'unknown', help: 'ümlaut\n', unit: '' }],
        ]);
      });
    });

    test('keyed state is set, replaced and removed, and found by prefix', async () => {
      const appender = subject.storage.appender();
      appender.putState('group/a', new Uint8Array([1]));
      appender.putState('group/b', new Uint8Array([2]));
      appender.putState('group/ab', new Uint8Array(0));
      appender.putState('ledger/a', new Uint8Array([3]));
      await appender.commit();
      const second = subject.storage.appender();
      second.putState('group/b', undefined);
      second.putState('group/a', new Uint8Array([4, 5]));
      await second.commit();
      await subject.lasting(() => {
        const want = new Map([
          ['group/a', new Uint8Array([4, 5])],
          ['group/ab', new Uint8Array(0)],
        ]);
        expect(subject.storage.state('group/')).toEqual(want);
        expect(subject.storage.state('gro')).toEqual(want);
        expect([...subject.storage.state('').keys()].sort()).toEqual([
          'group/a',
          'group/ab',
          'ledger/a',
        ]);
        expect(subject.storage.state('group/b')).toEqual(new Map());
      });
    });
  });
}

function describeExemplars(subject: Subject): void {
  describe('exemplars', () => {
    test('exemplars are kept in a ring, ascending for each series', async () => {
      const settings = { ...SETTINGS, maxExemplars: 3 };
      await subject.reopen(settings);
      const add = async (labels: Labels, timestamp: number, trace: string): Promise<void> => {
        const appender = subject.storage.appender();
        const ref = appender.series(labels);
        appender.samples.push(ref, timestamp, 1);
        appender.addExemplar(ref, { labelPairs: ['trace_id', trace], value: 0.5, timestamp });
        await appender.commit();
      };
      await add(A, NOW, 'first');
      await add(A, NOW, 'first');
      await add(B, NOW + 1, 'second');
      await add(A, NOW - 1, 'too old');
      await add(A, NOW + 2, 'third');
      const read = (range = ALWAYS): unknown =>
        subject.storage
          .exemplars([equals({ __name__: 'm' })], range)
          .map(({ labels, exemplars }) => [
            labels.get('job'),
            ...exemplars.map(({ labelPairs }) => labelPairs[1]),
          ]);
      expect(read()).toEqual([
        ['a', 'first', 'third'],
        ['b', 'second'],
      ]);
      expect(read({ minTime: NOW + 2, maxTime: NOW + 2 })).toEqual([['a', 'third']]);
      await add(B, NOW + 3, 'fourth');
      for (let round = 0; round < 3; round++) {
        expect(read()).toEqual([
          ['a', 'third'],
          ['b', 'second', 'fourth'],
        ]);
        if (round === 1) await subject.storage.checkpoint();
        await subject.reopen(settings);
      }
      expect(subject.storage.exemplars([equals({ job: 'b' })], ALWAYS)[0]?.exemplars[0]).toEqual({
        labelPairs: ['trace_id', 'second'],
        value: 0.5,
        timestamp: NOW + 1,
      });
    });
  });
}

const HISTOGRAM: FloatHistogram = {
  counterReset: 'not_reset',
  schema: 3,
  zeroThreshold: 1e-128,
  zeroCount: 2,
  count: 12.5,
  sum: NaN,
  positiveSpans: [
    { offset: -3, length: 2 },
    { offset: 5, length: 1 },
  ],
  positiveBuckets: [1, 2.5, 3],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: [4],
  customValues: [],
};

const CUSTOM: FloatHistogram = {
  ...HISTOGRAM,
  counterReset: 'gauge',
  schema: -53,
  sum: -0,
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [-1, 0, 1.5],
};

function describeHistograms(subject: Subject): void {
  describe('histograms', () => {
    test('share the timeline of the floats and survive', async () => {
      const appender = subject.storage.appender();
      const ref = appender.series(A);
      appender.samples.push(ref, NOW, 1);
      appender.samples.push(ref, NOW + 40, 2);
      appender.addHistogram(ref, NOW + 20, HISTOGRAM);
      appender.addHistogram(ref, NOW + 10, CUSTOM);
      appender.addHistogram(ref, NOW + 20, { ...HISTOGRAM, positiveBuckets: [1, 2.5, 3] });
      appender.addHistogram(ref, NOW + 20, CUSTOM);
      appender.addHistogram(ref, NOW, CUSTOM);
      appender.addHistogram(ref, NOW + 30, undefined);
      appender.addHistogram(ref, NOW - WINDOW_MS, CUSTOM);
      const { counts, histogramOutcomes } = await appender.commit();
      const { STORED, DUPLICATE, CONFLICT, OUT_OF_ORDER } = SampleOutcome;
      const want = [STORED, STORED, DUPLICATE, CONFLICT, CONFLICT, STORED, OUT_OF_ORDER];
      expect([...(histogramOutcomes ?? [])]).toEqual(want);
      expect([...counts]).toEqual([5, 1, 2, 1, 0, 0]);
      const float = await store(subject.storage, A, [[NOW + 10, 1]]);
      expect(float.counts[CONFLICT]).toBe(1);
      await subject.lasting(async () => {
        const [series] = await readAll(subject.storage);
        expect(series?.samples).toEqual([
          [NOW, bitsOf(1)],
          [NOW + 40, bitsOf(2)],
        ]);
        expect(series?.histograms).toEqual([
          { timestamp: NOW + 10, histogram: CUSTOM },
          { timestamp: NOW + 20, histogram: HISTOGRAM },
          { timestamp: NOW + 30, histogram: undefined },
        ]);
        const range = { minTime: NOW + 11, maxTime: NOW + 29 };
        const [part] = await readAll(subject.storage, [], range);
        expect(part?.histograms).toEqual([{ timestamp: NOW + 20, histogram: HISTOGRAM }]);
        expect(part?.samples).toEqual([]);
      });
    });
  });
}

function describeDeletes(subject: Subject): void {
  describe('delete', () => {
    test('removes samples within the times, for good', async () => {
      const times = Array.from({ length: 300 }, (_, index) => NOW + index);
      for (const labels of [A, B]) {
        await store(
          subject.storage,
          labels,
          times.map((time) => [time, 1]),
        );
      }
      const range = { minTime: NOW + 10, maxTime: NOW + 199 };
      expect(await subject.storage.deleteSeries(equals({ job: 'a' }), range)).toBe(1);
      expect(await subject.storage.deleteSeries(equals({ job: 'a' }), range)).toBe(0);
      expect(await subject.storage.deleteSeries(equals({ job: 'c' }), range)).toBe(0);
      await subject.lasting(async () => {
        const [a, b] = await readAll(subject.storage);
        const left = times.filter((time) => time < NOW + 10 || time > NOW + 199);
        expect(a?.samples.map(([time]) => time)).toEqual(left);
        expect(b?.samples.length).toBe(300);
      });
    });

    test('of everything hides the series, and new samples show it again', async () => {
      await store(subject.storage, A, [[NOW, 1]]);
      expect(await subject.storage.deleteSeries(equals({ __name__: 'm' }), ALWAYS)).toBe(1);
      expect(await readAll(subject.storage)).toEqual([]);
      expect(subject.storage.stats().seriesCount).toBe(0);
      const querier = subject.storage.querier();
      expect(await querier.labelNames([], ALWAYS)).toEqual([]);
      expect(await querier.labelValues('job', [], ALWAYS)).toEqual([]);
      querier.close();
      await subject.reopen();
      expect(await readAll(subject.storage)).toEqual([]);
      await store(subject.storage, A, [[NOW + 1, 2]]);
      expect((await readAll(subject.storage))[0]?.samples).toEqual([[NOW + 1, bitsOf(2)]]);
    });
  });
}

function describeCounts(subject: Subject): void {
  describe('limits and stats', () => {
    test('the series limit refuses new ones and keeps known ones', async () => {
      await subject.reopen({ ...SETTINGS, maxSeries: 2 });
      await store(subject.storage, A, [[NOW, 1]]);
      const appender = subject.storage.appender();
      expect(appender.series(B)).not.toBe(NO_SERIES);
      expect(appender.series(Labels.fromObject({ c: '1' }))).toBe(NO_SERIES);
      expect(appender.series(A)).not.toBe(NO_SERIES);
      expect(appender.series(B)).not.toBe(NO_SERIES);
      appender.rollback();
      const second = subject.storage.appender();
      expect(second.series(Labels.fromObject({ c: '1' }))).not.toBe(NO_SERIES);
      second.rollback();
    });

    test('stats count what is stored', async () => {
      expect(subject.storage.stats()).toMatchObject({
        seriesCount: 0,
        sampleCount: 0,
        minTime: undefined,
      });
      await store(subject.storage, A, [
        [NOW, 1],
        [NOW + 5, 1],
      ]);
      await store(subject.storage, B, [[NOW - 5, 1]]);
      await subject.lasting(() => {
        expect(subject.storage.stats(1)).toMatchObject({
          seriesCount: 2,
          sampleCount: 3,
          labelPairCount: 3,
          corruptionCount: 0,
          minTime: NOW - 5,
          maxTime: NOW + 5,
          seriesByMetricName: [{ name: 'm', value: 2 }],
          valuesByLabelName: [{ name: 'job', value: 2 }],
          bytesByLabelName: [{ name: '__name__', value: 2 }],
          seriesByLabelPair: [{ name: '__name__=m', value: 2 }],
        });
      });
    });
  });
}

function describePort(subject: Subject): void {
  describe('a reader at the other end of a port', () => {
    test('finds what the store finds', async () => {
      const appender = subject.storage.appender();
      for (let index = 0; index < 200; index++) {
        const labels = Labels.fromPairs(['__name__', 'm', 'index', String(index), 'é', 'ö']);
        const ref = appender.series(labels);
        pushBits(appender, ref, NOW + index, ODD_NANS[index % 4]!);
        pushBits(appender, ref, NOW + index + 1, STALE);
      }
      await appender.commit();
      const reader = connectReader(moved(subject.storage.workerHandle()));
      const matchers = [createMatcher('=~', 'index', '1.*')];
      expect(await readAll(reader, matchers)).toEqual(await readAll(subject.storage, matchers));
      expect((await readAll(reader, matchers)).length).toBe(111);
      const there = reader.querier();
      const here = subject.storage.querier();
      const range = { minTime: NOW + 100, maxTime: NOW + 105 };
      expect(await there.series([matchers], range)).toEqual(await here.series([matchers], range));
      expect(await there.labelNames([], range)).toEqual(['__name__', 'index', 'é']);
      expect(await there.labelValues('index', [], range, 3)).toEqual(['100', '101', '102']);
      there.close();
      here.close();
    });

    test('gets errors with their code', async () => {
      await store(subject.storage, A, [
        [NOW, 1],
        [NOW + 1, 2],
      ]);
      const reader = connectReader(moved(subject.storage.workerHandle()));
      const querier = reader.querier();
      const failed = querier.select([], { ...ALWAYS, maxSamples: 1 });
      await expect(failed).rejects.toBeInstanceOf(SelectLimitError);
      await expect(failed).rejects.toMatchObject({ limit: 1, kind: 'samples' });
      querier.close();
      await expect(querier.select([], ALWAYS)).rejects.toMatchObject({ code: 'storage_closed' });
    });

    test('is refused when the querier or the store closes', async () => {
      const reader = connectReader(moved(subject.storage.workerHandle()));
      const querier = reader.querier();
      const pending = querier.select([], ALWAYS);
      querier.close();
      await expect(pending).rejects.toMatchObject({ code: 'storage_closed' });
      const other = reader.querier();
      const left = other.select([], ALWAYS);
      await Promise.all([
        expect(left).rejects.toMatchObject({ code: 'storage_closed' }),
        subject.storage.close(),
      ]);
      await expect(other.select([], ALWAYS)).rejects.toMatchObject({ code: 'storage_closed' });
      await subject.open();
    });
  });
}

/** The message as a worker gets it: moved through another port. */
function moved({ message, transfer }: ReturnType<Storage['workerHandle']>): unknown {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(message, transfer);
  const received: { message: unknown } | undefined = receiveMessageOnPort(port2);
  port1.close();
  port2.close();
  return received?.message;
}

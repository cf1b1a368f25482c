import { beforeEach, describe, expect, test } from 'vitest';
import { createMatcher, Labels, SampleColumns } from '../../src/model/index.ts';
import { SelectLimitError } from '../../src/storage/index.ts';
import { connectThrough } from '../support/connect-through.ts';
import { ALWAYS, equals, pushBits, readAll, selectNames, store } from './storage-access.ts';
import type { Subject } from './storage-subject.ts';
import { A, B, NOW, ODD_NANS, STALE } from './storage-subject.ts';

/** What selections and look-ups find. */
export function describeReading(subject: Subject): void {
  describeMatchers(subject);
  describeSelections(subject);
  describeLabels(subject);
  describePort(subject);
}

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
      const reader = connectThrough(subject.storage.workerHandle());
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
      const reader = connectThrough(subject.storage.workerHandle());
      const querier = reader.querier();
      const failed = querier.select([], { ...ALWAYS, maxSamples: 1 });
      await expect(failed).rejects.toBeInstanceOf(SelectLimitError);
      await expect(failed).rejects.toMatchObject({ limit: 1, kind: 'samples' });
      querier.close();
      await expect(querier.select([], ALWAYS)).rejects.toMatchObject({ code: 'storage_closed' });
    });

    test('is refused when the querier or the store closes', async () => {
      const reader = connectThrough(subject.storage.workerHandle());
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

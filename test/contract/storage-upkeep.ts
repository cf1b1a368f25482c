import { describe, expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import { NO_SERIES } from '../../src/storage/index.ts';
import { ALWAYS, bitsOf, equals, readAll, store } from './storage-access.ts';
import type { Subject } from './storage-subject.ts';
import { A, B, NOW, SETTINGS } from './storage-subject.ts';

/** What goes, what is refused, what is counted. */
export function describeUpkeep(subject: Subject): void {
  describeDeletes(subject);
  describeCounts(subject);
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

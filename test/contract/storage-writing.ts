import { describe, expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import { NO_SERIES, SampleOutcome } from '../../src/storage/index.ts';
import { bitsOf, pushBits, readAll, selectNames, store } from './storage-access.ts';
import type { Subject } from './storage-subject.ts';
import { A, B, NOW, ODD_NANS, STALE, WINDOW_MS } from './storage-subject.ts';

/** What becomes of samples that are committed. */
export function describeWriting(subject: Subject): void {
  describeCommits(subject);
  describeAtomicity(subject);
  describeOutcomes(subject);
  describeOrder(subject);
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

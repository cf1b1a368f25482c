import { describe, expect, test } from 'vitest';
import type { FloatHistogram, Labels } from '../../src/model/index.ts';
import { SampleOutcome } from '../../src/storage/index.ts';
import { ALWAYS, bitsOf, equals, readAll, store } from './storage-access.ts';
import type { Subject } from './storage-subject.ts';
import { A, B, NOW, SETTINGS, WINDOW_MS } from './storage-subject.ts';

/** What is kept besides float samples. */
export function describeValues(subject: Subject): void {
  describeState(subject);
  describeExemplars(subject);
  describeHistograms(subject);
}

function describeState(subject: Subject): void {
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

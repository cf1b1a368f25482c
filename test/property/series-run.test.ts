import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SeriesRun } from '../../src/kernel/index.ts';
import { KernelMemoryError } from '../../src/kernel/index.ts';
import { Labels } from '../../src/model/index.ts';
import { SampleBatch } from '../../src/storage/api.ts';
import type { Commit, NewSeries } from '../../src/storage/head/commit.ts';
import { Head } from '../../src/storage/head/head.ts';
import { ByteReader } from '../../src/storage/wal/byte-reader.ts';
import { ByteWriter } from '../../src/storage/wal/byte-writer.ts';
import { decodeNewSeries, encodeNewSeries } from '../../src/storage/wal/series-codec.ts';
import { mutate } from '../support/kernel-guard.ts';

const MIB = 1024 * 1024;
const NAMES = ['__name__', 'a', 'bb', 'instance', 'ünï', '日本', 'z😀'];
/** All widths of UTF-8, with odd and even numbers of units, and long ones. */
const VALUES = [
  ...[
    'x',
    'xy',
    'ö',
    'aö',
    '日',
    'a日b',
    '😀',
    '😀a',
    '\u{10ffff}',
    '\ufeff',
    '\0',
    'a'.repeat(300),
  ],
  'a value of more than twenty-four bytes',
];

const labels = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom(...NAMES),
      fc.oneof(
        fc.constantFrom(...VALUES),
        fc.nat({ max: 400 }).map((own) => `own ${own}`),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 9 }),
      ),
    ),
    { minLength: 0, maxLength: 7, selector: ([name]) => name },
  )
  .map((pairs) => Labels.fromPairs(pairs.flat()));
const step = fc.record({
  /** Each the labels, and how far the ref is from the one before. */
  series: fc.array(
    fc.tuple(
      labels,
      fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.integer({ min: -3, max: 700 })),
    ),
    { maxLength: 40 },
  ),
  removed: fc.array(fc.nat({ max: 200 }), { maxLength: 6 }),
});

function newHead(): Head {
  return new Head({ maxExemplars: 0, shardCount: 1, shardBytes: 256 * MIB });
}

function commitOf(series: readonly NewSeries[], seriesRun?: SeriesRun): Commit {
  const bounds = { minTime: 0, maxTime: 1e13, windowMs: 0 };
  const commit = { bounds, series, samples: new SampleBatch(0), histograms: [], exemplars: [] };
  const whole = { ...commit, metadata: [], state: [] };
  return seriesRun === undefined ? whole : { ...whole, seriesRun };
}

function bytesOf(series: readonly NewSeries[]): Uint8Array {
  const writer = new ByteWriter();
  encodeNewSeries(writer, series);
  return writer.written();
}

function dump(head: Head): unknown {
  const { index } = head.shards[0]!;
  const { size, pairCount, symbolCount } = index;
  const refs = [...head.series.refs()].flatMap((page) => [...page]);
  const series = refs.map((ref) => {
    const own = head.series.labels(ref);
    expect(head.series.find(own)).toBe(ref);
    expect(head.shards[0]!.kernel.hasSeries(ref)).toBe(true);
    return [ref, own.pairs];
  });
  const values = [...index.reader.names()]
    .sort()
    .map((name) => [
      name,
      [...index.reader.values(name)].map((value) => `${value.text} ${value.refs().join()}`).sort(),
    ]);
  const { nextRef, filledCount, aliases } = head.series;
  return {
    size,
    pairCount,
    symbolCount,
    series,
    values,
    nextRef,
    filledCount,
    aliases: [...aliases],
  };
}

test('series of a record are entered alike by the kernel and one by one', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (plan) => {
      const [single, together] = [newHead(), newHead()];
      const run = together.series.openRun()!;
      let ref = 0;
      for (const { series, removed } of plan) {
        const created = series.map(([own, distance]) => {
          ref = Math.max(1, ref + distance);
          return { ref, labels: own };
        });
        const bytes = bytesOf(created);
        single.apply(commitOf(decodeNewSeries(new ByteReader(bytes, 0, bytes.length))));
        const withMore = Uint8Array.of(...bytes, 7, 7, 7);
        expect(run.read(withMore)).toBe(bytes.length);
        expect(run.count).toBe(created.length);
        together.apply(commitOf([], run));
        for (const head of [single, together]) head.applyTruncate(0, removed);
        expect(dump(together)).toEqual(dump(single));
      }
      run.release();
    }),
    { numRuns: 60 },
  );
});

test('tables that grow and long lists are the same after thousands of series', () => {
  const [single, together] = [newHead(), newHead()];
  const run = together.series.openRun()!;
  for (let from = 1; from < 9000; from += 1500) {
    const created = Array.from({ length: 1500 }, (_, index) => ({
      ref: from + index,
      labels: Labels.fromPairs(['job', 'j', 'own', `${from + index}`, 'part', `${index % 7}`]),
    }));
    const bytes = bytesOf(created);
    single.apply(commitOf(created));
    expect(run.read(bytes)).toBe(bytes.length);
    together.apply(commitOf([], run));
  }
  expect(dump(together)).toEqual(dump(single));
});

test('the kernel enters all of a run by itself where names and rooms are known', () => {
  const head = newHead();
  const run = head.series.openRun()!;
  const created = Array.from({ length: 250 }, (_, index) => ({
    ref: index + 1,
    labels: Labels.fromPairs(['job', 'j', 'own', `${index}`]),
  }));
  head.apply(commitOf(created.slice(0, 2)));
  run.read(bytesOf(created.slice(2)));
  // A short list that is full is not made a long one there.
  let byHand = 0;
  for (let next = 0; next < run.count; next++) {
    next = head.shards[0]!.index.enterRun(run, next);
    if (next === run.count) break;
    byHand++;
    head.series.add(next + 3, Labels.fromPairs(run.texts(next)));
  }
  expect(byHand).toBeLessThanOrEqual(2);
  expect(head.series.size).toBe(250);
});

test('in a full memory the series that does not fit is refused, and no part of it is left', () => {
  const head = new Head({ maxExemplars: 0, shardCount: 1, shardBytes: 3 * MIB });
  const run = head.series.openRun()!;
  const enter = (from: number): void => {
    const created = Array.from({ length: 500 }, (_, index) => ({
      ref: from + index,
      labels: Labels.fromPairs(['job', 'j', 'own', `a value that takes room ${from + index}`]),
    }));
    const bytes = bytesOf(created);
    // Without room for a record it is decoded.
    const isRead = run.read(bytes) > 0;
    head.apply(isRead ? commitOf([], run) : commitOf(created));
  };
  expect(() => {
    for (let from = 1; from < 100_000; from += 500) enter(from);
  }).toThrow(KernelMemoryError);
  const { kernel } = head.shards[0]!;
  expect(kernel.stats().seriesCount).toBe(head.series.size);
  dump(head);
});

test('what is damaged is refused by both, or read alike by both', () => {
  const head = newHead();
  const run = head.series.openRun()!;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(labels, fc.integer({ min: 1, max: 5 })), { maxLength: 12 }),
      fc.array(
        fc.nat({ max: 9999 }).map((part) => part / 10_000),
        { maxLength: 9 },
      ),
      (series, choices) => {
        const created = series.map(([own, ref]) => ({ ref, labels: own }));
        const bytes = mutate(bytesOf(created), choices);
        const sizeBytes = run.read(bytes);
        if (sizeBytes === 0) return;
        const reader = new ByteReader(bytes, 0, bytes.length);
        const want = decodeNewSeries(reader);
        expect(sizeBytes).toBe(bytes.length - reader.remaining);
        const got = want.map((_, number) => run.texts(number));
        expect(got).toEqual(want.map((one) => one.labels.pairs));
        expect([...run.refs(0, run.count)]).toEqual(want.map(({ ref }) => ref));
      },
    ),
    { numRuns: 1000 },
  );
});

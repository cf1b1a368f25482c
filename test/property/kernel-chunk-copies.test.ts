import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChunkCopies, Kernel, KernelReader } from '../../src/kernel/index.ts';
import { connectKernelReader, KernelMemoryError } from '../../src/kernel/index.ts';
import { SampleColumns } from '../../src/model/index.ts';
import { Canaries, mutate, testKernel } from '../support/kernel-guard.ts';

const MIB = 2 ** 20;
const START = 1_700_000_000_000;
const SERIES = [1, 2, 3, 2000];
type Words = readonly [low: number, high: number];
const bits: fc.Arbitrary<Words> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -500, max: 90_000 }).map((n) => wordsOf(n / 100)) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 }).map(wordsOf) },
  { weight: 1, arbitrary: fc.double().map(wordsOf) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)) },
  { weight: 1, arbitrary: fc.constant<Words>([0x2, 0x7ff00000]) },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1000) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 2000 }) },
  // Further apart than the times of one chunk may be.
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 ** 33 }) },
);
/** A few samples of some series, or a late one. */
const rows = fc.array(
  fc.record({ ref: fc.constantFrom(...SERIES), step, bits, isLate: fc.nat(9) }),
  { maxLength: 400, size: 'max' },
);
/** Samples that come at the same times to all series. */
const rounds = fc.array(bits, { maxLength: 200, size: 'max' });
const load = fc.record({ rows, rounds });
type Load = typeof load extends fc.Arbitrary<infer T> ? T : never;

function wordsOf(value: number): Words {
  const [low = 0, high = 0] = new Uint32Array(new Float64Array([value]).buffer);
  return [low, high];
}

class Head {
  readonly kernel: Kernel;
  readonly reader: KernelReader;

  constructor(maxBytes = 32 * MIB) {
    this.kernel = testKernel(maxBytes);
    this.reader = connectKernelReader(this.kernel.openReader());
    for (const ref of SERIES) this.kernel.createSeries(ref);
  }

  store({ rows: samples, rounds: values }: Load): void {
    let time = START;
    for (const one of samples) {
      if (one.isLate > 0) time += one.step;
      const at = one.isLate > 0 ? time : time - one.step;
      this.kernel.insertLate(one.ref, at, ...one.bits);
    }
    for (const value of values) {
      time += 1000;
      for (const ref of SERIES) this.kernel.insertLate(ref, time, ...value);
    }
  }

  read(ref: number, minTime: number, maxTime: number): string[] {
    const into = new SampleColumns();
    this.reader.begin();
    this.reader.read(ref, minTime, maxTime, into);
    this.reader.end();
    return linesOf(into);
  }
}

function linesOf({ timestamps, words, length }: SampleColumns): string[] {
  return Array.from(
    { length },
    (_, at) => `${timestamps[at]!} ${words[2 * at]!} ${words[2 * at + 1]!}`,
  );
}

interface Range {
  readonly minTime: number;
  readonly maxTime: number;
}

interface CopiedSeries {
  readonly ref: number;
  readonly from: number;
  readonly to: number;
  readonly chunkCount: number;
  readonly newest: number;
}

/** A record of nothing but times and then chunks. */
interface CopiedRecord {
  readonly bytes: Uint8Array;
  readonly timesBytes: number;
  readonly timesCount: number;
  readonly series: readonly CopiedSeries[];
}

function copy(copies: ChunkCopies, { minTime, maxTime }: Range): CopiedRecord {
  copies.begin(0);
  const parts: Uint8Array[] = [];
  const found = SERIES.map((ref) => {
    copies.copy(ref, minTime, maxTime);
    parts.push(copies.chunks().slice());
    return { ref, chunkCount: copies.chunkCount, newest: copies.newest };
  });
  const times = copies.times().slice();
  let from = times.length;
  const series = found.map((one, index) => {
    const to = from + parts[index]!.length;
    const place = { ...one, from, to };
    from = to;
    return place;
  });
  const bytes = Uint8Array.from(Buffer.concat([times, ...parts]));
  return { bytes, timesBytes: times.length, timesCount: copies.timesCount, series };
}

const range = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ minTime: -Infinity, maxTime: Infinity }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(300_000), fc.nat(300_000))
      .map(([from, length]) => ({ minTime: START + from, maxTime: START + from + length })),
  },
);

test('copies are what was stored within the times, adopted or unpacked', () => {
  const property = fc.property(load, range, (samples, { minTime, maxTime }) => {
    const head = new Head();
    head.store(samples);
    const copies = head.kernel.openCopies();
    const record = copy(copies, { minTime, maxTime });
    copies.release();
    const other = new Head();
    const stored = other.kernel.openStoredChunks();
    expect(stored.load(record.bytes, 0, record.timesBytes, record.timesCount)).toBe(true);
    let count = 0;
    for (const { ref, from, to, chunkCount, newest } of record.series) {
      const want = head.read(ref, minTime, maxTime);
      const columns = new SampleColumns();
      let at = from;
      for (let left = chunkCount; left > 0; left--) at = stored.unpack(at, to, columns);
      expect([at, linesOf(columns)]).toEqual([to, want]);
      expect(newest).toBe(
        columns.length === 0 ? -Infinity : columns.timestamps[columns.length - 1],
      );
      expect(stored.adopt(ref, from, to, chunkCount)).toBe(true);
      expect(other.read(ref, -Infinity, Infinity)).toEqual(want);
      expect(other.kernel.sampleCountOf(ref)).toBe(want.length);
      expect(other.kernel.newestTime(ref)).toBe(want.length === 0 ? Number.NaN : newest);
      count += want.length;
    }
    stored.release();
    expect(other.kernel.stats().sampleCount).toBe(count);
    goesOn(other);
  });
  fc.assert(property, { numRuns: 150 });
}, 120_000);

/** What was adopted takes more samples, late ones too, and gives all memory back. */
function goesOn({ kernel, reader }: Head): void {
  for (const ref of SERIES) {
    const before = kernel.sampleCountOf(ref);
    const newest = before === 0 ? START : kernel.newestTime(ref);
    for (const after of [-1501, 1, 2]) {
      const found = kernel.find(ref, newest + after, new Uint32Array(2));
      expect(kernel.insertLate(ref, newest + after, 7, 7) === 0).toBe(!found);
    }
    kernel.removeRange(ref, START + 40_000, START + 50_000);
    kernel.removeSeries(ref);
  }
  reader.close();
  kernel.reclaim();
  const { bytesByKind, chunkCount, sampleCount } = kernel.stats();
  const { tails, chunks, time_blocks, series, retired } = bytesByKind;
  expect([tails, chunks, time_blocks, series, retired]).toEqual([0, 0, 0, 0, 0]);
  expect([chunkCount, sampleCount]).toEqual([0, 0]);
}

test('whole chunks are copied as they are, and the same times once', () => {
  const head = new Head();
  head.store({
    rows: [],
    rounds: Array.from({ length: 800 }, (_, at) => wordsOf((at * 37) / 100)),
  });
  const copies = head.kernel.openCopies();
  const record = copy(copies, { minTime: -Infinity, maxTime: Infinity });
  const { chunkCount } = head.kernel.stats();
  const copied = record.series.reduce((sum, one) => sum + one.chunkCount, 0);
  // And a tail each.
  expect(copied).toBeGreaterThanOrEqual(chunkCount);
  expect(copied).toBeLessThanOrEqual(chunkCount + SERIES.length);
  const other = new Head();
  const stored = other.kernel.openStoredChunks();
  stored.load(record.bytes, 0, record.timesBytes, record.timesCount);
  for (const { ref, from, to, chunkCount: count } of record.series) {
    stored.adopt(ref, from, to, count);
  }
  stored.release();
  expect(copy(other.kernel.openCopies(), { minTime: -Infinity, maxTime: Infinity })).toEqual(
    record,
  );
  // The second half of the series have the times of the first.
  copies.begin(5);
  for (const again of [false, true]) {
    const before = copies.timesSizeBytes;
    for (const ref of SERIES) copies.copy(ref, -Infinity, Infinity);
    if (again) expect(copies.timesSizeBytes).toBe(before);
  }
  expect(copies.timesCount).toBe(record.timesCount + 5);
});

const choices = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 3,
  maxLength: 12,
});

test('cut, changed, or made of anything: refused or read, never more', () => {
  const property = fc.property(load, choices, fc.nat(20), (samples, damage, lie) => {
    const head = new Head();
    head.store(samples);
    const record = copy(head.kernel.openCopies(), { minTime: -Infinity, maxTime: Infinity });
    tryDamaged(record, mutate(record.bytes, damage), lie);
  });
  fc.assert(property, { numRuns: 400 });
}, 120_000);

/** Takes what it can of a damaged record, whose counts and lengths may be wrong too. */
function tryDamaged(record: CopiedRecord, bytes: Uint8Array, lie: number): void {
  const head = new Head();
  const canaries = new Canaries(head.kernel, 4);
  const stored = head.kernel.openStoredChunks();
  const timesBytes = Math.max(0, record.timesBytes + (lie < 3 ? lie - 1 : 0));
  const timesCount = Math.max(0, record.timesCount + (lie > 17 ? lie - 19 : 0));
  const isLoaded = stored.load(bytes, 0, timesBytes, timesCount);
  for (const { ref, from, to, chunkCount } of record.series) {
    const columns = new SampleColumns();
    let at = from;
    for (let left = chunkCount; left > 0 && at !== 0; left--) at = stored.unpack(at, to, columns);
    const isAdopted = stored.adopt(ref, from, to, chunkCount + (lie === 10 ? 1 : 0));
    if (isAdopted) {
      expect(at).toBe(to);
      expect(head.read(ref, -Infinity, Infinity)).toEqual(linesOf(columns));
      // Ascending, and no more than once.
      const { timestamps, length } = columns;
      for (let index = 1; index < length; index++) {
        expect(timestamps[index]!).toBeGreaterThan(timestamps[index - 1]!);
      }
    } else expect(head.kernel.sampleCountOf(ref)).toBe(0);
  }
  // What is no record goes no further than the record.
  stored.adopt(1, 0, 2 ** 32 - 1, 2 ** 32 - 1);
  expect(stored.unpack(2 ** 31, 2 ** 32 - 1, new SampleColumns())).toBe(0);
  expect(stored.unpack(bytes.length + 1, bytes.length, new SampleColumns())).toBe(0);
  stored.release();
  expect(canaries.areIntact).toBe(true);
  if (isLoaded) goesOn(head);
}

test('any bytes', () => {
  const head = new Head();
  const canaries = new Canaries(head.kernel, 4);
  const stored = head.kernel.openStoredChunks();
  const property = fc.property(
    fc.uint8Array({ maxLength: 120 }),
    fc.nat(120),
    fc.nat(20),
    (bytes, timesBytes, count) => {
      const to = Math.min(timesBytes, bytes.length);
      stored.load(bytes, 0, to, count);
      stored.unpack(to, bytes.length, new SampleColumns());
      stored.adopt(1, to, bytes.length, count);
      head.kernel.removeRange(1, -Infinity, Infinity);
    },
  );
  fc.assert(property, { numRuns: 20_000 });
  expect(canaries.areIntact).toBe(true);
});

test('a full slab adopts nothing of a series, and copies none', () => {
  const head = new Head();
  head.store({ rows: [], rounds: Array.from({ length: 9000 }, (_, at) => wordsOf(at / 7)) });
  const record = copy(head.kernel.openCopies(), { minTime: -Infinity, maxTime: Infinity });
  const other = new Head(3 * MIB);
  const stored = other.kernel.openStoredChunks();
  let made = 3000;
  const fill = (): void => {
    for (; made < 100_000; made++) other.kernel.createSeries(made);
  };
  expect(stored.load(record.bytes, 0, record.timesBytes, record.timesCount)).toBe(true);
  expect(fill).toThrow(KernelMemoryError);
  const { ref, from, to, chunkCount } = record.series[0]!;
  expect(() => stored.adopt(ref, from, to, chunkCount)).toThrow(KernelMemoryError);
  expect(other.kernel.sampleCountOf(ref)).toBe(0);
  expect(() => other.kernel.openCopies()).toThrow(KernelMemoryError);
  for (let gone = 3000; gone < made; gone++) other.kernel.removeSeries(gone);
  other.kernel.reclaim();
  expect(stored.adopt(ref, from, to, chunkCount)).toBe(true);
  expect(other.read(ref, -Infinity, Infinity)).toEqual(head.read(ref, -Infinity, Infinity));
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ANY_COMMIT,
  connectKernelReader,
  type Kernel,
  type KernelBody,
  KernelMemoryError,
  type KernelReader,
  SERIES_HAS_HISTOGRAMS,
} from '../../src/kernel/index.ts';
import { SampleColumns } from '../../src/model/index.ts';
import { Canaries, testKernel } from '../support/kernel-guard.ts';

const ALWAYS = { minTime: -Infinity, maxTime: Infinity };
const SERIES = [1, 2, 3, 2000];
const BITS = [
  0x3ff0000000000000n,
  0x4045000000000000n,
  0x7ff0000000000002n,
  0x7ff8000000000001n,
  0xfff8000000000007n,
  0x8000000000000000n,
  0n,
  0x3fb999999999999an,
  0x7ff0000000000000n,
  0x0000000000000001n,
  0x400921fb54442d18n,
];

/** The plain implementation of a series. */
class ModelSeries {
  samples = new Map<number, bigint>();
  newest = -Infinity;
  hasHistograms = false;

  /** An outcome, or 3 and `isLeft`: for the caller to look at. */
  append(time: number, bits: bigint, windowMs: number): { outcome: number; isLeft: boolean } {
    if (time <= this.newest) {
      if (this.newest - time > windowMs) return { outcome: 3, isLeft: false };
      if (this.hasHistograms) return { outcome: 3, isLeft: true };
    }
    return { outcome: this.insert(time, bits), isLeft: false };
  }

  insert(time: number, bits: bigint): number {
    const stored = this.samples.get(time);
    if (stored !== undefined) return stored === bits ? 1 : 2;
    this.samples.set(time, bits);
    this.newest = Math.max(this.newest, time);
    return 0;
  }

  removeRange(minTime: number, maxTime: number, ofHistograms: number): number {
    const removed = this.drop((time) => time >= minTime && time <= maxTime);
    const left = Math.max(...this.samples.keys(), ofHistograms);
    this.newest = Math.min(this.newest, left);
    return removed;
  }

  drop(isDropped: (time: number) => boolean): number {
    const times = [...this.samples.keys()].filter(isDropped);
    for (const time of times) this.samples.delete(time);
    return times.length;
  }

  range(minTime: number, maxTime: number): string[] {
    return [...this.samples]
      .filter(([time]) => time >= minTime && time <= maxTime)
      .sort(([a], [b]) => a - b)
      .map(([time, bits]) => `${time} ${bits.toString(16)}`);
  }
}

function bitsAt(words: Uint32Array, index: number): bigint {
  return (BigInt(words[2 * index + 1] ?? 0) << 32n) | BigInt(words[2 * index] ?? 0);
}

function described({ length, timestamps, words }: SampleColumns): string[] {
  return Array.from(
    { length },
    (_, index) => `${timestamps[index]} ${bitsAt(words, index).toString(16)}`,
  );
}

function read(reader: KernelReader, ref: number, minTime: number, maxTime: number): string[] {
  const into = new SampleColumns(8);
  reader.begin();
  reader.read(ref, minTime, maxTime, into);
  reader.end();
  return described(into);
}

interface Sample {
  readonly ref: number;
  readonly time: number;
  readonly bits: bigint;
}

function setColumns(body: KernelBody, samples: readonly Sample[]): void {
  const words = new Uint32Array(BigUint64Array.from(samples, ({ bits }) => bits).buffer);
  body.setColumns({
    length: samples.length,
    refs: Uint32Array.from(samples, ({ ref }) => ref),
    timestamps: Float64Array.from(samples, ({ time }) => time),
    values: new Float64Array(words.buffer),
    words,
  });
}

const someRef = fc.constantFrom(...SERIES);
/** Times close to each other, on a grid and off it, and now and then far away. */
const someTime = fc.oneof(
  { weight: 12, arbitrary: fc.nat(150).map((index) => 1000 * index) },
  { weight: 4, arbitrary: fc.nat(150_000) },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }).map((part) => part * 2 ** 32 + 500) },
);
const someBits = fc.constantFrom(...BITS);
const sample = fc.record({ ref: someRef, time: someTime, bits: someBits });
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      samples: fc.array(sample, { minLength: 1, maxLength: 80 }),
      windowMs: fc.constantFrom(0, 20_000, 1e6, 1e15),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      ref: someRef,
      from: someTime,
      step: fc.constantFrom(1, 1000, 7777),
      count: fc.nat(100),
      bits: someBits,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('late' as const), samples: fc.array(sample) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      ref: someRef,
      from: someTime,
      span: fc.oneof(fc.nat(5000), fc.nat(100_000)),
      histograms: fc.option(someTime, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('drop' as const), ref: someRef, time: someTime }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('touch' as const), ref: someRef, time: someTime }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('flag' as const), ref: someRef, on: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pack' as const), ref: someRef }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('truncate' as const), ref: someRef, time: someTime }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      from: someTime,
      span: fc.nat(200_000),
    }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Kernel and model side by side. */
class Both {
  readonly kernel: Kernel = testKernel(8 * 2 ** 20);
  readonly reader = connectKernelReader(this.kernel.openReader());
  readonly body = this.kernel.openBody();
  readonly canaries = new Canaries(this.kernel, 3);
  readonly model = new Map(SERIES.map((ref) => [ref, new ModelSeries()]));

  constructor() {
    for (const ref of SERIES) this.kernel.createSeries(ref);
  }

  of(ref: number): ModelSeries {
    const series = this.model.get(ref);
    if (series === undefined) throw new Error(`series ${ref}`);
    return series;
  }
}

function apply(both: Both, one: Operation): void {
  const { kernel } = both;
  if (one.kind === 'append') append(both, one.samples, one.windowMs);
  else if (one.kind === 'run') {
    const times = Array.from({ length: one.count }, (_, index) => one.from + index * one.step);
    append(
      both,
      times.map((time) => ({ ref: one.ref, time, bits: one.bits })),
      1e15,
    );
  } else if (one.kind === 'late') {
    for (const { ref, time, bits } of one.samples) {
      const [low, high] = [Number(bits & 0xffff_ffffn), Number(bits >> 32n)];
      expect(kernel.insertLate(ref, time, low, high)).toBe(both.of(ref).insert(time, bits));
    }
  } else if (one.kind === 'remove') {
    const { ref, from, histograms } = one;
    const removed = both.of(ref).removeRange(from, from + one.span, histograms ?? -Infinity);
    expect(kernel.removeRange(ref, from, from + one.span, histograms)).toBe(removed);
  } else if (one.kind === 'drop') {
    const dropped = both.of(one.ref).drop((time) => time < one.time);
    expect(kernel.dropBefore(one.ref, one.time)).toBe(dropped);
  } else if (one.kind === 'touch') {
    kernel.touchSeries(one.ref, one.time);
    both.of(one.ref).newest = Math.max(both.of(one.ref).newest, one.time);
  } else if (one.kind === 'flag') {
    kernel.setHistogramFlag(one.ref, one.on);
    both.of(one.ref).hasHistograms = one.on;
    expect(both.reader.flags(one.ref)).toBe(one.on ? SERIES_HAS_HISTOGRAMS : 0);
  } else if (one.kind === 'pack') kernel.packTail(one.ref);
  else if (one.kind === 'truncate') truncate(both, one.ref, one.time);
  else compare(both, one.from, one.from + one.span);
}

function append(both: Both, samples: readonly Sample[], windowMs: number): void {
  const wanted = samples.map(({ ref, time, bits }) => both.of(ref).append(time, bits, windowMs));
  setColumns(both.body, samples);
  both.kernel.beginCommit();
  const counts = both.body.append({ ...ALWAYS, windowMs });
  both.kernel.endCommit();
  expect([...both.body.outcomes()]).toEqual(wanted.map(({ outcome }) => outcome));
  expect([...both.body.outOfOrder()]).toEqual(
    [...wanted.keys()].filter((index) => wanted[index]?.isLeft),
  );
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(samples.length);
}

/** Whole chunks go: the model follows what went. */
function truncate(both: Both, ref: number, time: number): void {
  const { samples } = both.of(ref);
  const dropped = both.kernel.truncate(ref, ref + 1, time);
  const sorted = [...samples.keys()].sort((a, b) => a - b);
  expect(dropped).toBeLessThanOrEqual(sorted.filter((one) => one < time).length);
  for (const one of sorted.slice(0, dropped)) samples.delete(one);
}

function compare(both: Both, minTime: number, maxTime: number): void {
  const { kernel, reader } = both;
  for (const [ref, series] of both.model) {
    const want = series.range(minTime, maxTime);
    expect(read(reader, ref, minTime, maxTime)).toEqual(want);
    expect(reader.count(ref, minTime, maxTime)).toBeGreaterThanOrEqual(want.length);
    expect(reader.count(ref, -1e15, 1e15)).toBe(series.samples.size);
    expect(kernel.sampleCountOf(ref)).toBe(series.samples.size);
    const times = [...series.samples.keys()];
    expect(kernel.oldestTime(ref)).toBe(times.length === 0 ? NaN : Math.min(...times));
    expect(kernel.newestTime(ref)).toBe(series.newest === -Infinity ? NaN : series.newest);
  }
  compareMany(both, minTime, maxTime);
  expect(both.canaries.areIntact).toBe(true);
}

/** What was captured now, or up to `maxTime`, read in one go. */
function compareMany(both: Both, minTime: number, maxTime: number): void {
  const refs = Uint32Array.from([...SERIES, 7]);
  const captured = new Float64Array(5);
  expect(both.reader.capture(refs, 5, both.reader.commit(), minTime, captured)).toBe(true);
  for (const [index, ref] of [...refs].entries()) {
    const newest = both.model.get(ref)?.newest ?? -Infinity;
    expect(captured[index]).toBe(newest >= minTime ? newest : NaN);
  }
  const caps = captured.map((cap) => Math.min(cap, maxTime));
  for (const maxSamples of [1, 60, undefined]) {
    const offsets = new Uint32Array(6);
    const found: string[][] = [];
    for (let next = 0; next < 5; ) {
      const into = new SampleColumns(1);
      const from = next;
      next = both.reader.readMany({ refs, caps }, from, 5, minTime, into, offsets, maxSamples);
      const samples = described(into);
      for (let index = from; index < next; index++) {
        found.push(samples.slice(offsets[index], offsets[index + 1]));
      }
      expect(offsets[next]).toBe(into.length);
    }
    const want = [...refs].map((ref) => both.model.get(ref)?.range(minTime, maxTime) ?? []);
    expect(found).toEqual(want);
  }
}

describe('late samples, removals, drops', () => {
  test('agree with a map, in any order', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), fc.nat(3), (operations, every) => {
        const both = new Both();
        for (const [index, one] of operations.entries()) {
          apply(both, one);
          if (index % (every + 1) === 0) both.kernel.reclaim();
        }
        compare(both, -1e15, 1e15);
        const { kernel, model } = both;
        for (const [ref, { samples }] of model) {
          const words = new Uint32Array(2);
          for (const [time, bits] of samples) {
            expect([kernel.find(ref, time, words), bitsAt(words, 0)]).toEqual([true, bits]);
          }
        }
        const total = [...model.values()].reduce((sum, { samples }) => sum + samples.size, 0);
        expect(kernel.stats().sampleCount).toBe(total);
        // Everything that was taken is given back.
        for (const ref of SERIES) kernel.removeSeries(ref);
        kernel.reclaim();
        const { bytesByKind, chunkCount } = kernel.stats();
        const { tails, chunks, time_blocks, series, retired } = bytesByKind;
        expect([tails, chunks, time_blocks, series, retired]).toEqual([0, 0, 0, 0, 0]);
        expect(chunkCount).toBe(0);
      }),
      { numRuns: 400 },
    );
  }, 120_000);

  test('long runs backwards, from both ends, and shuffled', () => {
    const orders = [
      (index: number): number => 999 - index,
      (index: number): number => (index % 2 === 0 ? index / 2 : 999 - (index - 1) / 2),
      (index: number): number => (index * 619) % 1000,
    ];
    for (const orderOf of orders) {
      const both = new Both();
      const samples = Array.from({ length: 1000 }, (_, index) => ({
        ref: 1,
        time: 15_000 * orderOf(index),
        bits: BigInt(orderOf(index)),
      }));
      append(both, samples, 1e15);
      compare(both, -1e15, 1e15);
      expect(both.kernel.stats().chunkCount).toBeLessThan(70);
      append(both, samples, 1e15);
      compare(both, 100_000, 5_000_000);
    }
  });

  test('what cannot be stored is told', () => {
    const kernel = testKernel();
    kernel.createSeries(1);
    expect(kernel.insertLate(2, 5, 0, 0)).toBe(5);
    for (const time of [NaN, 1.5, Infinity, 2 ** 60]) {
      expect(kernel.insertLate(1, time, 0, 0)).toBe(4);
    }
    expect(kernel.insertLate(1, 5, 7, 1)).toBe(0);
    expect(kernel.insertLate(1, 5, 7, 1)).toBe(1);
    expect(kernel.insertLate(1, 5, 7, 2)).toBe(2);
    expect([kernel.removeRange(9, 0, 10), kernel.dropBefore(9, 10)]).toEqual([0, 0]);
    expect([kernel.removeRange(1, 6, 4), kernel.dropBefore(1, -Infinity)]).toEqual([0, 0]);
    kernel.touchSeries(9, 5);
    kernel.touchSeries(1, NaN);
    expect([kernel.newestTime(1), kernel.flags(9), kernel.sampleCountOf(9)]).toEqual([5, 0, 0]);
  });

  test('in a full slab nothing is lost, and dropping makes room', () => {
    const kernel = testKernel(3 * 2 ** 20);
    const reader = connectKernelReader(kernel.openReader());
    const body = kernel.openBody();
    kernel.createSeries(1);
    const samples = Array.from({ length: 3000 }, (_, index) => ({
      ref: 1,
      time: 10 * index,
      bits: BITS[index % BITS.length] ?? 0n,
    }));
    setColumns(body, samples);
    body.append({ ...ALWAYS, windowMs: 1e15 });
    const fill = (): void => {
      for (let ref = 2; ref < 100_000; ref++) kernel.createSeries(ref);
    };
    expect(fill).toThrow(KernelMemoryError);
    const want = new Map(samples.map(({ time, bits }) => [time, bits]));
    let refused = 0;
    for (let index = 0; index < 3000; index++) {
      const time = ((index * 7919) % 3000) * 10 + 5;
      try {
        expect(kernel.insertLate(1, time, index, 3)).toBe(0);
        want.set(time, (3n << 32n) | BigInt(index));
      } catch (error) {
        if (!(error instanceof KernelMemoryError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
    const model = new ModelSeries();
    model.samples = want;
    expect(read(reader, 1, -1e15, 1e15)).toEqual(model.range(-1e15, 1e15));
    expect(kernel.sampleCountOf(1)).toBe(want.size);
    try {
      kernel.dropBefore(1, 15_003);
    } catch (error) {
      if (!(error instanceof KernelMemoryError)) throw error;
    }
    expect(read(reader, 1, 15_003, 1e15)).toEqual(model.range(15_003, 1e15));
    expect(read(reader, 1, -1e15, 15_002).length).toBeLessThan(64);
    kernel.reclaim();
    expect(kernel.dropBefore(1, 15_003)).toBeLessThan(64);
    expect(read(reader, 1, -1e15, 1e15)).toEqual(model.range(15_003, 1e15));
    for (let ref = 2; ref < 100_000; ref++) kernel.removeSeries(ref);
    kernel.reclaim();
    expect(kernel.insertLate(1, 17_001, 1, 1)).toBe(0);
  });
});

describe('samples that are restored', () => {
  const restored = fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), someBits), {
    maxLength: 3000,
    size: 'max',
  });

  test('are there as they were, and go on', () => {
    fc.assert(
      fc.property(restored, (steps) => {
        const both = new Both();
        let time = 0;
        const samples = steps.map(([step, bits]) => ({ ref: 3, time: (time += step), bits }));
        for (const one of samples) both.of(3).insert(one.time, one.bits);
        const timestamps = Float64Array.from(samples, (one) => one.time);
        const words = new Uint32Array(BigUint64Array.from(samples, ({ bits }) => bits).buffer);
        both.kernel.restoreSamples(3, timestamps, words, samples.length);
        compare(both, -1e15, 1e15);
        append(
          both,
          [1, 2, -5000, 3].map((after) => ({ ref: 3, time: time + after, bits: 5n })),
          1e15,
        );
        compare(both, -1e15, 1e15);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('are refused where they are not newer, or out of order', () => {
    const kernel = testKernel();
    kernel.createSeries(1);
    const words = new Uint32Array(6);
    kernel.restoreSamples(1, Float64Array.of(1, 2, 3), words, 3);
    for (const times of [
      [3, 4, 5],
      [4, 6, 5],
      [4, 5, 5],
      [4, 5.5, 6],
      [4, 5, NaN],
    ]) {
      expect(() => {
        kernel.restoreSamples(1, Float64Array.from(times), words, 3);
      }).toThrow('ascending');
    }
    expect(() => {
      kernel.restoreSamples(2, Float64Array.of(1, 2, 3), words, 3);
    }).toThrow('series 2');
    expect(kernel.sampleCountOf(1)).toBe(3);
  });
});

describe('captures', () => {
  test('keep to a commit while others follow', () => {
    const one = fc.array(fc.tuple(someRef, fc.boolean()), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        (commits, wraps) => {
          const { kernel, reader, body } = new Both();
          if (wraps) for (const ref of SERIES) kernel.touchSeries(ref, 1);
          const refs = Uint32Array.from(SERIES);
          const newest = new Map<number, number>();
          const states: { commit: number; caps: number[]; age: Map<number, number> }[] = [];
          let time = 10;
          for (const parts of commits) {
            const caps = SERIES.map((ref) => newest.get(ref) ?? (wraps ? 1 : NaN));
            for (const { age } of states)
              for (const [ref] of new Map(parts)) {
                age.set(ref, (age.get(ref) ?? 0) + 1);
              }
            kernel.beginCommit();
            kernel.beginCommit();
            states.push({
              commit: reader.commit(),
              caps,
              age: new Map([...new Map(parts)].map(([ref]) => [ref, 1])),
            });
            for (const [ref, isHistogram] of parts) {
              time += 10;
              newest.set(ref, time);
              if (isHistogram) kernel.touchSeries(ref, time);
              else {
                setColumns(body, [{ ref, time, bits: 0n }]);
                expect(body.append({ ...ALWAYS, windowMs: 0 })[0]).toBe(1);
              }
              checkAll(reader, refs, states);
            }
            expect(reader.commitWord() & 1).toBe(1);
            kernel.endCommit();
            checkAll(reader, refs, states);
            const found = new Float64Array(SERIES.length);
            expect(reader.capture(refs, SERIES.length, reader.commit(), -1e15, found)).toBe(true);
            const now = SERIES.map((ref) => newest.get(ref) ?? (wraps ? 1 : NaN));
            expect([...found]).toEqual(now);
            expect(reader.capture(refs, SERIES.length, ANY_COMMIT, time, found)).toBe(true);
            const one = Array.from(refs, (ref) => reader.newest(ref, time));
            expect(one).toEqual([...found.subarray(0, refs.length)]);
            expect([...found]).toEqual(now.map((at) => (at >= time ? at : NaN)));
          }
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);

  /** A commit is seen until a series has moved on twice; then the answer is to begin again. */
  function checkAll(
    reader: KernelReader,
    refs: Uint32Array,
    states: readonly { commit: number; caps: number[]; age: ReadonlyMap<number, number> }[],
  ): void {
    for (const { commit, caps, age } of states) {
      const found = new Float64Array(refs.length);
      const isThere = reader.capture(refs, refs.length, commit, -1e15, found);
      if (Math.max(0, ...age.values()) <= 1) expect(isThere).toBe(true);
      if (isThere) expect([...found]).toEqual(caps);
    }
  }
});

import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  connectKernelReader,
  type Kernel,
  type KernelBody,
  type KernelReader,
  KernelMemoryError,
} from '../../src/kernel/index.ts';
import { SampleColumns } from '../../src/model/index.ts';
import { Canaries, fillInput, mutate, testKernel } from '../support/kernel-guard.ts';

const ALWAYS = { minTime: -Infinity, maxTime: Infinity };

/** Values of the kinds that chunks tell apart, as bits. */
const anyBits = fc
  .tuple(fc.maxSafeNat(), fc.nat(0xffff_ffff))
  .map(([high, low]) => (BigInt(high % 2 ** 32) << 32n) | BigInt(low));
const special = fc.constantFrom(
  0x7ff0000000000002n,
  0x7ff8000000000001n,
  0xfff8000000000000n,
  0x8000000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x0000000000000001n,
  0n,
);
const decimal = fc
  .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: 0, max: 12 }))
  .map(([integer, exponent]) => bitsOf(integer / 10 ** exponent));
const integer = fc.maxSafeInteger().map(bitsOf);
const oneBits = fc.oneof(
  { weight: 4, arbitrary: decimal },
  { weight: 2, arbitrary: integer },
  { weight: 2, arbitrary: fc.double().map(bitsOf) },
  { weight: 1, arbitrary: special },
  { weight: 1, arbitrary: anyBits },
);
/** Columns as they come: of one kind, with a few of another. */
const counter = fc
  .tuple(
    fc.nat(1e9),
    fc.array(fc.nat(5000), { minLength: 1, maxLength: 200 }),
    fc.constantFrom(1, 10, 100, 1e6, 1 / 1024, 1 / 3),
  )
  .map(([start, steps, scale]) => {
    let sum = start;
    return steps.map((step) => bitsOf((sum += step) / scale));
  });
const flat = fc
  .tuple(oneBits, fc.integer({ min: 1, max: 100 }))
  .map(([bits, count]) => Array.from({ length: count }, () => bits));
const values = fc
  .oneof(counter, flat, fc.array(oneBits, { minLength: 1, maxLength: 150 }))
  .chain((bits) =>
    fc.array(fc.tuple(fc.nat(bits.length - 1), special), { maxLength: 3 }).map((changes) => {
      const changed = [...bits];
      for (const [index, to] of changes) changed[index] = to;
      return changed;
    }),
  );
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant(15_000) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 30_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 ** 40 }) },
);

function bitsOf(value: number): bigint {
  return new BigUint64Array(new Float64Array([value]).buffer)[0]!;
}

function columns(refs: readonly number[], times: readonly number[], bits: readonly bigint[]) {
  const words = new Uint32Array(BigUint64Array.from(bits).buffer);
  const timestamps = Float64Array.from(times);
  const length = times.length;
  const floats = new Float64Array(words.buffer);
  return { length, refs: Uint32Array.from(refs), timestamps, values: floats, words };
}

function bitsAt(words: Uint32Array, index: number): bigint {
  return (BigInt(words[2 * index + 1]!) << 32n) | BigInt(words[2 * index]!);
}

function read(reader: KernelReader, ref: number, minTime: number, maxTime: number): string[] {
  const into = new SampleColumns();
  reader.begin();
  reader.read(ref, minTime, maxTime, into);
  reader.end();
  return Array.from(
    { length: into.length },
    (_, index) => `${into.timestamps[index]!} ${bitsAt(into.words, index).toString(16)}`,
  );
}

describe('chunks that stand alone', () => {
  const kernel = testKernel();
  const body = kernel.openBody();
  const canaries = new Canaries(kernel, 4);

  function pack(times: readonly number[], bits: readonly bigint[]): Uint8Array {
    body.setColumns(
      columns(
        times.map(() => 1),
        times,
        bits,
      ),
    );
    return Uint8Array.from(body.packColumns(0, times.length));
  }

  function unpack(chunk: Uint8Array): string[] | 'fault' {
    fillInput(body, chunk);
    body.useInput();
    if (!body.unpackColumns().ok) return 'fault';
    const { length, timestamps, words } = body.columns();
    return Array.from(
      { length },
      (_, index) => `${timestamps[index]!} ${bitsAt(words, index).toString(16)}`,
    );
  }

  const samples = fc
    .tuple(values, step, fc.array(step, { maxLength: 20 }))
    .map(([bits, usual, others]) => {
      let time = 1_700_000_000_000;
      return { bits, times: bits.map((_, index) => (time += others[index] ?? usual)) };
    });

  test('come back bit for bit', () => {
    fc.assert(
      fc.property(samples, ({ bits, times }) => {
        const want = times.map((time, index) => `${time} ${bits[index]!.toString(16)}`);
        expect(unpack(pack(times, bits))).toEqual(want);
      }),
      { numRuns: 3000 },
    );
    expect(canaries.areIntact).toBe(true);
  });

  test('are small', () => {
    const check = (value: (index: number) => number, maxBytes: number): void => {
      const times = Array.from({ length: 480 }, (_, index) => 1.7e12 + 15_000 * index);
      expect(
        pack(
          times,
          times.map((_, index) => bitsOf(value(index))),
        ).length,
      ).toBeLessThan(maxBytes);
    };
    check(() => 0, 20);
    check((index) => 3 * index, 25);
    check((index) => 1e6 + 4096 * (index % 2), 90);
    check((index) => Math.round(index * 1234.5) / 100, 220);
    check((index) => (index === 479 ? NaN : index * 0.25), 120);
  });

  test('cut, changed, or made of anything: refused or read, never more', () => {
    const some = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 3,
      maxLength: 9,
    });
    fc.assert(
      fc.property(samples, some, ({ bits, times }, choices) => {
        unpack(mutate(pack(times, bits), choices));
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void unpack(bytes)),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(samples, ({ bits, times }) => {
        const chunk = pack(times, bits);
        for (let length = 0; length < chunk.length; length++) {
          expect(unpack(chunk.subarray(0, length))).toBe('fault');
        }
      }),
      { numRuns: 100 },
    );
    expect(canaries.areIntact).toBe(true);
  });
});

/** The plain implementation of a series of the head. */
class ModelSeries {
  readonly samples = new Map<number, bigint>();
  newest = -Infinity;

  append(time: number, bits: bigint): number {
    const stored = this.samples.get(time);
    if (stored !== undefined) return stored === bits ? 1 : 2;
    if (time <= this.newest) return 3;
    this.samples.set(time, bits);
    this.newest = time;
    return 0;
  }

  range(minTime: number, maxTime: number): string[] {
    return [...this.samples]
      .filter(([time]) => time >= minTime && time <= maxTime)
      .map(([time, bits]) => `${time} ${bits.toString(16)}`);
  }
}

describe('series of the head', () => {
  const batch = fc.record({
    kind: fc.constant('append' as const),
    samples: fc.array(
      fc.record({ ref: fc.integer({ min: 1, max: 5 }), step, bits: oneBits, back: fc.nat(30) }),
      { minLength: 1, maxLength: 60 },
    ),
  });
  const operation = fc.oneof(
    { weight: 8, arbitrary: batch },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        from: fc.nat(60),
        to: fc.nat(60),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('pack' as const),
        ref: fc.integer({ min: 1, max: 5 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('truncate' as const), after: fc.nat(40) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('remove' as const),
        ref: fc.integer({ min: 1, max: 5 }),
      }),
    },
  );

  test('agree with a map under any appends, truncations and removals', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const kernel = testKernel(8 * 2 ** 20);
        const canaries = new Canaries(kernel, 3);
        const reader = connectKernelReader(kernel.openReader());
        const body = kernel.openBody();
        const model = new Map<number, ModelSeries>();
        for (let ref = 1; ref <= 4; ref++) {
          kernel.createSeries(ref);
          model.set(ref, new ModelSeries());
        }
        const allTimes = (): number[] =>
          [...model.values()].flatMap(({ samples }) => [...samples.keys()]).sort((a, b) => a - b);
        for (const one of operations) {
          if (one.kind === 'append') {
            appendBoth(body, model, one.samples);
          } else if (one.kind === 'pack') {
            kernel.packTail(one.ref);
          } else if (one.kind === 'remove') {
            kernel.removeSeries(one.ref);
            model.delete(one.ref);
          } else if (one.kind === 'truncate') {
            truncateBoth(kernel, model, allTimes()[one.after] ?? 0);
          } else {
            const times = allTimes();
            const minTime = times[one.from] ?? -1e15;
            const maxTime = times[one.to] ?? 1e15;
            for (let ref = 1; ref <= 5; ref++) {
              const want = model.get(ref)?.range(minTime, maxTime) ?? [];
              expect(read(reader, ref, minTime, maxTime)).toEqual(want);
            }
          }
          kernel.reclaim();
        }
        for (const [ref, series] of model) {
          expect(read(reader, ref, -1e15, 1e15)).toEqual(series.range(-1e15, 1e15));
          const words = new Uint32Array(2);
          for (const [time, bits] of series.samples) {
            expect(kernel.find(ref, time, words)).toBe(true);
            expect(bitsAt(words, 0)).toBe(bits);
            expect(kernel.find(ref, time + 0.5, words)).toBe(false);
          }
        }
        expect(kernel.stats().sampleCount).toBe(allTimes().length);
        // Everything that was taken is given back.
        for (let ref = 1; ref <= 4; ref++) kernel.removeSeries(ref);
        kernel.reclaim();
        const { bytesByKind } = kernel.stats();
        const { tails, chunks, time_blocks, series, retired, series_directory } = bytesByKind;
        expect([tails, chunks, time_blocks, series, retired]).toEqual([0, 0, 0, 0, 0]);
        expect(series_directory).toBeLessThan(2000);
        expect(canaries.areIntact).toBe(true);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  function appendBoth(
    body: KernelBody,
    model: ReadonlyMap<number, ModelSeries>,
    samples: readonly { ref: number; step: number; bits: bigint; back: number }[],
  ): void {
    const times: number[] = [];
    const wanted: number[] = [];
    for (const { ref, step: by, bits, back } of samples) {
      const series = model.get(ref);
      const newest = Math.max(series?.newest ?? 0, 1_700_000_000_000);
      // Now and then a time of before, stored or not.
      const known = [...(series?.samples.keys() ?? [])];
      const time =
        back < 3 ? (known.at(-1 - back) ?? newest) : back < 5 ? newest - by : newest + by;
      times.push(time);
      wanted.push(series?.append(time, bits) ?? 5);
    }
    body.setColumns(
      columns(
        samples.map(({ ref }) => ref),
        times,
        samples.map(({ bits }) => bits),
      ),
    );
    const counts = body.append(ALWAYS);
    expect([...body.outcomes()]).toEqual(wanted);
    expect([...counts]).toEqual(
      [0, 1, 2, 3, 4, 5].map((outcome) => wanted.filter((one) => one === outcome).length),
    );
    expect([...body.outOfOrder()]).toEqual(
      [...wanted.keys()].filter((index) => wanted[index] === 3),
    );
  }

  /** Whole chunks go, so that more may stay than is asked for: the model follows what went. */
  function truncateBoth(
    kernel: Kernel,
    model: ReadonlyMap<number, ModelSeries>,
    time: number,
  ): void {
    for (const [ref, { samples }] of model) {
      const dropped = kernel.truncate(ref, ref + 1, time);
      const before = [...samples.keys()].filter((one) => one < time).length;
      expect(dropped).toBeLessThanOrEqual(before);
      for (const one of [...samples.keys()].slice(0, dropped)) samples.delete(one);
      const oldest = samples.keys().next().value ?? NaN;
      expect(kernel.oldestTime(ref)).toBe(oldest);
    }
  }

  test('times outside the bounds, or none at all', () => {
    const kernel = testKernel();
    kernel.createSeries(1);
    const body = kernel.openBody();
    const times = [NaN, Infinity, -Infinity, 2 ** 60, 999, 1000, 2000, 2001];
    body.setColumns(
      columns(
        times.map(() => 1),
        times,
        times.map(() => 1n),
      ),
    );
    expect([...body.append({ minTime: 1000, maxTime: 2000 })]).toEqual([2, 0, 0, 0, 6, 0]);
    expect([...body.outcomes()]).toEqual([4, 4, 4, 4, 4, 0, 0, 4]);
  });

  test('long series are read in parts', () => {
    const kernel = testKernel();
    const reader = connectKernelReader(kernel.openReader());
    const body = kernel.openBody();
    const want: string[] = [];
    kernel.createSeries(1);
    for (let part = 0; part < 25; part++) {
      const times = Array.from({ length: 1000 }, (_, index) => (part * 1000 + index) * 10);
      body.setColumns(
        columns(
          times.map(() => 1),
          times,
          times.map((time) => bitsOf(time / 7)),
        ),
      );
      body.append(ALWAYS);
      want.push(...times.map((time) => `${time} ${bitsOf(time / 7).toString(16)}`));
    }
    expect(read(reader, 1, 0, 1e9)).toEqual(want);
    expect(read(reader, 1, 5005, 230_001)).toEqual(want.slice(501, 23_001));
  });

  test('a full slab refuses, keeps what it has, and takes again when there is room', () => {
    const kernel = testKernel(3 * 2 ** 20);
    const reader = connectKernelReader(kernel.openReader());
    const body = kernel.openBody();
    const times = Array.from({ length: 400 }, (_, index) => index + 1);
    body.setColumns(
      columns(
        times.map(() => 1),
        times,
        times.map(BigInt),
      ),
    );
    let made = 0;
    const fill = (): void => {
      for (; made < 100_000; made++) kernel.createSeries(made + 1);
    };
    expect(fill).toThrow(KernelMemoryError);
    expect(() => body.input(4 * 2 ** 20)).toThrow(KernelMemoryError);
    let failedAt = times.length;
    try {
      body.append(ALWAYS);
    } catch (error) {
      if (!(error instanceof KernelMemoryError)) throw error;
      failedAt = error.failedAt ?? -1;
    }
    expect(read(reader, 1, 0, 1000)).toHaveLength(failedAt);
    for (let ref = 2; ref <= made; ref++) kernel.removeSeries(ref);
    kernel.reclaim();
    const [stored, duplicates] = body.append(ALWAYS);
    expect([stored, duplicates]).toEqual([400 - failedAt, failedAt]);
    expect(read(reader, 1, 0, 1000)).toHaveLength(400);
  });
});

describe('another thread', () => {
  test('reads whole prefixes while this one writes, packs and drops', async () => {
    const kernel = testKernel();
    const handle = kernel.openReader();
    for (let ref = 1; ref <= 8; ref++) kernel.createSeries(ref);
    const worker = new Worker(new URL('../support/kernel-reading-worker.mjs', import.meta.url), {
      workerData: handle,
    });
    const results = new Promise<{ reads: number; samples: number; faults: string[] }>(
      (resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      },
    );
    const body = kernel.openBody();
    const { length } = { length: 8 * 4 };
    let time = 0;
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      for (let turn = 0; turn < 50; turn++) {
        const refs = Array.from({ length }, (_, index) => (index % 8) + 1);
        const times = refs.map((_, index) => time + Math.floor(index / 8) * 10);
        // The value tells the time: what is read can be checked without a word between the two.
        body.setColumns(
          columns(
            refs,
            times,
            times.map((one) => bitsOf(one * 3 + 1)),
          ),
        );
        body.append(ALWAYS);
        time += 40;
        if (turn % 7 === 0) kernel.packTail((turn % 8) + 1);
      }
      kernel.truncate(1, 9, time - 200_000);
      kernel.reclaim();
      await new Promise((resume) => setImmediate(resume));
    }
    worker.postMessage('stop');
    const { reads, samples, faults } = await results;
    expect(faults).toEqual([]);
    expect(reads).toBeGreaterThan(100);
    expect(samples).toBeGreaterThan(10_000);
    await worker.terminate();
  }, 30_000);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Load } from '../../bench/load/load.ts';
import { ValueCodec } from '../../src/storage/chunk/value-codec.ts';
import { ByteReader, RecordFormatError } from '../../src/storage/wal/byte-reader.ts';
import { ByteWriter } from '../../src/storage/wal/byte-writer.ts';

const RUNS = Number(process.env['TIDEGAUGE_PROPERTY_RUNS'] ?? 300);
const codec = new ValueCodec();

/** Encodes the values between others, decodes them between others, and compares every bit. */
function roundTrip(bits: BigUint64Array<ArrayBuffer>): number {
  const around = new BigUint64Array(bits.length + 5).fill(0xdeadbeefn);
  around.set(bits, 2);
  const values = new Float64Array(around.buffer);
  const writer = new ByteWriter(16);
  writer.u8(0x55);
  codec.encode(writer, values, new Uint32Array(around.buffer), 2, 2 + bits.length);
  const end = writer.length;
  writer.u8(0x77);
  const back = new BigUint64Array(bits.length + 4).fill(0x1234n);
  const reader = new ByteReader(writer.buffer, 1, end);
  const words = new Uint32Array(back.buffer);
  codec.decode(reader, bits.length, new Float64Array(back.buffer), words, 3);
  expect(reader.remaining).toBe(0);
  expect(back.subarray(3, 3 + bits.length)).toEqual(bits);
  expect([back[2], back[3 + bits.length]]).toEqual([0x1234n, 0x1234n]);
  return end - 1;
}

const ofNumbers = (numbers: readonly number[]): BigUint64Array<ArrayBuffer> =>
  new BigUint64Array(Float64Array.from(numbers).buffer);

const oddBits = fc.constantFrom(
  0x7ff0000000000002n,
  0x7ff8000000000001n,
  0xfff8000000000123n,
  0x8000000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  1n,
);

test('any bits come back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), oddBits), {
        minLength: 1,
        maxLength: 300,
      }),
      (bits) => void roundTrip(BigUint64Array.from(bits)),
    ),
    { numRuns: RUNS },
  );
});

test('decimals, steps and wanderings come back, with odd bits among them', () => {
  const scaled = fc.record({
    start: fc.integer({ min: -(2 ** 49), max: 2 ** 49 }),
    steps: fc.array(
      fc.oneof(fc.constant(0), fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger()),
      { minLength: 0, maxLength: 600 },
    ),
    digits: fc.integer({ min: 0, max: 12 }),
    factor: fc.constantFrom(1, 1024, 1_000_000, 3),
    odd: fc.array(fc.tuple(fc.nat({ max: 600 }), oddBits), { maxLength: 12 }),
  });
  fc.assert(
    fc.property(scaled, ({ start, steps, digits, factor, odd }) => {
      const numbers = [start / 10 ** digits];
      let sum = start;
      for (const step of steps) numbers.push((sum += step * factor) / 10 ** digits);
      const bits = ofNumbers(numbers);
      for (const [place, each] of odd) if (place < bits.length) bits[place] = each;
      roundTrip(bits);
    }),
    { numRuns: RUNS },
  );
});

test('doubles as programs make them come back', () => {
  const double = fc.double({ noNaN: false });
  fc.assert(
    fc.property(fc.array(double, { minLength: 1, maxLength: 200 }), (numbers) => {
      roundTrip(ofNumbers(numbers));
    }),
    { numRuns: RUNS },
  );
});

test('a mixed load takes less than 1.5 bytes a sample', () => {
  const load = new Load(1000, 7);
  const length = 240;
  const columns = load.series.map(() => new Float64Array(length));
  for (let tick = 0; tick < length; tick++) {
    for (const [index, column] of columns.entries()) column[tick] = load.values[index] ?? 0;
    load.tick();
  }
  let bytes = 0;
  for (const column of columns) bytes += roundTrip(new BigUint64Array(column.buffer));
  expect(bytes / (length * columns.length)).toBeLessThan(1.5);
});

test('constants and regular times take a few bytes', () => {
  const regular = Array.from({ length: 480 }, (_, index) => 1_700_000_000_000 + 15_000 * index);
  expect(roundTrip(ofNumbers(regular))).toBeLessThan(14);
  expect(roundTrip(ofNumbers(regular.map(() => 0.1 + 0.2)))).toBe(9);
});

test('damaged bytes give some values or a format error, nothing else', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.integer({ min: 1, max: 300 }),
      (bytes, length) => {
        const values = new Float64Array(length);
        try {
          const words = new Uint32Array(values.buffer);
          codec.decode(new ByteReader(bytes, 0, bytes.length), length, values, words, 0);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordFormatError);
        }
      },
    ),
    { numRuns: 10 * RUNS },
  );
});

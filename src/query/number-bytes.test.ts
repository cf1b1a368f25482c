import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatFloat } from '../model/index.ts';
import { FLOAT_BYTES_MAX, writeFloat } from './number-bytes.ts';

function written(value: number): string {
  const bytes = new Uint8Array(FLOAT_BYTES_MAX + 1).fill(63);
  const end = writeFloat(bytes, 1, value);
  expect(bytes[0]).toBe(63);
  return new TextDecoder().decode(bytes.subarray(1, end));
}

test('floats at the edges of what is written without a text', () => {
  const edges = [
    ...[0, -0, 1, 9, 10, 99_999_999, 1e8, 1e8 + 1, 123_456_789_012_345, 999_999_999_999_999, 1e15],
    ...[0.1, 0.5, 0.001, 0.0011, 0.002, 0.01, 0.999, 1.001, 1.0001, 9.999, 99_999_999.9],
    ...[123_456_789_012.345, 999_999_999_999.999, 1_234_567_890_123.125, 0.1 + 0.2, 1 / 3, 4.35],
    ...[2 ** 53, 2 ** 53 - 1, 2 ** 49 + 0.5, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, NaN, Infinity],
  ];
  for (const value of edges) {
    expect(written(value)).toBe(formatFloat(value));
    expect(written(-value)).toBe(formatFloat(-value));
  }
});

test('any float is written as formatFloat has it', () => {
  const some = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 6 })).map(([a, b]) => a / 10 ** b),
    fc.tuple(fc.integer(), fc.integer({ min: 0, max: 6 })).map(([a, b]) => a / 10 ** b),
  );
  fc.assert(
    fc.property(some, (value) => {
      expect(written(value)).toBe(formatFloat(value));
    }),
    { numRuns: 20_000 },
  );
});

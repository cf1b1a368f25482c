import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadBytesError, ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

test('reads back what a writer wrote', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), fc.uint8Array(), (numbers, bytes) => {
      const writer = new ByteWriter(1);
      for (const value of numbers) writer.uint(value);
      writer.bytes(bytes);
      writer.words64(7, 1);
      const reader = new ByteReader(writer.written());
      expect(numbers.map(() => reader.uint())).toEqual(numbers);
      expect([...reader.bytes(bytes.length)]).toEqual([...bytes]);
      expect(reader.uint64()).toBe(2 ** 32 + 7);
      expect(reader.remaining).toBe(0);
    }),
  );
});

test('refuses bytes that end before, and numbers that are too large', () => {
  const reader = (...bytes: number[]): ByteReader => new ByteReader(Uint8Array.from(bytes));
  expect(() => reader(0x80).uint()).toThrow(BadBytesError);
  expect(() => reader(1, 2, 3).uint32()).toThrow('4 bytes wanted, 3 are left');
  expect(() => reader(1).bytes(2)).toThrow(BadBytesError);
  const wide = Array.from({ length: 9 }, () => 0xff);
  expect(() => reader(...wide, 1).uint()).toThrow('more than 2^53 - 1');
  expect(() => reader(...wide).uint64()).toThrow(BadBytesError);
});

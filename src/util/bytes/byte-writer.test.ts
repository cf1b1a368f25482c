import { expect, test } from 'vitest';
import { ByteWriter, varintSize } from './byte-writer.ts';

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter(1);
  write(writer);
  return Buffer.from(writer.written()).toString('hex');
}

test('varints', () => {
  const check = (value: number, want: string): void => {
    expect(written((writer) => writer.int(value))).toBe(want);
    expect(varintSize(value)).toBe(want.length / 2);
  };
  check(0, '00');
  check(127, '7f');
  check(128, '8001');
  check(300, 'ac02');
  check(2 ** 32, '8080808010');
  check(Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f');
  check(-1, 'ffffffffffffffffff01');
  check(-2, 'feffffffffffffffff01');
  check(-(2 ** 32), '80808080f0ffffffff01');
});

test('64-bit values and byte ranges, growing as needed', () => {
  const hex = written((writer) => {
    writer.double(1);
    writer.words64(2, 0x7ff00000);
    writer.bytes(Buffer.from('abc'));
  });
  expect(hex).toBe('000000000000f03f020000000000f07f616263');
});

test('reset begins anew', () => {
  const writer = new ByteWriter();
  writer.uint(1);
  writer.reset();
  writer.uint(2);
  expect([...writer.written()]).toEqual([2]);
  expect(writer.length).toBe(1);
});

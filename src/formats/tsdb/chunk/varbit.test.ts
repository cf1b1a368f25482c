import { expect, test } from 'vitest';
import { BitReader } from '../bytes/bit-reader.ts';
import { BitWriter } from '../bytes/bit-writer.ts';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit.ts';

const SOURCE = { file: 'chunk' };

/** The bits written, as text. */
function bitsOf(write: (writer: BitWriter) => void): string {
  const writer = new BitWriter(1);
  write(writer);
  // A last one marks the end, so that the zeros that fill the byte can go.
  writer.bits(1, 1);
  const text = [...writer.written()].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return text.slice(0, text.lastIndexOf('1'));
}

function readerOf(write: (writer: BitWriter) => void): BitReader {
  const writer = new BitWriter(1);
  write(writer);
  return new BitReader(writer.written(), 0, writer.written().length, SOURCE);
}

test('each class of signed numbers, at its lopsided ends', () => {
  const check = (value: number, prefix: string, width: number): void => {
    const bits = bitsOf((writer) => writeVarbitInt(writer, value));
    expect(bits.slice(0, prefix.length), `${value}`).toBe(prefix);
    expect(bits.length, `${value}`).toBe(prefix.length + width);
    expect(readVarbitInt(readerOf((writer) => writeVarbitInt(writer, value)))).toBe(value);
  };
  check(0, '0', 0);
  for (const [prefix, width] of [
    ['10', 3],
    ['110', 6],
    ['1110', 9],
    ['11110', 12],
    ['111110', 18],
    ['1111110', 25],
  ] as const) {
    check(2 ** (width - 1), prefix, width);
    check(-(2 ** (width - 1)) + 1, prefix, width);
  }
  check(2 ** 24 + 1, '11111110', 56);
  check(-(2 ** 24), '11111110', 56);
  check(2 ** 53, '11111110', 56);
  check(-(2 ** 53), '11111110', 56);
});

test('unsigned numbers use the whole of each class', () => {
  const check = (value: number, length: number): void => {
    expect(bitsOf((writer) => writeVarbitUint(writer, value)).length, `${value}`).toBe(length);
    expect(readVarbitUint(readerOf((writer) => writeVarbitUint(writer, value)))).toBe(value);
  };
  check(0, 1);
  check(7, 5);
  check(8, 9);
  check(63, 9);
  check(511, 13);
  check(4095, 17);
  check(2 ** 18 - 1, 24);
  check(2 ** 25 - 1, 32);
  check(2 ** 25, 64);
  check(2 ** 53, 64);
});

test('numbers of 64 bits, as others may write them', () => {
  const raw = (high: number, low: number): BitReader =>
    readerOf((writer) => {
      writer.bits(0xff, 8);
      writer.bits(high, 32);
      writer.bits(low, 32);
    });
  expect(readVarbitInt(raw(0xffffffff, 0xfffffffe))).toBe(-2);
  expect(readVarbitInt(raw(0x7fffffff, 0xffffffff))).toBe(2 ** 63);
  expect(readVarbitUint(raw(0, 5))).toBe(5);
});

test('reading beyond the end is refused with the place', () => {
  const reader = new BitReader(Uint8Array.of(0, 0b11100000), 1, 2, { file: 'f', base: 100 });
  expect(() => readVarbitInt(reader)).toThrow('f, byte 101: the chunk ends after 4 bits, wanted 9');
});

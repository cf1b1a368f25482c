import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

/** One bit at a time, as the definition has it. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

test('the check values of RFC 3720, B.4', () => {
  const check = (bytes: Uint8Array, want: number): void => expect(crc32c(bytes)).toBe(want);
  check(new TextEncoder().encode('123456789'), 0xe3069283);
  check(new Uint8Array(32), 0x8a9136aa);
  check(new Uint8Array(32).fill(0xff), 0x62a8ab43);
  check(
    Uint8Array.from({ length: 32 }, (_, index) => index),
    0x46dd794e,
  );
  check(new Uint8Array(0), 0);
});

test('every length and start agrees with the definition, also in two parts', () => {
  const bytes = Uint8Array.from({ length: 70 }, (_, index) => (index * 151 + 7) & 0xff);
  for (let start = 0; start < 9; start++) {
    for (let end = start; end <= bytes.length; end++) {
      const want = slowCrc32c(bytes.subarray(start, end));
      expect(crc32c(bytes, start, end)).toBe(want);
      const middle = (start + end) >>> 1;
      expect(crc32c(bytes, middle, end, crc32c(bytes, start, middle))).toBe(want);
    }
  }
});

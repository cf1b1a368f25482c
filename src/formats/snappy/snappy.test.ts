import { expect, test } from 'vitest';
import { compress, compressedSizeMax } from './compress.ts';
import { decompress, decompressedSize } from './decompress.ts';

/** Decompresses a block in the middle of other bytes. */
function decompressHex(hex: string, room = 64): string {
  const input = Buffer.from(`ffff${hex.replaceAll(' ', '')}ffff`, 'hex');
  const output = new Uint8Array(room);
  const length = decompress(input, 2, input.length - 2, output);
  return Buffer.from(output.subarray(0, length)).toString('latin1');
}

test('each kind of element', () => {
  expect(decompressHex('00')).toBe('');
  expect(decompressHex('03 08 616263')).toBe('abc');
  // Copies of 1, 2 and 4 bytes of distance; a copy may overlap what it writes.
  expect(decompressHex('07 08 616263 01 03')).toBe('abcabca');
  expect(decompressHex('08 08 616263 12 0300')).toBe('abcabcab');
  expect(decompressHex('05 08 616263 07 01000000')).toBe('abccc');
  // Literal lengths in one to four bytes of their own.
  expect(decompressHex('02 f0 01 6162')).toBe('ab');
  expect(decompressHex('02 f4 0100 6162')).toBe('ab');
  expect(decompressHex('02 f8 010000 6162')).toBe('ab');
  expect(decompressHex('02 fc 01000000 6162')).toBe('ab');
});

test('what is refused', () => {
  const check = (hex: string, problem: string): void => {
    expect(() => decompressHex(hex), hex).toThrow(problem);
  };
  check('', 'no length header');
  check('80', 'no length header');
  check('8080808080', 'no length header');
  check('ffffffff7f', 'no length header');
  check('03 08 6162', 'inside an element');
  check('03 f0', 'inside an element');
  check('03 ff', 'inside an element');
  check('02 fc ffffffff 6162', 'inside an element');
  check('05 08 616263 01', 'inside an element');
  check('05 08 616263 02 01', 'inside an element');
  check('05 08 616263 01 00', 'copies from 0 bytes back');
  check('08 08 616263 01 04', 'copies from 4 bytes back, 3 being there');
  check('04 01 00', 'copies from 0 bytes back');
  check('02 08 616263', 'more bytes than its header says');
  check('05 08 616263 01 01', 'more bytes than its header says');
  check('04 08 616263', 'holds 3 bytes, its header says 4');
});

test('the size is known, and limited, before there is room for it', () => {
  const huge = Buffer.from('ffffffff0f00', 'hex');
  expect(decompressedSize(huge, 0, huge.length, 2 ** 32)).toBe(2 ** 32 - 1);
  expect(() => decompressedSize(huge, 0, huge.length, 1000)).toThrow(
    expect.objectContaining({ code: 'snappy_too_large' }),
  );
  expect(() => decompress(huge, 0, huge.length, new Uint8Array(10))).toThrow(
    expect.objectContaining({ code: 'snappy_too_large' }),
  );
});

test('compression shrinks what repeats and stays within its bound for what does not', () => {
  const check = (input: Uint8Array, sizeMax: number): void => {
    const output = new Uint8Array(compressedSizeMax(input.length));
    const size = compress(input, 0, input.length, output);
    expect(size).toBeLessThanOrEqual(sizeMax);
    const back = new Uint8Array(decompressedSize(output, 0, size, input.length));
    expect(decompress(output, 0, size, back)).toBe(input.length);
    expect(Buffer.compare(back, input)).toBe(0);
  };
  check(new Uint8Array(1_000_000), 50_000);
  check(Buffer.from('http_requests_total{method="get"} '.repeat(10_000)), 20_000);
  let state = 1;
  const noise = Uint8Array.from({ length: 200_000 }, () => {
    state = Math.imul(state, 0x41c64e6d) + 0x3039;
    return state >>> 24;
  });
  check(noise, compressedSizeMax(noise.length));
  check(new Uint8Array(0), 1);
});

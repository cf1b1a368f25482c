import fc from 'fast-check';
import snappyjs from 'snappyjs';
import { expect, test } from 'vitest';
import {
  compress,
  compressedSizeMax,
  decompress,
  decompressedSize,
  SnappyError,
} from '../../src/formats/snappy/index.ts';

function compressed(input: Uint8Array): Uint8Array {
  const output = new Uint8Array(compressedSizeMax(input.length));
  return output.subarray(0, compress(input, 0, input.length, output));
}

function decompressed(input: Uint8Array, limitBytes = 1_000_000): Uint8Array {
  const output = new Uint8Array(decompressedSize(input, 0, input.length, limitBytes));
  expect(decompress(input, 0, input.length, output)).toBe(output.length);
  return output;
}

/** Bytes with and without repetition, also over the 64 KiB after which a new block begins. */
const input = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .array(
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 3000 })),
      {
        maxLength: 6,
      },
    )
    .map((runs) =>
      Buffer.concat(runs.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))),
    ),
);

test('both ways, and both ways with another implementation', () => {
  fc.assert(
    fc.property(input, (bytes) => {
      const ours = compressed(bytes);
      expect(Buffer.compare(decompressed(ours), bytes)).toBe(0);
      expect(Buffer.compare(Buffer.from(snappyjs.uncompress(ours)), bytes)).toBe(0);
      const theirs = snappyjs.compress(Buffer.from(bytes));
      expect(Buffer.compare(decompressed(theirs), bytes)).toBe(0);
    }),
    { numRuns: 400 },
  );
});

function tryDecompress(block: Uint8Array): void {
  // Bytes around the output show whether anything is written outside of it.
  const guarded = new Uint8Array(20_000 + 16).fill(0xa5);
  try {
    const size = decompressedSize(block, 0, block.length, 20_000);
    decompress(block, 0, block.length, guarded.subarray(8, 8 + size));
  } catch (error) {
    if (!(error instanceof SnappyError)) throw error;
  }
  expect(guarded.subarray(0, 8).every((byte) => byte === 0xa5)).toBe(true);
  expect(guarded.subarray(-8).every((byte) => byte === 0xa5)).toBe(true);
}

test('any bytes give a block or a SnappyError', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), tryDecompress), { numRuns: 5000 });
});

test('damaged and cut blocks give a block or a SnappyError', () => {
  fc.assert(
    fc.property(
      input,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      (bytes, at, cut, byte) => {
        const block = Uint8Array.from(compressed(bytes));
        tryDecompress(block.subarray(0, cut % block.length));
        block[at % block.length] = byte;
        tryDecompress(block);
      },
    ),
    { numRuns: 1000 },
  );
});

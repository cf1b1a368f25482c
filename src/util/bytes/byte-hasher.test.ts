import { expect, test } from 'vitest';
import { ByteHasher } from './byte-hasher.ts';

const KEY = Uint32Array.from([1, 2, 3, 4, 5, 6, 7, 8]);

function hashOf(hasher: ByteHasher, bytes: Uint8Array, start = 0, end = bytes.length): string {
  hasher.hash(bytes, start, end);
  return hasher.words.join(' ');
}

test('depends on the bytes of the range alone', () => {
  const hasher = new ByteHasher();
  const text = Buffer.from('http_requests_total{method="get"}');
  for (let length = 0; length <= text.length; length++) {
    const alone = hashOf(hasher, Uint8Array.from(text.subarray(0, length)));
    const shifted = Buffer.concat([Buffer.from('###'), text, Buffer.from('###')]);
    expect(hashOf(hasher, shifted, 3, 3 + length)).toBe(alone);
    expect(hashOf(new ByteHasher(), text, 0, length)).toBe(alone);
  }
});

test('other bytes, other lengths and other keys give other hashes', () => {
  const seen = new Set<string>();
  const hasher = new ByteHasher(KEY);
  for (let length = 0; length < 40; length++) seen.add(hashOf(hasher, new Uint8Array(length)));
  for (let index = 0; index < 40; index++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = new Uint8Array(40);
      bytes[index] = 1 << bit;
      seen.add(hashOf(hasher, bytes));
    }
  }
  seen.add(hashOf(new ByteHasher(KEY.map((word) => word + 1)), new Uint8Array(8)));
  expect(seen.size).toBe(40 + 320 + 1);
});

test('each word alone spreads keys that differ little', () => {
  const hasher = new ByteHasher(KEY);
  const count = 100_000;
  const words = [0, 1, 2, 3].map(() => new Set<number>());
  for (let index = 0; index < count; index++) {
    const bytes = Buffer.from(`node_cpu_seconds_total{cpu="${index}",mode="idle"}`);
    hasher.hash(bytes, 0, bytes.length);
    for (const [lane, word] of hasher.words.entries()) words[lane]!.add(word);
  }
  // Of 100,000 random 32-bit words about 1.2 repeat; 20 would be a wonder.
  for (const distinct of words) expect(distinct.size).toBeGreaterThan(count - 20);
});

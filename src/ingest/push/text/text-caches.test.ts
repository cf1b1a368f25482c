import { expect, test } from 'vitest';
import { TextCaches } from './text-caches.ts';

function fill(caches: TextCaches, labelPairs: readonly string[], series: number): void {
  const cache = caches.for(labelPairs);
  const body = Buffer.from(Array.from({ length: series }, (_, index) => `m_${index}\n`).join(''));
  cache.begin(body);
  for (let start = 0; start < body.length; ) {
    const end = body.indexOf(0x0a, start);
    cache.insert(start, end, 1);
    start = end + 1;
  }
  cache.end();
  caches.trim();
}

test('a sender of many series is remembered whole, where others leave room', () => {
  const caches = new TextCaches(64 << 20);
  fill(caches, ['job', 'a'], 200_000);
  fill(caches, ['job', 'b'], 10);
  expect(caches.for(['job', 'a']).size).toBe(200_000);
  expect(caches.size).toBe(2);
});

test('beyond the bound the longest unused are forgotten, the last used never', () => {
  const caches = new TextCaches(1 << 20);
  for (const job of ['a', 'b', 'c', 'd']) fill(caches, ['job', job], 10_000);
  expect(caches.size).toBeLessThan(4);
  expect(caches.for(['job', 'd']).size).toBe(10_000);
  expect(caches.for(['job', 'a']).size).toBe(0);
});

test('label parameters are remembered for a bounded number', () => {
  const caches = new TextCaches(1 << 20);
  for (let index = 0; index < 1000; index++) caches.for(['job', String(index)]);
  expect(caches.size).toBe(64);
});

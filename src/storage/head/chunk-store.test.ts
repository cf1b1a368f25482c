import { expect, test } from 'vitest';
import { CHUNK_SAMPLES_MAX, ChunkStore, timesAt } from './chunk-store.ts';

/** Where a chunk's memory is, to find overlaps. */
function cells(store: ChunkStore, id: number): string[] {
  const page = store.page(id);
  return Array.from(
    { length: 2 * page.capacity },
    (_, index) => `${page.number}:${timesAt(id) + index}`,
  );
}

test('chunks hold what was asked for and never overlap', () => {
  const store = new ChunkStore();
  const used = new Set<string>();
  for (let index = 0; index < 5000; index++) {
    const samples = 1 + ((index * 37) % CHUNK_SAMPLES_MAX);
    const id = store.allocate(samples);
    expect(store.page(id).capacity).toBeGreaterThanOrEqual(samples);
    expect(store.count(id)).toBe(0);
    if (index % 7 !== 0) continue;
    const mine = cells(store, id);
    expect(mine.filter((cell) => used.has(cell))).toEqual([]);
    for (const cell of mine) used.add(cell);
  }
  expect(store.chunkCount).toBe(5000);
});

test('pages whose chunks are all given back serve another size', () => {
  const store = new ChunkStore();
  const small = Array.from({ length: 10_000 }, () => store.allocate(8));
  const sizeBytes = store.sizeBytes;
  for (const id of small) store.retire(id);
  expect(store.chunkCount).toBe(0);
  for (let index = 0; index < 500; index++) store.allocate(128);
  expect(store.sizeBytes).toBe(sizeBytes);
});

test('what is retired under a pin is used again only after it', () => {
  const store = new ChunkStore();
  const first = store.allocate(128);
  const release = store.pin();
  store.retire(first);
  const later = store.pin();
  expect(store.allocate(128)).not.toBe(first);
  expect(store.chunkCount).toBe(1);
  release();
  // The later pin was taken after the chunk had gone.
  expect(store.allocate(128)).toBe(first);
  expect(store.pinned).toBe(true);
  later();
  later();
  expect(store.pinned).toBe(false);
});

import { expect, test } from 'vitest';
import { equals, readAll, store } from '../../../test/contract/storage-access.ts';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import { Labels } from '../../model/index.ts';
import { FakeClock } from '../../util/index.ts';
import type { EmbeddedStorage } from '../embedded-storage.ts';
import { openStorage } from '../open-storage.ts';

const NOW = 1_700_000_000_000;
const MIB = 1024 * 1024;
/** Filling a memory takes seconds of computing: more on a machine that others use too. */
const TIMEOUT_MS = 90_000;

function open(files: MemoryFileSystem, memory: number): Promise<EmbeddedStorage> {
  // Files in memory are copied with each write: small ones.
  const input = { data_dir: 'data', head_memory_bytes: memory, wal_segment_bytes: 128 * 1024 };
  return openStorage(input, { files, clock: new FakeClock(NOW) });
}

/** Commits new series until one commit is refused; how many were acknowledged. */
async function fill(storage: EmbeddedStorage): Promise<number> {
  const text = 'x'.repeat(200);
  for (let round = 0; ; round++) {
    const appender = storage.appender();
    for (let index = 0; index < 500; index++) {
      const labels = { __name__: 'fill', index: String(index), round: String(round), text };
      const ref = appender.series(Labels.fromObject(labels));
      for (let tick = 0; tick < 20; tick++) appender.samples.push(ref, NOW + tick, Math.sqrt(tick));
    }
    try {
      await appender.commit();
    } catch (error) {
      expect(error).toMatchObject({ code: 'storage_full' });
      return round * 500;
    }
  }
}

test('a full memory refuses what is new, loses nothing, and answers on', {
  timeout: TIMEOUT_MS,
}, async () => {
  const files = new MemoryFileSystem();
  const storage = await open(files, 32 * MIB);
  const count = await fill(storage);
  expect(count).toBeGreaterThan(5000);
  expect(storage.counters()).toMatchObject({ series: count, samples: 20 * count });
  expect(storage.counters().memoryRefusals).toBe(1);
  const used = Object.values(storage.memoryByKind()).reduce((sum, bytes) => sum + bytes, 0);
  expect(used).toBeLessThan(32 * MIB);
  const [found] = await readAll(storage, equals({ round: '0', index: '7' }));
  expect(found?.samples.length).toBe(20);
  // What a delete makes room for can be used again.
  await storage.deleteSeries(equals({ __name__: 'fill' }), {
    minTime: -Infinity,
    maxTime: Infinity,
  });
  await storage.maintain();
  await storage.maintain();
  const labels = Labels.fromObject({ __name__: 'late' });
  await store(storage, labels, [[NOW, 1]]);
  expect(await fill(storage)).toBeGreaterThan(5000);
  await storage.close();
  const again = await open(files, 64 * MIB);
  expect((await readAll(again, equals({ __name__: 'late' }))).length).toBe(1);
  await again.close();
});

test('a store that does not fit any more says so when it is opened', {
  timeout: TIMEOUT_MS,
}, async () => {
  const files = new MemoryFileSystem();
  const storage = await open(files, 64 * MIB);
  await fill(storage);
  await storage.close();
  await expect(open(files, 32 * MIB)).rejects.toMatchObject({ code: 'storage_full' });
  const again = await open(files, 64 * MIB);
  expect(again.counters().series).toBeGreaterThan(0);
  await again.close();
});

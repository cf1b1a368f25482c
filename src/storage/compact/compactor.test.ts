import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ALWAYS, dumpStorage, equals, store } from '../../../test/contract/storage-access.ts';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import { createMatcher, Labels } from '../../model/index.ts';
import { FakeClock } from '../../util/index.ts';
import type { EmbeddedStorage } from '../embedded-storage.ts';
import type { FileSystem } from '../file-system.ts';
import { nodeFileSystem } from '../file-system.ts';
import { openStorage } from '../open-storage.ts';
import type { StorageOptionsInput } from '../options.ts';
import type { BlockMeta } from '../block/block-meta.ts';
import { planMerge } from './plan.ts';

const HOUR = 3_600_000;
const START = 236_111 * 18 * HOUR;
const A = Labels.fromObject({ __name__: 'm', job: 'a' });
const B = Labels.fromObject({ __name__: 'm', job: 'b' });

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

interface Place {
  readonly dataDir: string;
  readonly files: FileSystem;
  readonly clock: FakeClock;
}

async function onDisk(): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidegauge-blocks-'));
  folders.push(dataDir);
  return { dataDir, files: nodeFileSystem, clock: new FakeClock(START) };
}

function open(place: Place, options: StorageOptionsInput = {}): Promise<EmbeddedStorage> {
  const { dataDir, files, clock } = place;
  const input = { out_of_order_window_ms: HOUR, retention_ms: 0, ...options, data_dir: dataDir };
  return openStorage(input, { files, clock });
}

/** A sample of both series every half hour, with the maintenance that comes in between. */
async function live(storage: EmbeddedStorage, { clock }: Place, hours: number): Promise<void> {
  for (let half = 0; half < 2 * hours; half++) {
    await clock.advance(HOUR / 2);
    await store(storage, A, [[clock.now(), half]]);
    await store(storage, B, [[clock.now(), -half]]);
  }
  await storage.maintain();
}

async function blockNames({ dataDir, files }: Place): Promise<string[]> {
  return (await files.list(`${dataDir}/blocks`)).sort();
}

test('small blocks become large ones, and nothing changes for readers', async () => {
  for (const place of [await onDisk(), memory()]) {
    const storage = await open(place);
    await live(storage, place, 44);
    const dump = await dumpStorage(storage);
    expect(dump.length).toBe(2 * 88);
    const names = await blockNames(place);
    // Two of 18 hours, and what is newer in blocks of six and two.
    expect(names.length).toBeLessThan(8);
    expect(names.filter((name) => name.includes('.'))).toEqual([]);
    const part = { minTime: START + 10 * HOUR, maxTime: START + 12 * HOUR };
    const querier = storage.querier();
    const set = await querier.select(equals({ job: 'b' }), part);
    expect(set.length).toBe(1);
    const limits = { ...ALWAYS, maxSeries: 2, maxSamples: 176 };
    expect((await querier.select([], limits)).length).toBe(2);
    const select = querier.select([], { ...limits, maxSamples: 175 });
    await expect(select).rejects.toMatchObject({ code: 'select_limit', kind: 'samples' });
    querier.close();
    await storage.close();
    const again = await open(place);
    expect(await dumpStorage(again)).toEqual(dump);
    expect(await blockNames(place)).toEqual(names);
    await again.close();
  }
});

function memory(): Place {
  return { dataDir: 'data', files: new MemoryFileSystem(), clock: new FakeClock(START) };
}

test('samples of any age go to blocks, however far apart', async () => {
  const place = memory();
  const storage = await open(place);
  const times = [Number.MIN_SAFE_INTEGER, -1, 0, START - 30 * 365 * 24 * HOUR];
  for (const [index, time] of times.entries()) {
    const labels = Labels.fromObject({ __name__: 'old', index: String(index) });
    await store(storage, labels, [[time, index]]);
  }
  await live(storage, place, 4);
  const dump = await dumpStorage(storage);
  expect(dump.length).toBe(times.length + 16);
  expect((await blockNames(place)).length).toBe(5);
  expect(storage.stats()).toMatchObject({ minTime: times[0], sampleCount: dump.length });
  await storage.close();
  const again = await open(place);
  expect(await dumpStorage(again)).toEqual(dump);
  await again.close();
});

test('deletes hide what is in blocks, after a restart and a merge too', async () => {
  const place = memory();
  const storage = await open(place);
  await live(storage, place, 12);
  const range = { minTime: START + 2 * HOUR, maxTime: START + 11 * HOUR };
  expect(await storage.deleteSeries(equals({ job: 'a' }), range)).toBe(1);
  expect(await storage.deleteSeries(equals({ job: 'a' }), range)).toBe(0);
  expect(await storage.deleteSeries([createMatcher('=', 'job', 'b')], ALWAYS)).toBe(1);
  const kept = 24 - 19;
  const check = async (subject: EmbeddedStorage): Promise<void> => {
    expect((await dumpStorage(subject)).length).toBe(kept);
    const querier = subject.querier();
    expect(await querier.labelValues('job', [], ALWAYS)).toEqual(['a']);
    expect(await querier.series([], range)).toEqual([]);
    querier.close();
  };
  await check(storage);
  await storage.checkpoint();
  await storage.close();
  const again = await open(place);
  await check(again);
  await live(again, place, 16);
  expect((await dumpStorage(again)).length).toBe(kept + 64);
  await again.close();
});

test('what deletes hide is freed when that is asked for', async () => {
  for (const place of [await onDisk(), memory()]) {
    const storage = await open(place);
    await live(storage, place, 12);
    const names = await blockNames(place);
    const range = { minTime: START, maxTime: START + 5 * HOUR };
    await storage.deleteSeries(equals({ job: 'a' }), range);
    const dump = await dumpStorage(storage);
    expect(storage.stats().sampleCount).toBeGreaterThan(dump.length);
    const count = await storage.cleanTombstones();
    expect(count).toBeGreaterThan(0);
    expect(await storage.cleanTombstones()).toBe(0);
    // Before, the blocks still had what was hidden.
    expect(storage.stats().sampleCount).toBe(dump.length);
    expect(await blockNames(place)).not.toEqual(names);
    expect(await dumpStorage(storage)).toEqual(dump);
    await storage.close();
    const again = await open(place);
    expect(await dumpStorage(again)).toEqual(dump);
    expect(await again.cleanTombstones()).toBe(0);
    await again.close();
  }
});

test('blocks go by age and by size, the oldest first', async () => {
  const place = memory();
  const aged = await open(place, { retention_ms: 20 * HOUR });
  await live(aged, place, 40);
  const oldest = aged.stats().minTime ?? 0;
  // Blocks are at most two hours long here, and go as a whole.
  expect(oldest).toBeGreaterThanOrEqual(START + 17 * HOUR);
  expect(oldest).toBeLessThanOrEqual(START + 20 * HOUR);
  await aged.close();
  const sized = await open(place, { retention_bytes: 1 });
  await sized.maintain();
  expect(await blockNames(place)).toEqual([]);
  await sized.close();
});

test('a selection under way is finished when the store closes', async () => {
  const place = memory();
  const storage = await open(place);
  await live(storage, place, 8);
  const want = await dumpStorage(storage);
  const querier = storage.querier();
  const reading = querier.select([], ALWAYS);
  await storage.close();
  await expect(reading.then((set) => set.length)).resolves.toBe(2);
  expect(want.length).toBe(32);
});

test('a snapshot is a store of its own', async () => {
  for (const place of [await onDisk(), memory()]) {
    const storage = await open(place);
    await live(storage, place, 10);
    await storage.deleteSeries(equals({ job: 'a' }), { minTime: 0, maxTime: START + 3 * HOUR });
    const dump = await dumpStorage(storage);
    const name = await storage.snapshot();
    expect(name).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
    await storage.deleteSeries([], ALWAYS);
    expect(await dumpStorage(storage)).toEqual([]);
    const copy = await open({ ...place, dataDir: `${place.dataDir}/snapshots/${name}` });
    expect(await dumpStorage(copy)).toEqual(dump);
    await copy.close();
    await storage.close();
  }
});

test('a block that cannot be read is counted and left alone', async () => {
  const place = await onDisk();
  const storage = await open(place);
  await live(storage, place, 6);
  await storage.close();
  const [name] = await blockNames(place);
  await rm(`${place.dataDir}/blocks/${name}/meta.json`);
  const again = await open(place);
  expect(again.stats().corruptionCount).toBe(1);
  expect(await readdir(`${place.dataDir}/blocks/${name}`)).toContain('chunks');
  await again.close();
});

test('plans merge what overlaps, then complete ranges from small to large', () => {
  const block = (name: string, from: number, to: number): BlockMeta => ({
    ...{ version: 1, name, minTime: from * HOUR, maxTime: to * HOUR - 1, cut: 1, level: 1 },
    ...{ sources: [], seriesCount: 1, chunkCount: 1, sampleCount: 1 },
    ...{ indexBytes: 1, chunkBytes: 1 },
  });
  const plan = (blocks: BlockMeta[], maxHours = 18): string[] =>
    planMerge(blocks, 2 * HOUR, maxHours * HOUR).map(({ name }) => name);
  expect(plan([])).toEqual([]);
  expect(plan([block('a', 0, 2), block('b', 2, 4), block('c', 4, 6)])).toEqual([]);
  const four = [block('a', 0, 2), block('b', 2, 4), block('c', 4, 6), block('d', 6, 8)];
  expect(plan(four)).toEqual(['a', 'b', 'c']);
  expect(plan(four, 5)).toEqual([]);
  expect(plan([...four, block('e', 3, 4)])).toEqual(['b', 'e']);
  expect(
    plan([block('a', 0, 6), block('b', 6, 12), block('c', 12, 18), block('d', 18, 20)]),
  ).toEqual(['a', 'b', 'c']);
  expect(plan([block('a', 0, 18), block('d', 18, 20), block('e', 20, 22)])).toEqual([]);
});

import { beforeEach, expect, test } from 'vitest';
import { dumpStorage, store } from '../../../test/contract/storage-access.ts';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import { Labels } from '../../model/index.ts';
import { FakeClock } from '../../util/index.ts';
import type { EmbeddedStorage } from '../embedded-storage.ts';
import { openStorage } from '../open-storage.ts';
import type { StoreReport } from './store-report.ts';
import { checkStore } from './check-store.ts';

const HOUR = 3_600_000;
const START = 236_111 * 2 * HOUR;

let files: MemoryFileSystem;
let clock: FakeClock;

function open(): Promise<EmbeddedStorage> {
  const input = { data_dir: 'data', out_of_order_window_ms: HOUR, retention_ms: 0 };
  return openStorage(input, { files, clock });
}

function check(repair = false): Promise<StoreReport> {
  return checkStore('data', { repair }, { files, clock });
}

/** A store with two blocks, a checkpoint and a log. */
beforeEach(async () => {
  files = new MemoryFileSystem();
  clock = new FakeClock(START);
  const storage = await open();
  for (let tenth = 0; tenth < 60; tenth++) {
    await clock.advance(HOUR / 10);
    for (const job of ['a', 'b']) {
      const labels = Labels.fromObject({ __name__: 'm', job });
      await store(storage, labels, [[clock.now(), tenth / 8]]);
    }
  }
  await storage.maintain();
  await store(storage, Labels.fromObject({ __name__: 'm', job: 'a' }), [[clock.now() + 1, 1]]);
  await storage.close();
});

function pathOf(pattern: RegExp): string {
  const path = files.paths().find((each) => pattern.test(each));
  if (path === undefined) throw new Error(`no file ${pattern}`);
  return path;
}

function flip(pattern: RegExp, at: number): string {
  const path = pathOf(pattern);
  const bytes = files.bytes(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = bytes[index]! ^ 0x10;
  return path.slice('data/'.length);
}

test('a good store has no problems, and is not changed', async () => {
  const before = files.paths();
  const written = files.writtenBytes;
  const report = await check();
  expect(report).toMatchObject({ problems: [], blockCount: 2, chunkCount: 4 });
  expect(report.recordCount).toBeGreaterThan(2);
  expect([files.paths(), files.writtenBytes]).toEqual([before, written]);
});

test('a damaged chunk is named; repair keeps the other samples', async () => {
  const path = flip(/chunks$/, -1);
  const before = files.paths();
  const { problems } = await check();
  expect(problems).toMatchObject([{ path, repair: undefined }]);
  expect(problems[0]?.reason).toContain('wrong checksum');
  expect(problems[0]?.positionBytes).toBeGreaterThan(8);
  expect(files.paths()).toEqual(before);
  const repaired = await check(true);
  expect(repaired.problems[0]?.repair).toContain('written again');
  expect((await check()).problems).toEqual([]);
  const storage = await open();
  const { length } = await dumpStorage(storage);
  // Of 121 samples those of one chunk are gone.
  expect(length).toBeLessThan(121);
  expect(length).toBeGreaterThanOrEqual(121 - 20);
  await storage.close();
});

test('a block whose index is damaged is put aside', async () => {
  flip(/index$/, 30);
  expect((await check()).problems).toHaveLength(1);
  expect((await check(true)).problems[0]?.repair).toContain('quarantine/');
  expect((await check()).problems).toEqual([]);
});

test('damage and a torn end of the log are told apart, by position', async () => {
  const path = pathOf(/wal\/\d+$/);
  const good = files.bytes(path);
  const torn = new Uint8Array(good.length + 3);
  torn.set(good);
  files.put(path, torn);
  const { problems } = await check();
  expect(problems).toMatchObject([{ positionBytes: good.length }]);
  expect(problems[0]?.reason).toContain('never acknowledged');
  await check(true);
  expect((await check()).problems).toEqual([]);
  const part = flip(/part-0000$/, 100);
  expect((await check()).problems).toMatchObject([{ path: part }, {}, {}].slice(0, 1));
  expect((await check(true)).problems[0]?.repair).toBeDefined();
  expect((await check()).problems).toEqual([]);
});

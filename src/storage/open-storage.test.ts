import { beforeEach, describe, expect, test } from 'vitest';
import { dumpStorage, readAll, store } from '../../test/contract/storage-access.ts';
import {
  MemoryFileSystem,
  processCrash,
  systemError,
} from '../../test/support/memory-file-system.ts';
import { encodeOldCommit } from '../../test/support/old-commit-codec.ts';
import { createMatcher, Labels } from '../model/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { crc32c, FakeClock } from '../util/index.ts';
import { SampleBatch, SampleOutcome } from './api.ts';
import type { EmbeddedStorage } from './embedded-storage.ts';
import { openStorage } from './open-storage.ts';
import type { StorageOptionsInput } from './options.ts';
import { ByteWriter } from './wal/byte-writer.ts';
import { beginRecord, encodeFileHeader, endRecord, FileMagic } from './wal/log-file.ts';

const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const A = Labels.fromObject({ __name__: 'm', job: 'a' });
const B = Labels.fromObject({ __name__: 'm', job: 'b' });

let files: MemoryFileSystem;
let clock: FakeClock;
let reports: { message: string; fields: Record<string, unknown> }[];

beforeEach(() => {
  files = new MemoryFileSystem();
  clock = new FakeClock(NOW);
  reports = [];
});

function open(options: StorageOptionsInput = {}): Promise<EmbeddedStorage> {
  const report = (fields: Record<string, unknown>, message: string): void => {
    reports.push({ fields, message });
  };
  const log = { ...silentLogger, warn: report, error: report };
  return openStorage({ data_dir: 'data', ...options }, { files, clock, log });
}

function walNames(): string[] {
  return files
    .paths()
    .filter((path) => path.startsWith('data/wal/'))
    .map((path) => path.slice('data/wal/'.length));
}

/** Commits `count` samples one after another, 1 ms apart. */
async function fill(storage: EmbeddedStorage, labels: Labels, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await store(storage, labels, [[NOW + index, index]]);
}

describe('damage', () => {
  test('a torn end is cut, reported by position and bytes, and written over', async () => {
    const storage = await open();
    await fill(storage, A, 3);
    const before = await dumpStorage(storage);
    await storage.close();
    const path = 'data/wal/00000001';
    const good = files.bytes(path);
    const torn = new Uint8Array(good.length + 5);
    torn.set(good);
    files.put(path, torn);
    const again = await open();
    expect(await dumpStorage(again)).toEqual(before);
    expect(again.recovery).toMatchObject({ tornBytes: 5, corruptionCount: 0 });
    expect(reports).toEqual([
      {
        message: 'the last write to the log was not finished; it was cut off',
        fields: { path: '00000001', positionBytes: good.length, lostBytes: 5 },
      },
    ]);
    await store(again, A, [[NOW + 9, 9]]);
    await again.close();
    const third = await open();
    expect((await dumpStorage(third)).length).toBe(4);
    expect(third.recovery.tornBytes).toBe(0);
    await third.close();
  });

  test('a damaged middle loses what depends on it, is counted, and put aside', async () => {
    const storage = await open({ wal_segment_bytes: 4096 });
    await fill(storage, A, 300);
    const whole = await dumpStorage(storage);
    await storage.close();
    const path = 'data/wal/00000001';
    const bytes = files.bytes(path);
    const middle = bytes.length >>> 1;
    bytes[middle] = bytes[middle]! ^ 0x10;
    const again = await open();
    const left = await dumpStorage(again);
    // What is before it in its segment, and all of the next segments.
    expect(left.length).toBeGreaterThan(100);
    expect(left.length).toBeLessThan(300);
    expect(whole).toEqual(expect.arrayContaining(left));
    expect(left).toContain(whole[0]);
    expect(left).toContain(whole.at(-1));
    expect(again.stats().corruptionCount).toBe(1);
    expect(reports.map(({ message }) => message)).toEqual([
      'the log is damaged; what was there is lost, the file is put aside',
      'a damaged file was put aside',
    ]);
    await again.close();
    expect(files.paths().filter((each) => each.includes('quarantine'))).toEqual([
      `data/quarantine/00000001-${NOW}`,
    ]);
    const third = await open();
    expect(await dumpStorage(third)).toEqual(left);
    expect(third.stats().corruptionCount).toBe(0);
    await third.close();
  });

  test('damage stays where it is when the checkpoint for it cannot be written', async () => {
    const storage = await open();
    await fill(storage, A, 9);
    await storage.close();
    const bytes = files.bytes('data/wal/00000001');
    bytes[bytes.length - 50]! ^= 1;
    files.onOperation = (operation) => {
      if (operation === 'rename') throw systemError('EIO', 'the disk failed');
    };
    const again = await open();
    const left = await dumpStorage(again);
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(9);
    files.onOperation = () => {};
    await again.close();
    const third = await open();
    expect(third.stats().corruptionCount).toBe(1);
    expect(await dumpStorage(third)).toEqual(left);
    await third.close();
  });

  test('a damaged checkpoint gives what can be read of it, loudly', async () => {
    const storage = await open();
    await fill(storage, A, 3);
    await storage.checkpoint();
    await store(storage, B, [[NOW, 1]]);
    await storage.close();
    const bytes = files.bytes('data/wal/checkpoint-00000001/part-0000');
    bytes[40] = bytes[40]! ^ 1;
    const again = await open();
    expect((await readAll(again)).map(({ labels }) => labels)).toEqual([B]);
    expect(again.stats().corruptionCount).toBeGreaterThan(0);
    await again.close();
    expect(files.paths().some((path) => path.startsWith('data/quarantine/checkpoint-'))).toBe(true);
  });

  test('a missing segment is reported', async () => {
    const storage = await open({ wal_segment_bytes: 4096 });
    await fill(storage, A, 500);
    await storage.close();
    expect(walNames().length).toBeGreaterThan(3);
    await files.remove('data/wal/00000002');
    const again = await open();
    expect(reports[0]?.message).toBe('segments of the log are missing');
    expect(again.stats().corruptionCount).toBe(1);
    await again.close();
  });

  test('a segment of version 1 is read, and not written to any more', async () => {
    const path = 'data/wal/00000001';
    files.put(path, oldSegment());
    const storage = await open();
    const line = (await dumpStorage(storage))[0];
    expect(line).toContain(A.toString());
    await store(storage, A, [[NOW + 1, 2]]);
    await storage.close();
    expect(files.bytes(path)).toEqual(oldSegment());
    expect(walNames()).toEqual(['00000001', '00000002']);
    const again = await open();
    expect(again.recovery.corruptionCount).toBe(0);
    const lines = await dumpStorage(again);
    expect(lines.length).toBe(2);
    expect(lines[0]).toBe(line);
    await again.close();
  });

  test('files of a newer version are refused and left alone', async () => {
    const header = encodeFileHeader(FileMagic.SEGMENT, 1);
    files.put('data/wal/00000001', header);
    const storage = await open();
    await storage.close();
    const newer = encodeHeader(99);
    files.put('data/wal/00000001', newer);
    await expect(open()).rejects.toMatchObject({ code: 'storage_failed' });
    expect(files.bytes('data/wal/00000001')).toEqual(newer);
    // The lock is given back.
    files.put('data/wal/00000001', header);
    await (await open()).close();
  });
});

describe('a disk that fails', () => {
  test('a disk that stays full is said once, and that it is well again', async () => {
    const storage = await open();
    files.freeBytes = 30;
    for (let time = 0; time < 3; time++) {
      await expect(store(storage, A, [[NOW, 1]])).rejects.toThrow('no space left');
    }
    files.freeBytes = Infinity;
    await store(storage, A, [[NOW, 1]]);
    const said = reports.filter(({ message }) => message.startsWith('the log can'));
    expect(said.map(({ message }) => message)).toEqual([
      'the log cannot be written; samples are refused until it can',
      'the log can be written again',
    ]);
    expect(said[1]?.fields).toEqual({ refusedGroups: 3 });
    await storage.close();
  });

  test('when full, refuses what is new, reads on, and resumes by itself', async () => {
    const storage = await open();
    await fill(storage, A, 3);
    const before = await dumpStorage(storage);
    const size = files.bytes('data/wal/00000001').length;
    files.freeBytes = 30;
    await expect(store(storage, B, [[NOW, 1]])).rejects.toMatchObject({ code: 'storage_full' });
    expect(await dumpStorage(storage)).toEqual(before);
    expect(files.bytes('data/wal/00000001').length).toBe(size);
    expect(storage.counters().walFailedGroups).toBe(1);
    files.freeBytes = Infinity;
    await store(storage, B, [[NOW, 1]]);
    expect((await dumpStorage(storage)).length).toBe(4);
    await storage.close();
    const again = await open();
    expect((await dumpStorage(again)).length).toBe(4);
    expect(again.recovery).toMatchObject({ tornBytes: 0, corruptionCount: 0 });
    await again.close();
  });

  test('what was refused does not come back, also when it could not be cut off', async () => {
    const storage = await open();
    await store(storage, A, [[NOW, 1]]);
    let broken = true;
    files.onOperation = (operation) => {
      if (broken && (operation === 'sync' || operation === 'truncate')) {
        throw systemError('EIO', 'the disk failed');
      }
    };
    await expect(store(storage, A, [[NOW + 1, 2]])).rejects.toMatchObject({
      code: 'storage_failed',
    });
    await expect(store(storage, A, [[NOW + 2, 3]])).rejects.toThrow('the disk failed');
    broken = false;
    await store(storage, A, [[NOW + 3, 4]]);
    await storage.close();
    const again = await open();
    expect((await readAll(again))[0]?.samples.map(([time]) => time)).toEqual([NOW, NOW + 3]);
    await again.close();
  });

  test('what was refused is cut off before the log goes on in another segment, or closes', async () => {
    const check = async (
      goOn: (storage: EmbeddedStorage) => Promise<unknown>,
      options: StorageOptionsInput,
      want: readonly number[],
    ): Promise<void> => {
      files = new MemoryFileSystem();
      const storage = await open(options);
      await store(storage, A, [[NOW, 1]]);
      let broken = true;
      files.onOperation = (operation) => {
        if (broken && (operation === 'sync' || operation === 'truncate')) {
          throw systemError('EIO', 'the disk failed');
        }
      };
      await expect(store(storage, A, [[NOW + 1, 2]])).rejects.toThrow('the disk failed');
      broken = false;
      await goOn(storage);
      files = files.crashed(processCrash);
      const again = await open(options);
      expect((await readAll(again))[0]?.samples.map(([time]) => time)).toEqual(want);
      expect(again.recovery).toMatchObject({ tornBytes: 0, corruptionCount: 0 });
      await again.close();
    };
    const fat = Labels.fromObject({ __name__: 'fat', text: 'x'.repeat(5000) });
    await check((storage) => store(storage, fat, [[NOW, 1]]), { wal_segment_bytes: 4096 }, [NOW]);
    await check((storage) => storage.close(), {}, [NOW]);
    const full = async (storage: EmbeddedStorage): Promise<void> => {
      files.freeBytes = 20;
      await expect(storage.checkpoint()).rejects.toMatchObject({ code: 'storage_full' });
    };
    await check(full, {}, [NOW]);
  });

  test('a close that cannot sync says so, and lets go of file and folder', async () => {
    const storage = await open();
    await store(storage, A, [[NOW, 1]]);
    files.onOperation = (operation) => {
      if (operation === 'sync') throw systemError('EIO', 'the disk failed');
    };
    await expect(storage.close()).rejects.toThrow('the disk failed');
    expect(files.openCount).toBe(0);
    expect(files.paths()).not.toContain('data/lock');
  });

  test('a checkpoint that fails leaves the log and nothing else', async () => {
    const storage = await open();
    await fill(storage, A, 3);
    files.freeBytes = 40;
    await expect(storage.checkpoint()).rejects.toMatchObject({ code: 'storage_full' });
    files.freeBytes = Infinity;
    expect(walNames().filter((name) => name.includes('checkpoint'))).toEqual([]);
    await storage.close();
    const again = await open();
    expect((await dumpStorage(again)).length).toBe(3);
    await again.close();
  });
});

describe('the log', () => {
  test('one sync serves all commits that wait for it', async () => {
    const storage = await open({ group_commit_max_ms: 500 });
    let syncs = 0;
    files.onOperation = (operation) => {
      if (operation === 'sync') syncs++;
    };
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => store(storage, A, [[NOW + index, 1]])),
    );
    expect(syncs).toBe(1);
    // Twenty at once were load: what comes within the group's time is gathered.
    const first = store(storage, A, [[NOW + 50, 1]]);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(syncs).toBe(1);
    await Promise.all([first, store(storage, A, [[NOW + 51, 1]])]);
    expect(syncs).toBe(2);
    // Few were in the last group: nothing is waited for.
    await store(storage, A, [[NOW + 60, 1]]);
    expect(syncs).toBe(3);
    await storage.close();
  });

  test('with fsync none, nothing is synced before close', async () => {
    const storage = await open({ fsync: 'none' });
    let syncs = 0;
    files.onOperation = (operation) => {
      if (operation === 'sync') syncs++;
    };
    await fill(storage, A, 5);
    expect(syncs).toBe(0);
    await storage.close();
    expect(syncs).toBe(1);
  });

  test('is replaced by a checkpoint when it is large', async () => {
    const storage = await open({ wal_segment_bytes: 4096, checkpoint_bytes: 16_384 });
    await fill(storage, A, 1000);
    await storage.close();
    expect(storage.counters().checkpoints).toBeGreaterThan(0);
    const segments = walNames().filter((name) => !name.startsWith('checkpoint-'));
    expect(segments.length).toBeLessThan(8);
    const again = await open();
    expect((await dumpStorage(again)).length).toBe(1000);
    expect(again.recovery.checkpointBytes).toBeGreaterThan(0);
    await again.close();
  });

  test('goes on in its last segment after a restart', async () => {
    for (let round = 0; round < 3; round++) {
      const storage = await open();
      await store(storage, A, [[NOW + round, 1]]);
      await storage.close();
    }
    expect(walNames()).toEqual(['00000001']);
  });

  test('refs are never given to another series, also after a restart', async () => {
    const storage = await open();
    await store(storage, A, [[NOW, 1]]);
    await storage.checkpoint();
    await storage.close();
    const again = await open();
    const appender = again.appender();
    expect(appender.series(B)).not.toBe(appender.series(A));
    appender.rollback();
    await again.close();
  });
});

test('without retention too, times are whole milliseconds that a number holds exactly', async () => {
  const storage = await open({ retention_ms: 0 });
  const least = Number.MIN_SAFE_INTEGER;
  const result = await store(storage, A, [
    [-Infinity, 1],
    [-(2 ** 63), 1],
    [NaN, 1],
    [least - 1, 1],
    [least, 1],
    [-1, 1],
    [2 ** 63, 1],
  ]);
  const { STORED, OUT_OF_BOUNDS } = SampleOutcome;
  const refused = Array<number>(4).fill(OUT_OF_BOUNDS);
  expect([...(result.outcomes ?? [])]).toEqual([...refused, STORED, STORED, OUT_OF_BOUNDS]);
  expect(storage.stats()).toMatchObject({ minTime: least, maxTime: -1, sampleCount: 2 });
  await storage.close();
});

test('an exemplar from the far future does not keep out those that follow', async () => {
  const storage = await open();
  await store(storage, A, [[NOW, 1]]);
  for (const timestamp of [NOW + DAY_MS, NaN, NOW]) {
    const appender = storage.appender();
    appender.addExemplar(appender.series(A), { labelPairs: ['t', 'x'], value: 1, timestamp });
    await appender.commit();
  }
  const range = { minTime: -Infinity, maxTime: Infinity };
  const [found] = storage.exemplars([[]], range);
  expect(found?.exemplars.map(({ timestamp }) => timestamp)).toEqual([NOW]);
  expect(storage.counters()).toMatchObject({ exemplarsDropped: 2, series: 1, samples: 1 });
  await storage.close();
});

describe('retention', () => {
  test('drops old chunks, then series that nobody uses, and lasts', async () => {
    const options = { retention_ms: DAY_MS, out_of_order_window_ms: DAY_MS };
    const storage = await open(options);
    await store(storage, A, [[NOW, 1]]);
    await store(storage, B, [[NOW, 1]]);
    const appender = storage.appender();
    const oldRef = appender.series(A);
    appender.rollback();
    await clock.advance(DAY_MS + 1);
    await store(storage, B, [[NOW + DAY_MS, 2]]);
    await storage.maintain();
    await storage.maintain();
    expect((await readAll(storage)).map(({ labels }) => labels)).toEqual([B]);
    expect(storage.stats()).toMatchObject({ seriesCount: 1, labelPairCount: 2 });
    const late = storage.appender();
    late.samples.push(oldRef, NOW + DAY_MS, 3);
    late.samples.push(late.series(A), NOW, 3);
    const { outcomes } = await late.commit();
    expect([...(outcomes ?? [])]).toEqual([
      SampleOutcome.UNKNOWN_SERIES,
      SampleOutcome.OUT_OF_BOUNDS,
    ]);
    const before = await dumpStorage(storage);
    await storage.close();
    const again = await open(options);
    expect(await dumpStorage(again)).toEqual(before);
    expect(again.stats()).toMatchObject({ seriesCount: 1, sampleCount: before.length });
    await again.close();
  });

  test('runs by itself', async () => {
    const storage = await open({ retention_ms: DAY_MS });
    await store(storage, A, [[NOW, 1]]);
    await clock.advance(DAY_MS + 3 * 5 * 60_000);
    expect(storage.stats().sampleCount).toBe(0);
    await storage.close();
    expect(clock.pending).toBe(0);
  });

  test('a reader that holds a dropped series still knows its labels', async () => {
    const storage = await open({ retention_ms: DAY_MS });
    await store(storage, A, [[NOW, 1]]);
    const querier = storage.querier();
    const selecting = querier.select([createMatcher('=', 'job', 'a')], {
      minTime: NOW,
      maxTime: NOW,
    });
    await clock.advance(2 * DAY_MS);
    expect((await selecting).labels(0)).toEqual(A);
    querier.close();
    await storage.close();
  });
});

/** The header of a segment of version 2, with its right checksum. */
function encodeHeader(version: number): Uint8Array {
  const header = encodeFileHeader(FileMagic.SEGMENT, 1);
  const view = new DataView(header.buffer);
  view.setUint32(4, version, true);
  view.setUint32(12, crc32c(header, 0, 12), true);
  return header;
}

/** A segment of version 1 with one sample of series A. */
function oldSegment(): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes(encodeHeader(1));
  const start = beginRecord(writer);
  const samples = new SampleBatch();
  samples.push(1, NOW, 1);
  encodeOldCommit(writer, {
    bounds: { minTime: 0, maxTime: NOW, windowMs: 0 },
    series: [{ ref: 1, labels: A }],
    samples,
    ...{ histograms: [], exemplars: [], metadata: [], state: [] },
  });
  endRecord(writer, start);
  return writer.written().slice();
}

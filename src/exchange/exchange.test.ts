import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dumpStorage, readAll } from '../../test/contract/storage-access.ts';
import { floatColumns, histogramSeries, meaningOf } from '../../test/support/series-arbitraries.ts';
import { openTemporaryStorage } from '../../test/support/temporary-storage.ts';
import type { TimedHistogram } from '../formats/tsdb/index.ts';
import { IndexReader, TsdbError, writeTombstones } from '../formats/tsdb/index.ts';
import { HIGH_WORD, Labels, LOW_WORD, SampleColumns } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';
import { FakeClock } from '../util/index.ts';
import { BLOCK_RANGE_MS, exportPrometheus } from './export-prometheus.ts';
import { IMPORT_STORAGE_OPTIONS, importPrometheus } from './import-prometheus.ts';

const NOW = 1_700_000_000_000;
const START = Math.ceil(NOW / BLOCK_RANGE_MS) * BLOCK_RANGE_MS;

let folder = '';
let folders = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-exchange-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A folder that nothing has used. */
function fresh(): string {
  return join(folder, String(folders++));
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly floats?: SampleColumns;
  readonly histograms?: readonly TimedHistogram[];
}

/** Opens a store with these samples, runs `body`, and removes it. */
async function withStore(
  series: readonly Series[],
  body: (storage: Storage) => Promise<void>,
): Promise<void> {
  const temporary = await openTemporaryStorage(IMPORT_STORAGE_OPTIONS);
  try {
    const { storage } = temporary;
    const appender = storage.appender();
    for (const { labels, floats, histograms = [] } of series) {
      const ref = appender.series(Labels.fromObject(labels));
      for (let at = 0; at < (floats?.length ?? 0); at++) {
        const { timestamps, words } = floats!;
        const low = words[2 * at + LOW_WORD]!;
        appender.samples.pushBits(ref, timestamps[at]!, low, words[2 * at + HIGH_WORD]!);
      }
      for (const { timestamp, histogram } of histograms) {
        appender.addHistogram(ref, timestamp, histogram);
      }
    }
    await appender.commit();
    await body(storage);
  } finally {
    await temporary.remove();
  }
}

function exported(
  storage: Storage,
  directory: string,
  more: Partial<Parameters<typeof exportPrometheus>[0]> = {},
): ReturnType<typeof exportPrometheus> {
  let count = 0;
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(count++);
  return exportPrometheus({ storage, directory, clock: new FakeClock(NOW), random, ...more });
}

/** One line for each sample, floats by their bits. */
async function contents(storage: Storage): Promise<string[]> {
  const lines = await dumpStorage(storage);
  for (const { labels, histograms } of await readAll(storage)) {
    for (const sample of histograms) lines.push(`${labels.toString()} ${meaningOf(sample)}`);
  }
  return lines;
}

/** Samples every 15 s: `count` of them from a time on, with these values. */
function column(from: number, count: number, value: (at: number) => number): SampleColumns {
  const columns = new SampleColumns(count);
  for (let at = 0; at < count; at++) columns.push(from + 15_000 * at, value(at));
  return columns;
}

test('what is exported and imported again is the same, bit for bit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(floatColumns(300), { maxLength: 4 }),
      fc.array(histogramSeries, { maxLength: 3 }),
      async (columns, histogramLists) => {
        const series: Series[] = [
          ...columns.map((floats, at) => ({ labels: { __name__: 'f', at: `${at}` }, floats })),
          ...histogramLists.map((histograms, at) => ({
            // One that sorts before the name, and the two beside each other.
            labels: { __name__: `h${at % 2}`, ...(at === 0 ? { A: 'first' } : {}), z: `${at}` },
            histograms,
          })),
        ];
        await withStore(series, async (storage) => {
          const directory = fresh();
          const { blocks } = await exported(storage, directory, { segmentBytesMax: 5000 });
          for (const { minTime, maxTime } of blocks) {
            expect(Math.floor(maxTime / BLOCK_RANGE_MS)).toBe(Math.floor(minTime / BLOCK_RANGE_MS));
          }
          const wanted = await contents(storage);
          if (wanted.length === 0) return;
          await withStore([], async (other) => {
            const result = await importPrometheus({ storage: other, directory });
            expect(await contents(other)).toEqual(wanted);
            expect(result.tally.stored).toBe(wanted.length);
            expect(result.blockCount).toBe(blocks.length);
            // Again: nothing changes.
            const again = await importPrometheus({ storage: other, directory });
            expect(again.tally).toMatchObject({ stored: 0, duplicate: wanted.length });
            expect(await contents(other)).toEqual(wanted);
          });
        });
      },
    ),
    { numRuns: 12 },
  );
});

test('times outside the range are left out, times without samples make no blocks', async () => {
  const floats = column(START, 10, (at) => at);
  for (let at = 0; at < 5; at++) floats.push(START + 1000 * BLOCK_RANGE_MS + at, at);
  await withStore([{ labels: { __name__: 'm' }, floats }], async (storage) => {
    const all = await exported(storage, fresh());
    expect(all.blocks.map(({ minTime, maxTime }) => [minTime - START, maxTime - START])).toEqual([
      [0, 135_000],
      [1000 * BLOCK_RANGE_MS, 1000 * BLOCK_RANGE_MS + 4],
    ]);
    const range = { minTime: START + 15_000, maxTime: START + 45_000 };
    const part = await exported(storage, fresh(), { range });
    expect(part.blocks.map(({ stats }) => stats.floatSampleCount)).toEqual([3]);
    const none = await exported(storage, fresh(), { range: { maxTime: START - 1 } });
    expect(none.blocks).toEqual([]);
  });
});

test('a folder that is in use is left alone', async () => {
  const directory = fresh();
  await mkdir(directory);
  await writeFile(join(directory, 'notes.txt'), 'mine');
  await withStore([], async (storage) => {
    await expect(exported(storage, directory)).rejects.toMatchObject({ code: 'export_target' });
    await expect(exported(storage, join(directory, 'notes.txt'))).rejects.toMatchObject({
      code: 'export_target',
    });
    await expect(importPrometheus({ storage, directory })).rejects.toMatchObject({
      code: 'import_source',
    });
    await expect(
      importPrometheus({ storage, directory: join(directory, 'nowhere') }),
    ).rejects.toMatchObject({ code: 'import_source' });
  });
  expect(await readdir(directory)).toEqual(['notes.txt']);
});

/** Exports a small store; the folder and that of its only block. */
async function oneBlock(): Promise<{ directory: string; block: string }> {
  const directory = fresh();
  const series = ['a', 'b'].map((job) => ({
    labels: { __name__: 'm', job },
    floats: column(START, 200, (at) => at),
  }));
  let block = '';
  await withStore(series, async (storage) => {
    const { blocks } = await exported(storage, directory);
    block = join(directory, blocks[0]!.ulid);
  });
  return { directory, block };
}

test('deleted samples stay deleted', async () => {
  const { directory, block } = await oneBlock();
  const index = new IndexReader(await readFile(join(block, 'index')), 'index');
  const ref = index.allSeries()[0]!;
  const ranges = [{ minTime: START + 15_000, maxTime: START + 45_000 }];
  await writeFile(join(block, 'tombstones'), writeTombstones(new Map([[ref, ranges]])));
  await withStore([], async (storage) => {
    const result = await importPrometheus({ storage, directory });
    expect(result.deletedSampleCount).toBe(3);
    expect(result.tally.stored).toBe(397);
    const [first] = await readAll(storage);
    expect(first!.samples.slice(0, 3).map(([time]) => time - START)).toEqual([0, 60_000, 75_000]);
  });
});

test('folders that are no blocks are passed over, one block alone is imported', async () => {
  const { directory, block } = await oneBlock();
  await cp(block, `${block}.tmp-for-deletion`, { recursive: true });
  await mkdir(join(directory, '01ARZ3NDEKTSV4RRFFQ69G5FAV'));
  for (const from of [directory, block]) {
    await withStore([], async (storage) => {
      const result = await importPrometheus({ storage, directory: from });
      expect(result).toMatchObject({ blockCount: 1, tally: { stored: 400, duplicate: 0 } });
    });
  }
});

test('a damaged block is refused with its place', async () => {
  const check = async (file: string, at: number, problem: RegExp): Promise<void> => {
    const { directory, block } = await oneBlock();
    const path = join(block, file);
    const bytes = await readFile(path);
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    await writeFile(path, bytes);
    await withStore([], async (storage) => {
      const refusal = importPrometheus({ storage, directory }).catch((error: unknown) => error);
      const error = await refusal;
      expect(error, file).toBeInstanceOf(TsdbError);
      expect((error as TsdbError).message).toMatch(problem);
      expect((error as TsdbError).file).toBe(path);
    });
  };
  await check('index', 0, /it begins/);
  await check('index', -1, /checksum/);
  await check('chunks/000001', 0, /it begins/);
  await check('chunks/000001', 4, /chunks of version/);
  await check('chunks/000001', 30, /checksum/);
  await check('tombstones', 8, /checksum/);
  await check('meta.json', 0, /it is no JSON/);
});

test('chunks that the index points beyond are refused', async () => {
  const { directory, block } = await oneBlock();
  const path = join(block, 'chunks/000001');
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, bytes.length - 10));
  await withStore([], async (storage) => {
    await expect(importPrometheus({ storage, directory })).rejects.toThrow(
      new RegExp(`${path}, byte \\d+: `),
    );
  });
});

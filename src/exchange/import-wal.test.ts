import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAll } from '../../test/contract/storage-access.ts';
import { openTemporaryStorage } from '../../test/support/temporary-storage.ts';
import {
  SegmentBuilder,
  samplesRecord,
  seriesRecord,
  tombstonesRecord,
} from '../../test/support/wal-builder.ts';
import { PAGE_BYTES } from '../formats/tsdb/index.ts';
import type { ImportResult } from './import-prometheus.ts';
import { IMPORT_STORAGE_OPTIONS, importPrometheus } from './import-prometheus.ts';
import type { WalTally } from './import-wal.ts';

const TIME = 1_700_000_000_000;

let folder = '';
let folders = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-wal-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

type Records = readonly Uint8Array[];

function segment(records: Records): Uint8Array {
  const builder = new SegmentBuilder();
  for (const record of records) builder.record(record);
  return builder.bytes();
}

/** Writes files, imports their folder, and says what the store then has: `labels times`. */
async function imported(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<{ result: ImportResult; wal: WalTally; stored: Record<string, number[]> }> {
  const directory = join(folder, String(folders++));
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
  const temporary = await openTemporaryStorage(IMPORT_STORAGE_OPTIONS);
  try {
    const result = await importPrometheus({ storage: temporary.storage, directory });
    const stored: Record<string, number[]> = {};
    for (const { labels, samples } of await readAll(temporary.storage)) {
      stored[labels.toString()] = samples.map(([time]) => time - TIME);
    }
    return { result, wal: result.wals[0]!.tally, stored };
  } finally {
    await temporary.remove();
  }
}

const A = seriesRecord([[1, '__name__', 'a']]);
const B = seriesRecord([[2, '__name__', 'b', 'job', 'x']]);

test('a checkpoint, then the segments after it', async () => {
  const { wal, stored } = await imported({
    'wal/checkpoint.00000001/00000000': segment([A, B, samplesRecord([[1, TIME + 10, 1]])]),
    // Older ones are on their way out.
    'wal/checkpoint.00000000/00000000': segment([samplesRecord([[1, TIME + 1, 1]])]),
    'wal/00000001': segment([samplesRecord([[1, TIME + 2, 1]])]),
    'wal/00000002': segment([
      samplesRecord([
        [2, TIME + 20, 1],
        [1, TIME + 20, 1],
      ]),
    ]),
    'wal/00000003': segment([samplesRecord([[1, TIME + 30, 1]])]),
  });
  expect(stored).toEqual({ a: [10, 20, 30], 'b{job="x"}': [20] });
  expect(wal).toMatchObject({ orphanCount: 0, torn: undefined, corrupt: undefined });
});

test('series after their samples, samples without series, deletions, unknown records', async () => {
  const { wal, stored } = await imported({
    'wal/00000000': segment([
      samplesRecord([1, 2, 3, 4].map((at) => [1, TIME + at, at] as const)),
      samplesRecord([[9, TIME, 1]]),
      A,
      tombstonesRecord([[1, TIME + 2, TIME + 3]]),
      Uint8Array.of(99, 1, 2, 3),
    ]),
  });
  expect(stored).toEqual({ a: [1, 4] });
  expect(wal).toMatchObject({
    recordCount: 5,
    orphanCount: 1,
    deletedSampleCount: 2,
    unknownRecordCount: 1,
    corrupt: undefined,
  });
});

test('samples out of order have a log of their own', async () => {
  const { stored } = await imported({
    'wal/00000000': segment([A, samplesRecord([[1, TIME + 100, 1]])]),
    'wbl/00000000': segment([
      samplesRecord([
        [1, TIME + 50, 1],
        [1, TIME + 20, 1],
      ]),
      // A marker for what has gone to memory-mapped chunks.
      Uint8Array.of(5, ...new Uint8Array(16)),
    ]),
  });
  expect(stored).toEqual({ a: [20, 50, 100] });
});

test('a torn tail is cut off', async () => {
  const whole = segment([A, samplesRecord([[1, TIME + 1, 1]]), samplesRecord([[1, TIME + 2, 1]])]);
  const { wal, stored } = await imported({ 'wal/00000000': whole.subarray(0, whole.length - 3) });
  expect(stored).toEqual({ a: [1] });
  expect(wal.corrupt).toBeUndefined();
  expect(wal.torn?.message).toMatch(/wal\/00000000, byte \d+: it ends/);
  expect(wal.torn?.lostSegments).toBe(0);
});

test('damage in the middle ends the reading, with what it costs', async () => {
  const many = (from: number): Records =>
    Array.from({ length: 3000 }, (_, at) => samplesRecord([[1, TIME + from + at, at]]));
  const first = segment([A, ...many(0)]);
  const second = segment(many(3000));
  expect(first.length).toBeGreaterThan(2 * PAGE_BYTES);
  first[PAGE_BYTES + 100]! ^= 1;
  const { wal, stored } = await imported({ 'wal/00000000': first, 'wal/00000001': second });
  const times = stored['a']!;
  expect(times).toEqual(times.map((_, at) => at));
  expect(times.length).toBeGreaterThan(500);
  expect(times.length).toBeLessThan(1500);
  expect(wal.torn).toBeUndefined();
  expect(wal.corrupt?.message).toMatch(/wal\/00000000, byte \d+: checksum/);
  expect(wal.corrupt?.lostSegments).toBe(1);
  expect(wal.corrupt?.lostBytes).toBeGreaterThan(second.length + first.length - PAGE_BYTES - 300);
  expect(wal.corrupt?.lostBytes).toBeLessThan(second.length + first.length - PAGE_BYTES);
});

test('a torn tail that is not the last segment is damage', async () => {
  const whole = segment([A, samplesRecord([[1, TIME + 1, 1]])]);
  const { wal } = await imported({
    'wal/00000000': whole.subarray(0, whole.length - 3),
    'wal/00000001': segment([samplesRecord([[1, TIME + 2, 1]])]),
  });
  expect(wal.torn).toBeUndefined();
  expect(wal.corrupt?.lostSegments).toBe(1);
});

test('a folder of segments is a log, too', async () => {
  const { stored } = await imported({
    '00000000': segment([A, samplesRecord([[1, TIME + 1, 1]])]),
  });
  expect(stored).toEqual({ a: [1] });
});

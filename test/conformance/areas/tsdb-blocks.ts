import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ImportResult } from '../../../src/exchange/index.ts';
import {
  IMPORT_STORAGE_OPTIONS,
  importPrometheus,
  readBlockSeries,
} from '../../../src/exchange/index.ts';
import {
  decodeChunk,
  encodeSeriesChunks,
  IndexReader,
  readChunk,
} from '../../../src/formats/tsdb/index.ts';
import type { FloatHistogram, Span } from '../../../src/model/index.ts';
import { createMatcher, SampleColumns } from '../../../src/model/index.ts';
import type { Queryable } from '../../../src/storage/api.ts';
import { promtoolDump } from '../../support/promtool-dump.ts';
import { openTemporaryStorage } from '../../support/temporary-storage.ts';
import {
  type ConformanceArea,
  type ConformanceCase,
  ConformanceFailure,
  checkSame,
} from '../area.ts';

const ALWAYS = { minTime: 0, maxTime: 2 ** 52 };

/** Blocks and write-ahead logs that Prometheus wrote, imported into a store. */
export const area: ConformanceArea = {
  name: 'tsdb-blocks',
  async cases(root) {
    const folder = join(root, 'tsdb-blocks');
    const block = async (path: string): Promise<string> => {
      const names = await readdir(join(folder, path));
      return join(folder, path, names.find((name) => name !== 'wal') ?? '');
    };
    const native = join(root, 'http-api/live/native-instant.json');
    return [
      ...dumped(folder, 'own-demo', 'blocks', 'blocks'),
      ...dumped(folder, 'own-live-native', 'blocks', 'blocks'),
      ...dumped(folder, 'own-live-wal', 'the write-ahead log', ''),
      histogramsOfBlock(folder),
      histogramsOfWal(folder, native),
      {
        file: 'prometheus-snapshot-2434-series',
        name: 'the expected answer',
        run: async () => checkSnapshot(await block('prometheus-snapshot-2434-series/snapshots')),
      },
      {
        file: 'thanos-downsampled',
        name: 'the raw block is imported, the downsampled ones are not',
        run: () => checkThanos(join(folder, 'thanos-downsampled')),
      },
      {
        file: 'index-format-v1',
        name: 'an index of version 1',
        run: () => checkVersion1(join(folder, 'index-format-v1')),
      },
      ...['own-demo/blocks', 'own-live-native/blocks'].map((path) => ({
        file: path,
        name: 'chunks are encoded again as they were',
        run: async () => checkEncodedAgain(await block(path)),
      })),
    ];
  },
};

/** The dump of everything that an import of the folder stores is that of its golden file. */
function dumped(folder: string, file: string, name: string, path: string): ConformanceCase[] {
  return [
    {
      file,
      name: `${name}: every float sample`,
      run: () =>
        withImport(join(folder, file, path), async (storage) => {
          const golden = gunzipSync(await readFile(join(folder, file, 'dump.txt.gz')));
          checkLines(await promtoolDump(storage), golden.toString('utf8').trimEnd().split('\n'));
        }),
    },
  ];
}

function checkLines(got: readonly string[], wanted: readonly string[]): void {
  checkSame(`${got.length} samples`, `${wanted.length} samples`);
  for (const [index, line] of wanted.entries()) checkSame(got[index] ?? '', line);
}

async function withImport(
  directory: string,
  check: (storage: Queryable, result: ImportResult) => Promise<void>,
): Promise<void> {
  const temporary = await openTemporaryStorage(IMPORT_STORAGE_OPTIONS);
  try {
    const { storage } = temporary;
    const result = await importPrometheus({ storage, directory });
    const { refused, conflict } = result.tally;
    checkSame(`${refused} refused, ${conflict} in conflict`, '0 refused, 0 in conflict');
    for (const { tally } of result.wals) {
      checkSame(`damage: ${tally.corrupt?.message ?? tally.torn?.message}`, 'damage: undefined');
    }
    await check(storage, result);
  } finally {
    await temporary.remove();
  }
}

/** The snapshot was taken of the server whose log is there too: two encodings of the same. */
function histogramsOfBlock(folder: string): ConformanceCase {
  return {
    file: 'own-live-native',
    name: 'the native histograms, against those of the write-ahead log',
    run: async () => {
      let inLog: ReadonlySet<string> = new Set();
      await withImport(join(folder, 'own-live-wal'), async (storage) => {
        inLog = new Set(await histogramTexts(storage));
      });
      await withImport(join(folder, 'own-live-native/blocks'), async (storage, { tally }) => {
        checkSame(`${tally.stored} samples`, '101428 samples');
        const found = await histogramTexts(storage);
        checkSame(`${found.length} histograms`, '258 histograms');
        const other = found.find((text) => !inLog.has(text));
        checkSame(other ?? 'all in the log', 'all in the log');
      });
    },
  };
}

/** The log goes on beyond the block: up to the histogram that a query answered with. */
function histogramsOfWal(folder: string, nativePath: string): ConformanceCase {
  return {
    file: 'own-live-wal',
    name: 'the native histograms, against the answer to a query',
    run: () =>
      withImport(join(folder, 'own-live-wal'), async (storage) => {
        const answer = JSON.parse(await readFile(nativePath, 'utf8')) as NativeAnswer;
        for (const { metric, histogram } of answer.body.data.result) {
          const [seconds, wanted] = histogram;
          const found = await histogramAt(storage, metric, 1000 * seconds);
          const counts = found === undefined ? [] : populated(found);
          checkSame(
            `${found?.count} ${found?.sum} ${counts.join(' ')}`,
            `${wanted.count} ${wanted.sum} ${wanted.buckets.map((bucket) => bucket[3]).join(' ')}`,
          );
        }
      }),
  };
}

interface NativeAnswer {
  readonly body: {
    readonly data: {
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly histogram: readonly [
          number,
          { count: string; sum: string; buckets: readonly (readonly [number, ...string[]])[] },
        ];
      }[];
    };
  };
}

async function histogramAt(
  storage: Queryable,
  metric: Readonly<Record<string, string>>,
  timeMs: number,
): Promise<FloatHistogram | undefined> {
  const matchers = Object.entries(metric).map(([name, value]) => createMatcher('=', name, value));
  const querier = storage.querier();
  try {
    const set = await querier.select(matchers, { minTime: 0, maxTime: timeMs });
    return set.length === 0 ? undefined : set.histograms(0).at(-1)?.histogram;
  } finally {
    querier.close();
  }
}

/** Counts of the buckets that are not empty, from the lowest upwards. */
function populated(histogram: FloatHistogram): number[] {
  return [
    ...histogram.negativeBuckets.toReversed(),
    histogram.zeroCount,
    ...histogram.positiveBuckets,
  ].filter((count) => count > 0);
}

/** Every histogram with its series and time; buckets by their index, empty ones left out. */
async function histogramTexts(storage: Queryable): Promise<string[]> {
  const querier = storage.querier();
  try {
    const set = await querier.select([createMatcher('=~', '__name__', '.*')], ALWAYS);
    const texts: string[] = [];
    for (let index = 0; index < set.length; index++) {
      const labels = set.labels(index).toString();
      for (const { timestamp, histogram } of set.histograms(index)) {
        texts.push(`${labels} ${timestamp} ${histogram === undefined ? 'stale' : show(histogram)}`);
      }
    }
    return texts;
  } finally {
    querier.close();
  }
}

function show(histogram: FloatHistogram): string {
  const { schema, zeroThreshold, zeroCount, count, sum, customValues } = histogram;
  const sides = [
    side(histogram.positiveSpans, histogram.positiveBuckets),
    side(histogram.negativeSpans, histogram.negativeBuckets),
  ];
  return JSON.stringify([schema, zeroThreshold, zeroCount, count, sum, customValues, ...sides]);
}

function side(spans: readonly Span[], buckets: readonly number[]): string[] {
  const indices = spans.flatMap(({ length }, at) => {
    const before = spans.slice(0, at).reduce((sum, span) => sum + span.offset + span.length, 0);
    return Array.from({ length }, (_, within) => before + spans[at]!.offset + within);
  });
  return buckets.flatMap((count, at) => (count === 0 ? [] : [`${indices[at]}:${count}`]));
}

async function checkSnapshot(directory: string): Promise<void> {
  await withImport(directory, async (storage, { tally }) => {
    checkSame(`${tally.stored} samples`, '2434 samples');
    const path = join(directory, '../../expected_response.json');
    const expected = JSON.parse(await readFile(path, 'utf8')) as ExpectedAnswer;
    const dump = await promtoolDump(storage);
    const wanted = expected.data.result.flatMap(({ metric, values }) => {
      const labels = Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1));
      const text = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
      return values.map(([seconds, value]) => `{${text}} ${value} ${Math.round(1000 * seconds)}`);
    });
    // The answer is of a selector that finds only these.
    checkLines(dump.filter((line) => wanted.includes(line)).sort(), wanted.sort());
  });
}

interface ExpectedAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

async function checkThanos(directory: string): Promise<void> {
  await withImport(directory, async (_storage, { tally, blockCount, skippedBlocks }) => {
    const skipped = skippedBlocks.map(({ reason }) => reason).sort();
    checkSame(
      `${blockCount} block, ${tally.stored} samples; ${skipped.join('; ')}`,
      '1 block, 480 samples; it is downsampled to 300000 ms by Thanos; ' +
        'it is downsampled to 3600000 ms by Thanos',
    );
  });
  // Their chunks are not taken for samples either.
  for (const name of await readdir(directory, { withFileTypes: true })) {
    if (!name.isDirectory() || name.name.startsWith('01KKS78P6')) continue;
    for await (const series of readBlockSeries(join(directory, name.name))) {
      checkSame(
        `${series.floats.length} samples, ${series.unknownChunkCount} chunks unknown`,
        '0 samples, 1 chunks unknown',
      );
    }
  }
}

async function checkVersion1(directory: string): Promise<void> {
  await withImport(directory, async (storage, { tally }) => {
    checkSame(`${tally.stored} samples`, '102 samples');
    const bars = Array.from({ length: 100 }, (_, value) => `{bar="${value}"} 0 0`);
    const wanted = [...bars, '{foo="bar"} 2 1', '{foo="baz"} 4 3'];
    checkLines((await promtoolDump(storage)).sort(), wanted.sort());
  });
}

/** Prometheus 2.42 ends some chunks with a byte that no sample needs. */
async function checkEncodedAgain(directory: string): Promise<void> {
  const index = new IndexReader(await readFile(join(directory, 'index')), 'index');
  const segment = await readFile(join(directory, 'chunks/000001'));
  const source = { file: 'chunks/000001' };
  for (const ref of index.allSeries()) {
    const { labels, chunks } = index.series(ref);
    for (const { offset } of chunks) {
      const chunk = readChunk(segment, offset, source);
      const floats = new SampleColumns();
      const histograms = decodeChunk(chunk, source, floats);
      const wanted = segment.subarray(chunk.start, chunk.end).toString('hex');
      const again = [...encodeSeriesChunks(floats, histograms)].map(({ data }) =>
        Buffer.from(data).toString('hex'),
      );
      if (again[0] !== wanted && `${again[0]}00` !== wanted) {
        throw new ConformanceFailure(`${labels.toString()}: ${wanted}`, again.join(' '));
      }
    }
  }
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkMeta, DeletedRange, TimedHistogram, Tombstones } from '../formats/tsdb/index.ts';
import {
  decodeChunk,
  IndexReader,
  isDeleted,
  readTombstones,
  TsdbError,
} from '../formats/tsdb/index.ts';
import type { Labels } from '../model/index.ts';
import { SampleColumns } from '../model/index.ts';
import { ChunkSource } from './chunk-source.ts';

/** One series of a block, as `readBlockSeries` gives it. */
export interface BlockSeries {
  readonly labels: Labels;
  /** Float samples; the columns are used again for the next series. */
  readonly floats: SampleColumns;
  readonly histograms: readonly TimedHistogram[];
  /** Times that were deleted, both inclusive; the samples are not there any more. */
  readonly deleted: readonly DeletedRange[];
  readonly deletedSampleCount: number;
  /** Chunks of an encoding that is not known here, left out. */
  readonly unknownChunkCount: number;
}

const NOTHING_DELETED: readonly DeletedRange[] = [];

/** Reads a block series by series, in the order of their labels. @throws TsdbError */
export async function* readBlockSeries(
  folder: string,
): AsyncGenerator<BlockSeries, void, undefined> {
  const indexPath = join(folder, 'index');
  const index = new IndexReader(await readFile(indexPath), indexPath);
  const tombstones = await readTombstonesFile(join(folder, 'tombstones'));
  const source = new ChunkSource(folder);
  const floats = new SampleColumns();
  try {
    for (const ref of index.allSeries()) {
      const { labels, chunks } = index.series(ref);
      floats.reset();
      const deleted = tombstones.get(ref) ?? NOTHING_DELETED;
      const read = await readChunks(source, chunks, floats);
      const before = floats.length + read.histograms.length;
      const histograms = dropDeleted(floats, read.histograms, deleted);
      yield {
        labels,
        floats,
        histograms,
        deleted,
        deletedSampleCount: before - floats.length - histograms.length,
        unknownChunkCount: read.unknownChunkCount,
      };
    }
  } finally {
    await source.close();
  }
}

async function readTombstonesFile(path: string): Promise<Tombstones> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw error;
  }
  return readTombstones(bytes, path);
}

async function readChunks(
  source: ChunkSource,
  chunks: readonly ChunkMeta[],
  floats: SampleColumns,
): Promise<{ histograms: readonly TimedHistogram[]; unknownChunkCount: number }> {
  const histograms: TimedHistogram[] = [];
  let unknownChunkCount = 0;
  for (const meta of chunks) {
    const { chunk, file, base } = await source.read(meta);
    try {
      histograms.push(...decodeChunk(chunk, { file, base }, floats));
    } catch (error) {
      if (!(error instanceof TsdbError) || error.code !== 'tsdb_unsupported') throw error;
      unknownChunkCount++;
    }
  }
  return { histograms, unknownChunkCount };
}

/** Takes deleted samples out of `floats`; returns the histograms that are left. */
function dropDeleted(
  floats: SampleColumns,
  histograms: readonly TimedHistogram[],
  deleted: readonly DeletedRange[],
): readonly TimedHistogram[] {
  if (deleted.length === 0) return histograms;
  const { timestamps, words } = floats;
  let kept = 0;
  for (let at = 0; at < floats.length; at++) {
    if (isDeleted(deleted, timestamps[at] ?? 0)) continue;
    timestamps.copyWithin(kept, at, at + 1);
    words.copyWithin(2 * kept, 2 * at, 2 * at + 2);
    kept++;
  }
  floats.length = kept;
  return histograms.filter(({ timestamp }) => !isDeleted(deleted, timestamp));
}

import { messageOf, SampleColumns } from '../../model/index.ts';
import type { HistogramSample } from '../api.ts';
import { Block } from '../block/block.ts';
import type { IndexEntry } from '../block/block-index.ts';
import type { BlockMeta } from '../block/block-meta.ts';
import { decodeBlockMeta } from '../block/block-meta.ts';
import { readTombstones } from '../block/block-set.ts';
import type { ChunkRef } from '../block/index-writer.ts';
import type { FileSystem } from '../file-system.ts';
import type { ReportBuilder } from './store-report.ts';

const ALWAYS = { minTime: -Infinity, maxTime: Infinity };

/** A block whose index can be read; chunks may be damaged. */
export interface CheckedBlock {
  readonly block: Block;
  readonly meta: BlockMeta;
  readonly isDamaged: boolean;
}

/**
 * Reads everything in a block. Returns it, still open, where its index can be read.
 * `path` is within the data folder.
 */
export async function checkBlock(
  files: FileSystem,
  dataDir: string,
  path: string,
  report: ReportBuilder,
): Promise<CheckedBlock | undefined> {
  const full = `${dataDir}/${path}`;
  report.blockCount++;
  let block: Block | undefined;
  try {
    const meta = decodeBlockMeta(`${path}/meta.json`, await files.read(`${full}/meta.json`));
    await readTombstones(files, full);
    block = await Block.open(files, full, meta);
    report.bytes += meta.indexBytes + meta.chunkBytes;
    const before = report.problems.length;
    await checkContents(block, meta, path, report);
    return { block, meta, isDamaged: report.problems.length > before };
  } catch (error) {
    await block?.close();
    report.add(path, `the block cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

async function checkContents(
  block: Block,
  meta: BlockMeta,
  path: string,
  report: ReportBuilder,
): Promise<void> {
  const { index } = block;
  let sampleCount = 0;
  let chunkCount = 0;
  let damagedCount = 0;
  const ordinals = Array.from({ length: index.seriesCount }, (_, ordinal) => ordinal);
  for (const entry of index.entries(ordinals)) {
    checkPostings(block, entry);
    for (const chunk of entry.chunks) {
      chunkCount++;
      sampleCount += index.columns[chunk.column]!.count;
      try {
        await readChunk(block, chunk, new SampleColumns(), []);
      } catch (error) {
        damagedCount++;
        report.add(`${path}/chunks`, messageOf(error), chunk.offset);
      }
    }
  }
  report.chunkCount += chunkCount;
  if (damagedCount > 0) return;
  if (sampleCount !== meta.sampleCount || chunkCount !== meta.chunkCount) {
    report.add(
      `${path}/meta.json`,
      `says ${meta.sampleCount} samples in ${meta.chunkCount} chunks, ` +
        `there are ${sampleCount} in ${chunkCount}`,
    );
  }
}

/** A series must be found by each of its labels. @throws Error */
function checkPostings({ index }: Block, entry: IndexEntry): void {
  for (const [at, nameId] of entry.shape.entries()) {
    const rank = entry.values[at]!;
    if (rank >= index.names[nameId]!.valueCount) {
      throw new Error(`series ${entry.ordinal} has a value that is not in the index`);
    }
    if (!has(index.postings(nameId, rank), entry.ordinal)) {
      const label = `${index.names[nameId]!.text}=${index.value(nameId, rank)}`;
      throw new Error(`series ${entry.ordinal} is not among those with ${label}`);
    }
  }
}

function has(ordinals: Uint32Array, wanted: number): boolean {
  let low = 0;
  let high = ordinals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ordinals[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return ordinals[low] === wanted;
}

/** Appends what a chunk holds. @throws StorageError where it is damaged. */
export async function readChunk(
  block: Block,
  chunk: ChunkRef,
  samples: SampleColumns,
  histograms: HistogramSample[],
): Promise<void> {
  const times = await block.times(chunk.column);
  const [body] = await block.readChunks([chunk]);
  if (body === undefined) return;
  if (chunk.isHistogram) histograms.push(...block.decodeHistograms(chunk, body, times));
  else block.decodeFloats(chunk, body, times, ALWAYS, samples);
}

import { SampleColumns } from '../../model/index.ts';
import type { Block } from '../block/block.ts';
import { Block as OpenBlock } from '../block/block.ts';
import type { BlockMeta } from '../block/block-meta.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { BlockOrigin } from '../block/block-writer.ts';
import { BlockWriter } from '../block/block-writer.ts';
import type { FileSystem } from '../file-system.ts';
import { Pacer } from '../pacer.ts';
import { LabelSets } from '../reader/label-sets.ts';
import type { Part } from '../reader/series-merge.ts';
import { SeriesMerge } from '../reader/series-merge.ts';
import { Hiding } from '../reader/block-series.ts';
import type { IndexEntry } from '../block/block-index.ts';

/** Series whose chunks are read together. */
const BATCH_SERIES = 256;

/** A series of one of the blocks. */
interface Origin {
  readonly block: number;
  readonly entry: IndexEntry;
}

/**
 * Writes one block of the samples of several, without those that deletes hide. Of samples of one
 * time the first stored stays. Undefined where nothing is left. @throws StorageError
 */
export async function mergeBlocks(
  files: FileSystem,
  blocksDir: string,
  refs: readonly BlockRef[],
  origin: BlockOrigin,
): Promise<BlockMeta | undefined> {
  const open: Block[] = [];
  let writer: BlockWriter | undefined;
  try {
    for (const { path, meta } of refs) open.push(await OpenBlock.open(files, path, meta));
    writer = await BlockWriter.create(files, blocksDir, origin);
    await new Merge(refs, open).writeTo(writer);
    return await writer.finish();
  } catch (error) {
    await writer?.abandon().catch(() => {});
    throw error;
  } finally {
    for (const block of open) await block.close().catch(() => {});
  }
}

class Merge {
  readonly #refs: readonly BlockRef[];
  readonly #blocks: readonly Block[];
  readonly #hiding: readonly Hiding[];
  readonly #sets = new LabelSets();
  readonly #origins: Origin[][] = [];
  readonly #samples = new SampleColumns();
  readonly #merge = new SeriesMerge();

  constructor(refs: readonly BlockRef[], blocks: readonly Block[]) {
    this.#refs = refs;
    this.#blocks = blocks;
    this.#hiding = refs.map((ref) => new Hiding(ref));
  }

  async writeTo(writer: BlockWriter): Promise<void> {
    await this.#findSeries();
    for (let from = 0; from < this.#sets.size; from += BATCH_SERIES) {
      const to = Math.min(this.#sets.size, from + BATCH_SERIES);
      await this.#writeBatch(writer, from, to);
    }
  }

  async #findSeries(): Promise<void> {
    const pacer = new Pacer();
    for (const [block, { index }] of this.#blocks.entries()) {
      for (const entry of index.entries(ordinals(index.seriesCount))) {
        const series = this.#sets.add(index.pairs(entry));
        if (series === this.#origins.length) this.#origins.push([]);
        this.#origins[series]!.push({ block, entry });
        if (pacer.due()) await pacer.pause();
      }
    }
  }

  async #writeBatch(writer: BlockWriter, from: number, to: number): Promise<void> {
    const pacer = new Pacer();
    const parts = await this.#readParts(from, to);
    for (let series = from; series < to; series++) {
      const samples = this.#samples;
      samples.reset();
      const mine = parts[series - from]!;
      this.#merge.floats(mine, ALL_TIMES, samples);
      const histograms = this.#merge.histograms(mine, ALL_TIMES);
      writer.addSeries(this.#sets.pairs(series), samples, histograms);
      if (writer.isFull) await writer.flush();
      if (pacer.due()) await pacer.pause();
    }
  }

  /** The packed chunks of some series, read block by block. */
  async #readParts(from: number, to: number): Promise<Part[][]> {
    const parts: Part[][] = Array.from({ length: to - from }, () => []);
    for (const [number, block] of this.#blocks.entries()) {
      const wanted: { series: number; chunk: Part['chunk'] }[] = [];
      for (let series = from; series < to; series++) {
        for (const { block: each, entry } of this.#origins[series]!) {
          if (each !== number) continue;
          for (const chunk of entry.chunks) wanted.push({ series, chunk });
        }
      }
      const bodies = await block.readChunks(wanted.map(({ chunk }) => chunk));
      for (const [index, { series, chunk }] of wanted.entries()) {
        parts[series - from]!.push({
          block,
          chunk,
          hidden: this.#hiding[number]!.of(this.#sets.pairs(series)),
          times: await block.times(chunk.column),
          body: bodies[index]!,
          cut: this.#refs[number]!.meta.cut,
        });
      }
    }
    return parts;
  }
}

const ALL_TIMES = { minTime: -Infinity, maxTime: Infinity };

function* ordinals(count: number): IterableIterator<number> {
  for (let ordinal = 0; ordinal < count; ordinal++) yield ordinal;
}

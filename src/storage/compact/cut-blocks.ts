import type { KernelHandle, KernelReader } from '../../kernel/index.ts';
import { connectKernelReader } from '../../kernel/index.ts';
import { createMatcher, METRIC_NAME, SampleColumns } from '../../model/index.ts';
import type { HistogramSample } from '../api.ts';
import type { BlockMeta } from '../block/block-meta.ts';
import { blockName } from '../block/block-names.ts';
import { BlockWriter } from '../block/block-writer.ts';
import type { FileSystem } from '../file-system.ts';
import { shardOf } from '../head/shard-of.ts';
import { SeriesIndexReader } from '../index/series-index-reader.ts';
import { Pacer } from '../pacer.ts';
import { alignToRange, BLOCK_RANGE_MS } from './block-range.ts';

/** Series that are read before anything else gets its turn, and memory of the head is let go. */
const SLICE_SERIES = 64;

/** What is to be written to blocks, as plain data for any thread. */
export interface CutTask {
  readonly kind: 'cut';
  readonly blocksDir: string;
  /** The shards of the head, each through a reading area for this task alone. */
  readonly shards: readonly KernelHandle[];
  /** Histograms of the head, by ref, of times before `end`. */
  readonly histograms: ReadonlyMap<number, readonly HistogramSample[]>;
  /** Time of the oldest sample. */
  readonly oldest: number;
  /** Samples before this time, which must not change meanwhile, go to blocks. */
  readonly end: number;
  readonly cut: number;
  /** For the names of blocks. */
  readonly nowMs: number;
}

/**
 * Writes the old samples of a head to blocks, reading the head in place; the blocks are durable
 * when it resolves. On an error none of them stays. @throws StorageError
 */
export async function cutBlocks(files: FileSystem, task: CutTask): Promise<readonly BlockMeta[]> {
  const { blocksDir, oldest, end, cut, nowMs } = task;
  const source = new CutSource(task);
  const metas: BlockMeta[] = [];
  try {
    for (let from = alignToRange(oldest); from < end; ) {
      const to = from + BLOCK_RANGE_MS;
      const origin = { name: blockName(nowMs), cut, level: 1, sources: [] };
      const writer = await BlockWriter.create(files, blocksDir, origin);
      let next: number;
      try {
        next = await source.writeTo(writer, from, to);
        const meta = await writer.finish();
        if (meta !== undefined) metas.push(meta);
      } catch (error) {
        await writer.abandon().catch(() => {});
        throw error;
      }
      // Late samples may be years away from the others.
      from = alignToRange(next);
    }
    return metas;
  } catch (error) {
    for (const { name } of metas) await files.remove(`${blocksDir}/${name}`).catch(() => {});
    throw error;
  } finally {
    source.close();
  }
}

interface Shard {
  readonly kernel: KernelReader;
  readonly index: SeriesIndexReader;
}

/** The samples of a head before some time, series of one metric together. */
class CutSource {
  readonly #end: number;
  readonly #shards: readonly Shard[];
  readonly #histograms: CutTask['histograms'];
  readonly #order: readonly Uint32Array[];
  readonly #samples = new SampleColumns();

  constructor({ shards, histograms, end }: CutTask) {
    this.#end = end;
    this.#histograms = histograms;
    this.#shards = shards.map((handle) => {
      const kernel = connectKernelReader(handle);
      return { kernel, index: new SeriesIndexReader(kernel.slab()) };
    });
    this.#order = this.#reading(() => this.#byMetric());
  }

  close(): void {
    for (const { kernel } of this.#shards) kernel.close();
  }

  /** Writes samples `[from, to)`; returns the time of the first one after, `end` without one. */
  async writeTo(writer: BlockWriter, from: number, to: number): Promise<number> {
    const pacer = new Pacer();
    let next = this.#end;
    for (const refs of this.#order) {
      for (let at = 0; at < refs.length; at += SLICE_SERIES) {
        const some = refs.subarray(at, at + SLICE_SERIES);
        this.#reading(() => {
          for (const ref of some) {
            this.#write(writer, ref, from, to);
            next = Math.min(next, this.#firstTime(ref, to));
          }
        });
        if (writer.isFull) await writer.flush();
        if (pacer.dueNow()) await pacer.pause();
      }
    }
    return next;
  }

  #write(writer: BlockWriter, ref: number, from: number, to: number): void {
    const { kernel, index } = this.#shard(ref);
    // Before the samples: of a series that goes meanwhile there are no samples then.
    const pairs = index.pairs(ref);
    this.#samples.reset();
    kernel.read(ref, from, to - 1, this.#samples);
    const histograms = this.#histogramsWithin(ref, from, to);
    if (this.#samples.length + histograms.length > 0) {
      writer.addSeries(pairs, this.#samples, histograms);
    }
  }

  #firstTime(ref: number, from: number): number {
    const [histogram] = this.#histogramsWithin(ref, from, this.#end);
    const first = histogram?.timestamp ?? this.#end;
    const { kernel } = this.#shard(ref);
    if (from >= this.#end || kernel.count(ref, from, this.#end - 1) === 0) return first;
    this.#samples.reset();
    kernel.read(ref, from, this.#end - 1, this.#samples);
    return this.#samples.length === 0 ? first : Math.min(first, this.#samples.timestamps[0]!);
  }

  #histogramsWithin(ref: number, from: number, to: number): readonly HistogramSample[] {
    const all = this.#histograms.get(ref);
    if (all === undefined) return [];
    return all.filter(({ timestamp }) => timestamp >= from && timestamp < to);
  }

  /** Refs of one metric after another: queries read those of one, mostly. */
  #byMetric(): Uint32Array[] {
    const lists = new Map<string, Uint32Array[]>();
    const add = (metric: string, refs: Uint32Array): void => {
      const list = lists.get(metric);
      if (list === undefined) lists.set(metric, [refs]);
      else list.push(refs);
    };
    const nameless = createMatcher('=', METRIC_NAME, '');
    for (const { index } of this.#shards) {
      for (const value of index.values(METRIC_NAME)) add(value.text, value.refs());
      add('', index.select([nameless]));
    }
    return [...lists.values()].flat();
  }

  #shard(ref: number): Shard {
    return this.#shards[shardOf(ref, this.#shards.length)]!;
  }

  #reading<T>(read: () => T): T {
    for (const { kernel } of this.#shards) kernel.begin();
    try {
      return read();
    } finally {
      for (const { kernel } of this.#shards) kernel.end();
    }
  }
}

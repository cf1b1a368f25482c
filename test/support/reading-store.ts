import { randomBytes } from 'node:crypto';
import type { Kernel, KernelReader } from '../../src/kernel/index.ts';
import { connectKernelReader, createKernel, KERNEL_KEY_BYTES } from '../../src/kernel/index.ts';
import type { FloatHistogram, Labels } from '../../src/model/index.ts';
import { SampleColumns } from '../../src/model/index.ts';
import { SampleBatch } from '../../src/storage/api.ts';
import { BlockWriter } from '../../src/storage/block/block-writer.ts';
import type { BlockRef } from '../../src/storage/block/block-set.ts';
import type { FileSystem } from '../../src/storage/file-system.ts';
import type { HistogramView } from '../../src/storage/head/histogram-timeline.ts';
import { HistogramTimeline } from '../../src/storage/head/histogram-timeline.ts';
import { RemovalCount } from '../../src/storage/head/removal-count.ts';
import { shardOf } from '../../src/storage/head/shard-of.ts';
import { SeriesIndexWriter } from '../../src/storage/index/series-index-writer.ts';
import type { HeadSource } from '../../src/storage/reader/head-source.ts';
import { StoreReading } from '../../src/storage/reader/store-reading.ts';

const FOREVER = 2 ** 50;

interface Shard {
  readonly kernel: Kernel;
  readonly index: SeriesIndexWriter;
  readonly reader: KernelReader;
}

/** `[labels, time, value]` */
export type Sample = readonly [labels: Labels, timestamp: number, value: number];

/**
 * The least of a store that can be read: head kernels, label index and blocks, without a log. What
 * it does between two awaits is one moment, as in the store itself.
 */
export class ReadingStore implements HeadSource {
  readonly shards: readonly Shard[];
  readonly removals = new RemovalCount();
  readonly reading: StoreReading;
  blocks: BlockRef[] = [];
  /** Leases that have not been released. */
  leaseCount = 0;
  readonly #histograms = new Map<number, HistogramTimeline>();
  readonly #files: FileSystem;
  readonly #dir: string;
  #nextRef = 1;
  #cut = 0;

  constructor(files: FileSystem, dir: string, shardCount = 1) {
    this.#files = files;
    this.#dir = dir;
    this.shards = Array.from({ length: shardCount }, () => {
      const kernel = createKernel({ maxBytes: 2 ** 28, key: randomBytes(KERNEL_KEY_BYTES) });
      const index = new SeriesIndexWriter(kernel.slab());
      return { kernel, index, reader: connectKernelReader(kernel.openReader()) };
    });
    this.reading = new StoreReading({ head: this, blocks: this, files });
  }

  lease() {
    this.leaseCount++;
    let released = false;
    return {
      blocks: this.blocks,
      release: () => {
        if (!released) this.leaseCount--;
        released = true;
      },
    };
  }

  histograms(ref: number): HistogramView | undefined {
    return this.#histograms.get(ref)?.view();
  }

  /**
   * One commit; series are made as need be. Late samples go in without a window. `between` is
   * called when half of the samples are stored.
   */
  commit(samples: readonly Sample[], between: () => void = () => {}): void {
    const half = samples.length >>> 1;
    for (const { kernel } of this.shards) kernel.beginCommit();
    this.#append(samples.slice(0, half));
    between();
    this.#append(samples.slice(half));
    for (const { kernel } of this.shards) kernel.endCommit();
  }

  addHistogram(labels: Labels, timestamp: number, histogram: FloatHistogram | undefined): void {
    const ref = this.ref(labels);
    const { kernel } = this.#shard(ref);
    kernel.setHistogramFlag(ref, true);
    let timeline = this.#histograms.get(ref);
    if (timeline === undefined) {
      timeline = new HistogramTimeline();
      this.#histograms.set(ref, timeline);
    }
    timeline.insert(timestamp, histogram);
    kernel.touchSeries(ref, timestamp);
  }

  /** The ref of a series, which is made if need be. */
  ref(labels: Labels): number {
    for (const { index } of this.shards) {
      const known = index.find(labels);
      if (known !== 0) return known;
    }
    const ref = this.#nextRef++;
    const { kernel, index } = this.#shard(ref);
    kernel.createSeries(ref);
    index.enter(ref, labels);
    return ref;
  }

  /** Goes on with refs of the next shard. */
  skipRefs(): void {
    this.#nextRef = ((this.#nextRef >>> 10) + 1) << 10;
  }

  remove(labels: Labels): void {
    const ref = this.ref(labels);
    const { kernel, index } = this.#shard(ref);
    this.removals.add();
    index.remove(new Set([ref]));
    kernel.removeSeries(ref);
    this.#histograms.delete(ref);
    this.removals.add();
  }

  removeRange(labels: Labels, minTime: number, maxTime: number): void {
    const ref = this.ref(labels);
    this.#shard(ref).kernel.removeRange(ref, minTime, maxTime);
    this.removals.add();
  }

  /** Takes samples before `end` out to a block; waits for reads that began before. */
  async cut(end: number, turn: () => Promise<void>): Promise<void> {
    this.blocks = [...this.blocks, await this.#writeBlock(end)];
    this.reading.publish(end);
    for (const { kernel } of this.shards) {
      kernel.reclaim();
      const epoch = kernel.epoch();
      while (kernel.readersBefore(epoch)) await turn();
    }
    for (const { kernel, index } of this.shards) {
      for (const ref of index.reader.select([])) kernel.dropBefore(ref, end);
      this.removals.add();
      kernel.reclaim();
    }
    this.reading.publish(-Infinity);
  }

  #append(samples: readonly Sample[]): void {
    const batches = this.shards.map(() => new SampleBatch());
    for (const [labels, timestamp, value] of samples) {
      const ref = this.ref(labels);
      batches[shardOf(ref, this.shards.length)]!.push(ref, timestamp, value);
    }
    for (const [number, { kernel }] of this.shards.entries()) {
      const body = kernel.openBody();
      body.setColumns(batches[number]!);
      body.append({ minTime: -FOREVER, maxTime: FOREVER, windowMs: FOREVER });
      body.release();
    }
  }

  async #writeBlock(end: number): Promise<BlockRef> {
    const origin = { name: `block-${++this.#cut}`, cut: this.#cut, level: 1, sources: [] };
    const writer = await BlockWriter.create(this.#files, this.#dir, origin);
    for (const { index, reader } of this.shards) {
      for (const ref of index.reader.select([])) {
        const samples = new SampleColumns();
        reader.read(ref, -FOREVER, end - 1, samples);
        if (samples.length > 0) writer.addSeries(index.reader.pairs(ref), samples, []);
      }
    }
    const meta = await writer.finish();
    if (meta === undefined) throw new Error(`there is nothing before ${end}`);
    return { path: `${this.#dir}/${meta.name}`, meta, tombstones: [] };
  }

  #shard(ref: number): Shard {
    return this.shards[shardOf(ref, this.shards.length)]!;
  }
}

import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockStats, ChunkMeta, RandomBytes } from '../formats/tsdb/index.ts';
import { createUlid, encodeSeriesChunks, IndexWriter } from '../formats/tsdb/index.ts';
import type { Labels } from '../model/index.ts';
import {
  createMatcher,
  CUSTOM_BUCKETS_SCHEMA,
  messageOf,
  METRIC_NAME,
  SampleColumns,
} from '../model/index.ts';
import type { Querier, SeriesSet, Storage, TimeRange } from '../storage/api.ts';
import type { Clock } from '../util/index.ts';
import { compareUtf8, makeFolder } from '../util/index.ts';
import { BlockWriter } from './block-writer.ts';
import { ExchangeError } from './errors.ts';

/** Blocks begin at multiples of this, as the first ones that Prometheus writes do. */
export const BLOCK_RANGE_MS = 2 * 3_600_000;

export interface ExportOptions {
  /** What is exported; nothing may be written to it meanwhile. */
  readonly storage: Pick<Storage, 'querier' | 'stats'>;
  /** Gets the blocks; made if need be, else it must be empty. */
  readonly directory: string;
  /** Samples of these times only; default: all. */
  readonly range?: Partial<TimeRange>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Size at which the next file of chunks is begun; default 512 MiB. */
  readonly segmentBytesMax?: number;
  readonly onProgress?: (progress: ExportProgress) => void;
}

export interface ExportProgress {
  readonly blockCount: number;
  readonly seriesCount: number;
  readonly sampleCount: number;
  /** How much of the time to be exported is done, 0 to 1. */
  readonly done: number;
}

export interface ExportedBlock {
  readonly ulid: string;
  /** Times of its first and last sample, integer milliseconds. */
  readonly minTime: number;
  readonly maxTime: number;
  readonly stats: BlockStats;
}

export interface ExportResult {
  readonly blocks: readonly ExportedBlock[];
  /** Histograms with custom buckets, which Prometheus reads from version 3 on. */
  readonly customHistogramCount: number;
}

/**
 * Writes everything stored as blocks of Prometheus, each of at most two hours: XOR and histogram
 * chunks, index version 2. Values are kept bit for bit. Exemplars and metadata have no place in
 * blocks. Blocks that are whole stay when it fails.
 * @throws ExchangeError when the folder cannot take an export.
 */
export async function exportPrometheus(options: ExportOptions): Promise<ExportResult> {
  await prepareDirectory(options.directory);
  const querier = options.storage.querier();
  try {
    return await new Exporter(options, querier).run();
  } finally {
    querier.close();
  }
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    makeFolder(directory);
    if ((await readdir(directory)).length === 0) {
      // Prometheus makes it by itself, but its promtool takes no folder without one.
      await mkdir(join(directory, 'wal'));
      return;
    }
  } catch (error) {
    const problem = `cannot export to ${directory}: ${messageOf(error)}`;
    throw new ExchangeError('export_target', problem, { cause: error });
  }
  throw new ExchangeError('export_target', `${directory} has files in it, wanted an empty folder`);
}

class Exporter {
  readonly #options: ExportOptions;
  readonly #querier: Querier;
  readonly #blocks: ExportedBlock[] = [];
  readonly #columns = new SampleColumns();
  #seriesCount = 0;
  #sampleCount = 0;
  #customHistogramCount = 0;
  #done = 0;

  constructor(options: ExportOptions, querier: Querier) {
    this.#options = options;
    this.#querier = querier;
  }

  async run(): Promise<ExportResult> {
    const { storage, range } = this.#options;
    const stats = storage.stats(0);
    if (stats.minTime !== undefined && stats.maxTime !== undefined) {
      const minTime = Math.max(stats.minTime, range?.minTime ?? -Infinity);
      const maxTime = Math.min(stats.maxTime, range?.maxTime ?? Infinity);
      if (minTime <= maxTime) await this.#exportRange({ minTime, maxTime }, 1);
    }
    return { blocks: this.#blocks, customHistogramCount: this.#customHistogramCount };
  }

  /** Halves the range until it is one block's, leaving out halves without samples. */
  async #exportRange(range: TimeRange, share: number): Promise<void> {
    const first = Math.floor(range.minTime / BLOCK_RANGE_MS);
    const last = Math.floor(range.maxTime / BLOCK_RANGE_MS);
    if (first === last) {
      await this.#exportBlock(range);
    } else if ((await this.#querier.labelNames([], range, 1)).length > 0) {
      const border = Math.ceil((first + last) / 2) * BLOCK_RANGE_MS;
      await this.#exportRange({ minTime: range.minTime, maxTime: border - 1 }, share / 2);
      await this.#exportRange({ minTime: border, maxTime: range.maxTime }, share / 2);
      return;
    }
    this.#done += share;
    this.#report();
  }

  async #exportBlock(range: TimeRange): Promise<void> {
    const all = await this.#querier.series([[createMatcher('=~', METRIC_NAME, '.*')]], range);
    if (all.length === 0) return;
    const { directory, clock, random, segmentBytesMax } = this.#options;
    const ulid = createUlid(clock.now(), random);
    const writer = await BlockWriter.create(directory, ulid, segmentBytesMax);
    try {
      const series = all.toSorted((a, b) => a.compare(b));
      const index = new IndexWriter(symbolsOf(series));
      const block = await this.#writeSeries({ series, range, writer, index });
      await writer.finish(index.finish(), block);
      this.#blocks.push({ ulid, ...block });
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  async #writeSeries({ series, range, writer, index }: BlockParts): Promise<BlockContent> {
    const selections = new Selections(this.#querier, range);
    const tally = new BlockTally();
    for (const labels of series) {
      const { set, at } = await selections.find(labels);
      const columns = this.#columns;
      columns.reset();
      set.samples(at, columns);
      const histograms = set.histograms(at);
      for (const { histogram } of histograms) {
        if (histogram?.schema === CUSTOM_BUCKETS_SCHEMA) this.#customHistogramCount++;
      }
      const chunks: ChunkMeta[] = [];
      for (const chunk of encodeSeriesChunks(columns, histograms)) {
        chunks.push(await writer.addChunk(chunk));
      }
      index.addSeries(labels, chunks);
      tally.add(chunks, columns.length, histograms.length);
      this.#seriesCount++;
      this.#sampleCount += columns.length + histograms.length;
      this.#report();
    }
    return tally.content();
  }

  #report(): void {
    this.#options.onProgress?.({
      blockCount: this.#blocks.length,
      seriesCount: this.#seriesCount,
      sampleCount: this.#sampleCount,
      done: this.#done,
    });
  }
}

interface BlockParts {
  /** In the order of their labels. */
  readonly series: readonly Labels[];
  readonly range: TimeRange;
  readonly writer: BlockWriter;
  readonly index: IndexWriter;
}

type BlockContent = Omit<ExportedBlock, 'ulid'>;

class BlockTally {
  #minTime = Infinity;
  #maxTime = -Infinity;
  #seriesCount = 0;
  #chunkCount = 0;
  #floatSampleCount = 0;
  #histogramSampleCount = 0;

  add(chunks: readonly ChunkMeta[], floatCount: number, histogramCount: number): void {
    this.#seriesCount++;
    this.#chunkCount += chunks.length;
    this.#floatSampleCount += floatCount;
    this.#histogramSampleCount += histogramCount;
    this.#minTime = Math.min(this.#minTime, chunks[0]?.minTime ?? Infinity);
    this.#maxTime = Math.max(this.#maxTime, chunks.at(-1)?.maxTime ?? -Infinity);
  }

  content(): BlockContent {
    return {
      minTime: this.#minTime,
      maxTime: this.#maxTime,
      stats: {
        seriesCount: this.#seriesCount,
        chunkCount: this.#chunkCount,
        floatSampleCount: this.#floatSampleCount,
        histogramSampleCount: this.#histogramSampleCount,
      },
    };
  }
}

/**
 * Selects the series of one metric at a time, so that only their samples are held as columns. The
 * order of labels keeps a metric's series together unless they have a label that sorts before the
 * name's; then a metric is selected again.
 */
class Selections {
  readonly #querier: Querier;
  readonly #range: TimeRange;
  #metric: string | undefined;
  #set: SeriesSet | undefined;
  #places = new Map<string, number>();

  constructor(querier: Querier, range: TimeRange) {
    this.#querier = querier;
    this.#range = range;
  }

  async find(labels: Labels): Promise<{ readonly set: SeriesSet; readonly at: number }> {
    const { metricName } = labels;
    if (this.#set === undefined || this.#metric !== metricName) {
      const matcher = createMatcher('=', METRIC_NAME, metricName);
      this.#set = await this.#querier.select([matcher], this.#range);
      this.#metric = metricName;
      this.#places = new Map();
      for (let at = 0; at < this.#set.length; at++) {
        this.#places.set(this.#set.labels(at).key, at);
      }
    }
    const at = this.#places.get(labels.key);
    if (at !== undefined) return { set: this.#set, at };
    const problem = `${labels.toString()} is gone: the store was written to during the export`;
    throw new ExchangeError('export_target', problem);
  }
}

function symbolsOf(series: readonly Labels[]): string[] {
  const symbols = new Set<string>();
  for (const { pairs } of series) {
    for (const text of pairs) symbols.add(text);
  }
  return [...symbols].sort(compareUtf8);
}

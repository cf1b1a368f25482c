import type { SampleColumns } from '../../model/index.ts';
import { crc32c } from '../../util/index.ts';
import type { HistogramSample } from '../api.ts';
import { ValueCodec } from '../chunk/value-codec.ts';
import type { FileSystem, WritableFile } from '../file-system.ts';
import { ByteWriter } from '../wal/byte-writer.ts';
import { encodeHistogram } from '../wal/histogram-codec.ts';
import type { BlockMeta } from './block-meta.ts';
import { BLOCK_VERSION, encodeBlockMeta } from './block-meta.ts';
import { UNFINISHED_SUFFIX } from './block-names.ts';
import { CHUNKS_MAGIC, encodeHeader } from './index-layout.ts';
import type { ChunkRef } from './index-writer.ts';
import { IndexWriter } from './index-writer.ts';

/**
 * Samples of one chunk. Two hours at 15 s are 480: more compress little better, and what a query
 * reads too much is at most this.
 */
const BLOCK_CHUNK_SAMPLES = 480;
const BUFFER_BYTES = 1024 * 1024;
/** Times, in samples, that are kept to find columns that are there already: 32 MiB. */
const KEPT_TIMES = 4 * 1024 * 1024;
/** Columns looked through that differ only between their first and last time. */
const ALIKE_MAX = 16;

/** What the samples of a new block are said to be. */
export type BlockOrigin = Pick<BlockMeta, 'name' | 'cut' | 'level' | 'sources'>;

/**
 * Writes one block: series after series, then `finish`. Nothing of it is there under its name
 * before; `abandon` removes what there is.
 */
export class BlockWriter {
  readonly #files: FileSystem;
  readonly #blocksDir: string;
  readonly #origin: BlockOrigin;
  readonly #index = new IndexWriter();
  readonly #codec = new ValueCodec();
  readonly #buffer = new ByteWriter(2 * BUFFER_BYTES);
  readonly #columns = new Map<string, { times: Float64Array; column: number }[]>();
  #keptTimes = 0;
  #histogramTimes = new Float64Array(BLOCK_CHUNK_SAMPLES);
  #file: WritableFile | undefined;
  /** Bytes of the chunks file before those in the buffer. */
  #written = 0;
  #sampleCount = 0;
  #minTime = Infinity;
  #maxTime = -Infinity;

  private constructor(files: FileSystem, blocksDir: string, origin: BlockOrigin) {
    this.#files = files;
    this.#blocksDir = blocksDir;
    this.#origin = origin;
  }

  static async create(
    files: FileSystem,
    blocksDir: string,
    origin: BlockOrigin,
  ): Promise<BlockWriter> {
    const writer = new BlockWriter(files, blocksDir, origin);
    await files.remove(writer.#temporaryPath);
    await files.makeDirectory(writer.#temporaryPath);
    writer.#file = await files.open(`${writer.#temporaryPath}/chunks`, 'create');
    writer.#buffer.bytes(encodeHeader(CHUNKS_MAGIC));
    return writer;
  }

  get seriesCount(): number {
    return this.#index.seriesCount;
  }

  /** Whether enough has gathered that `flush` should be awaited. */
  get isFull(): boolean {
    return this.#buffer.length >= BUFFER_BYTES;
  }

  /** Adds a series with its samples, ascending; at least one. Each series once. */
  addSeries(
    pairs: readonly string[],
    samples: SampleColumns,
    histograms: readonly HistogramSample[],
  ): void {
    const chunks: ChunkRef[] = [];
    for (let from = 0; from < samples.length; from += BLOCK_CHUNK_SAMPLES) {
      const to = Math.min(samples.length, from + BLOCK_CHUNK_SAMPLES);
      chunks.push(this.#addFloats(samples, from, to));
    }
    for (let from = 0; from < histograms.length; from += BLOCK_CHUNK_SAMPLES) {
      chunks.push(this.#addHistograms(histograms.slice(from, from + BLOCK_CHUNK_SAMPLES)));
    }
    if (chunks.length === 0) return;
    this.#index.addSeries(pairs, chunks);
    this.#sampleCount += samples.length + histograms.length;
  }

  /** Writes what has gathered. */
  async flush(): Promise<void> {
    const bytes = this.#buffer.written();
    await this.#file?.write(bytes, this.#written);
    this.#written += bytes.length;
    this.#buffer.reset();
  }

  /** Makes the block durable under its name; undefined, and no block, where it has no series. */
  async finish(): Promise<BlockMeta | undefined> {
    if (this.seriesCount === 0) {
      await this.abandon();
      return undefined;
    }
    const path = this.#temporaryPath;
    await this.flush();
    await this.#closeFile(true);
    const index = await this.#index.finish();
    await this.#writeFile(`${path}/index`, index);
    const meta: BlockMeta = {
      version: BLOCK_VERSION,
      ...this.#origin,
      minTime: this.#minTime,
      maxTime: this.#maxTime,
      seriesCount: this.seriesCount,
      chunkCount: this.#index.chunkCount,
      sampleCount: this.#sampleCount,
      indexBytes: index.length,
      chunkBytes: this.#written,
    };
    await this.#writeFile(`${path}/meta.json`, encodeBlockMeta(meta));
    await this.#files.syncDirectory(path);
    await this.#files.rename(path, `${this.#blocksDir}/${this.#origin.name}`);
    await this.#files.syncDirectory(this.#blocksDir);
    return meta;
  }

  async abandon(): Promise<void> {
    await this.#closeFile(false).catch(() => {});
    await this.#files.remove(this.#temporaryPath);
  }

  get #temporaryPath(): string {
    return `${this.#blocksDir}/${this.#origin.name}${UNFINISHED_SUFFIX}`;
  }

  #addFloats(samples: SampleColumns, from: number, to: number): ChunkRef {
    const column = this.#column(samples.timestamps, from, to);
    const start = this.#begin();
    this.#codec.encode(this.#buffer, samples.values, samples.words, from, to);
    return { ...this.#end(start), column, isHistogram: false };
  }

  #addHistograms(histograms: readonly HistogramSample[]): ChunkRef {
    const times = this.#histogramTimes;
    for (const [index, { timestamp }] of histograms.entries()) times[index] = timestamp;
    const column = this.#column(times, 0, histograms.length);
    const start = this.#begin();
    for (const { histogram } of histograms) encodeHistogram(this.#buffer, histogram);
    return { ...this.#end(start), column, isHistogram: true };
  }

  /** Number of the column with these times; series of one scrape share theirs. */
  #column(timestamps: Float64Array, from: number, to: number): number {
    const first = timestamps[from]!;
    const last = timestamps[to - 1]!;
    const key = `${first} ${last} ${to - from}`;
    const alike = this.#columns.get(key) ?? [];
    const known = alike.find(({ times }) => sameTimes(times, timestamps, from));
    if (known !== undefined) return known.column;
    this.#minTime = Math.min(this.#minTime, first);
    this.#maxTime = Math.max(this.#maxTime, last);
    const times = timestamps.slice(from, to);
    const start = this.#begin();
    this.#codec.encode(this.#buffer, times, new Uint32Array(times.buffer), 0, times.length);
    const place = { ...this.#end(start), count: to - from, minTime: first, maxTime: last };
    const column = this.#index.addColumn(place);
    this.#keptTimes += times.length;
    if (alike.length >= ALIKE_MAX) this.#keptTimes -= alike.shift()?.times.length ?? 0;
    alike.push({ times, column });
    this.#columns.set(key, alike);
    this.#forgetColumns();
    return column;
  }

  /** Forgetting one costs at most that it is written again. */
  #forgetColumns(): void {
    for (const [key, alike] of this.#columns) {
      if (this.#keptTimes <= KEPT_TIMES) return;
      for (const { times } of alike) this.#keptTimes -= times.length;
      this.#columns.delete(key);
    }
  }

  #begin(): number {
    const start = this.#buffer.length;
    this.#buffer.u32(0);
    return start;
  }

  #end(start: number): { offset: number; length: number } {
    const end = this.#buffer.length;
    this.#buffer.setU32(start, crc32c(this.#buffer.buffer, start + 4, end));
    return { offset: this.#written + start, length: end - start };
  }

  async #closeFile(sync: boolean): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    try {
      if (sync) await file?.sync();
    } finally {
      await file?.close();
    }
  }

  async #writeFile(path: string, bytes: Uint8Array): Promise<void> {
    const file = await this.#files.open(path, 'create');
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function sameTimes(times: Float64Array, timestamps: Float64Array, from: number): boolean {
  for (let index = 0; index < times.length; index++) {
    if (times[index] !== timestamps[from + index]) return false;
  }
  return true;
}

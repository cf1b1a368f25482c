import type { SampleColumns } from '../../model/index.ts';
import { messageOf } from '../../model/index.ts';
import { crc32c, wordAt } from '../../util/index.ts';
import type { HistogramSample } from '../api.ts';
import { ValueCodec } from '../chunk/value-codec.ts';
import { StorageError } from '../errors.ts';
import type { FileSystem, ReadableFile } from '../file-system.ts';
import { ByteReader } from '../wal/byte-reader.ts';
import { decodeHistogram } from '../wal/histogram-codec.ts';
import { BlockIndex } from './block-index.ts';
import type { BlockMeta } from './block-meta.ts';
import { CHUNKS_MAGIC, checkHeader, FILE_HEADER_BYTES } from './index-layout.ts';
import type { ChunkRef, TimeColumn } from './index-writer.ts';

/** One read of the chunks file is at most this, and what lies between two chunks at most a bit. */
const READ_BYTES = 1024 * 1024;
const GAP_BYTES = 8 * 1024;
/** Decoded columns of times that are kept, in samples. */
const KEPT_TIMES = 1024 * 1024;

/** What reading blocks takes of a file system. */
export type BlockFiles = Pick<FileSystem, 'read' | 'openRead'>;

/** A part of the chunks file in memory. */
interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * One open block: its index in memory, its chunks read as they are needed. Checksums are checked
 * of everything that is read. @throws StorageError, naming the file, from all that reads.
 */
export class Block {
  readonly path: string;
  readonly meta: Pick<BlockMeta, 'name' | 'seriesCount'>;
  readonly index: BlockIndex;
  readonly #chunks: ReadableFile;
  readonly #codec = new ValueCodec();
  readonly #times = new Map<number, Float64Array>();
  #keptTimes = 0;

  private constructor(
    path: string,
    meta: Pick<BlockMeta, 'name' | 'seriesCount'>,
    index: BlockIndex,
    chunks: ReadableFile,
  ) {
    this.path = path;
    this.meta = meta;
    this.index = index;
    this.#chunks = chunks;
  }

  static async open(
    files: BlockFiles,
    path: string,
    meta: Pick<BlockMeta, 'name' | 'seriesCount'>,
  ): Promise<Block> {
    let chunks: ReadableFile | undefined;
    try {
      const index = await BlockIndex.open(
        `${path}/index`,
        await files.read(`${path}/index`),
        meta.seriesCount,
      );
      chunks = await files.openRead(`${path}/chunks`);
      checkHeader(`${path}/chunks`, await chunks.read(0, FILE_HEADER_BYTES), CHUNKS_MAGIC);
      return new Block(path, meta, index, chunks);
    } catch (error) {
      await chunks?.close();
      if (error instanceof StorageError) throw error;
      throw new StorageError(`cannot open the block ${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#chunks.close();
  }

  /**
   * The bytes of chunks, in the order given. Chunks that lie together are read together.
   */
  async readChunks(chunks: readonly ChunkRef[]): Promise<Uint8Array[]> {
    const order = chunks.map((_, index) => index);
    order.sort((a, b) => chunks[a]!.offset - chunks[b]!.offset);
    const bodies: Uint8Array[] = Array.from({ length: chunks.length });
    for (let from = 0; from < order.length; ) {
      const first = chunks[order[from]!]!;
      let end = first.offset + first.length;
      let to = from + 1;
      for (; to < order.length; to++) {
        const { offset, length } = chunks[order[to]!]!;
        if (offset - end > GAP_BYTES || offset + length - first.offset > READ_BYTES) break;
        end = Math.max(end, offset + length);
      }
      const piece = await this.#read(first.offset, end - first.offset);
      for (; from < to; from++) {
        const chunk = chunks[order[from]!]!;
        bodies[order[from]!] = this.#body(piece, chunk);
      }
    }
    return bodies;
  }

  /** The times of a column, ascending. Not to be changed. */
  async times(column: number): Promise<Float64Array> {
    const known = this.#times.get(column);
    if (known !== undefined) return known;
    const place = this.index.columns[column]!;
    const body = this.#body(await this.#read(place.offset, place.length), place);
    const times = new Float64Array(place.count);
    this.#guard(place, () =>
      this.#codec.decode(
        new ByteReader(body, 0, body.length),
        place.count,
        times,
        new Uint32Array(times.buffer),
        0,
      ),
    );
    this.#keep(column, times);
    return times;
  }

  /** Appends the samples of a chunk of floats that lie within the times to `into`. */
  decodeFloats(
    chunk: ChunkRef,
    body: Uint8Array,
    times: Float64Array,
    range: { readonly minTime: number; readonly maxTime: number },
    into: SampleColumns,
  ): void {
    const count = times.length;
    into.reserve(count);
    const { length: at } = into;
    this.#guard(chunk, () =>
      this.#codec.decode(new ByteReader(body, 0, body.length), count, into.values, into.words, at),
    );
    const from = firstFrom(times, range.minTime);
    const to = firstFrom(times, range.maxTime, true);
    if (to <= from) return;
    into.timestamps.set(times.subarray(from, to), at);
    into.words.copyWithin(2 * at, 2 * (at + from), 2 * (at + to));
    into.length = at + to - from;
  }

  decodeHistograms(chunk: ChunkRef, body: Uint8Array, times: Float64Array): HistogramSample[] {
    const samples: HistogramSample[] = [];
    this.#guard(chunk, () => {
      const reader = new ByteReader(body, 0, body.length);
      for (const timestamp of times) {
        samples.push({ timestamp, histogram: decodeHistogram(reader) });
      }
    });
    return samples;
  }

  async #read(offset: number, length: number): Promise<Piece> {
    try {
      return { offset, bytes: await this.#chunks.read(offset, length) };
    } catch (error) {
      throw new StorageError(`cannot read ${this.path}/chunks at ${offset}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** What follows the checksum of a chunk or column. */
  #body(piece: Piece, { offset, length }: Pick<TimeColumn, 'offset' | 'length'>): Uint8Array {
    const at = offset - piece.offset;
    const { bytes } = piece;
    if (length <= 4 || crc32c(bytes, at + 4, at + length) !== wordAt(bytes, at)) {
      throw new StorageError(
        `${this.path}/chunks has a wrong checksum, bytes ${offset} to ${offset + length}`,
      );
    }
    return bytes.subarray(at + 4, at + length);
  }

  #guard({ offset }: Pick<TimeColumn, 'offset'>, decode: () => void): void {
    try {
      decode();
    } catch (error) {
      throw new StorageError(`${this.path}/chunks at ${offset}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  #keep(column: number, times: Float64Array): void {
    this.#times.set(column, times);
    this.#keptTimes += times.length;
    while (this.#keptTimes > KEPT_TIMES) {
      const [oldest] = this.#times.entries();
      if (oldest === undefined) break;
      this.#times.delete(oldest[0]);
      this.#keptTimes -= oldest[1].length;
    }
  }
}

/** First index whose time is at or after `time`, or with `behind` after it. */
export function firstFrom(times: Float64Array, time: number, behind = false): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const each = times[middle]!;
    if (each < time || (behind && each === time)) low = middle + 1;
    else high = middle;
  }
  return low;
}

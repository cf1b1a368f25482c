import type { ChunkCopies, Kernel, StoredChunks } from '../../kernel/index.ts';
import { SampleColumns } from '../../model/index.ts';
import type { HistogramSample, TimeRange } from '../api.ts';
import type { RestoredSamples, RestoredSeries } from '../head/restored-series.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  decodeHistogramSamples,
  decodeSnapshotLabels,
  encodeHistogramSamples,
} from './snapshot-codec.ts';

/*
 * Series of a checkpoint with their chunks as the head has them:
 *
 *     record   | texts: count varint, each length varint and UTF-8 |
 *              | times: count varint, length varint, times … | series … to the end |
 *     series   | ref u32 | ids: count varint, varint … | 2 * chunks + flag varint | newest f64 |
 *              | length varint, chunk … | histograms |
 *
 * `ids` are places in `texts`: name, value, name, value, … Chunks are ascending by time, and name
 * their times by place; kernel/chunk-copies.ts draws both. `newest` is there with flag 1: where no
 * sample has the newest time of the series.
 */

/** What series are copied from: a shard of the head. */
export interface CopiedShard {
  readonly kernel: Kernel;
  readonly index: {
    /** Texts of the labels of a series as numbers that are equal where the texts are. */
    readonly reader: { symbolIds(ref: number): ArrayLike<number>; text(id: number): string };
  };
}

/**
 * Gathers series for one record after another. A record is begun and ended within one turn of the
 * event loop: until `writeTo` symbols keep their numbers, and chunks their times.
 */
export class CopyRecord {
  readonly #texts = new ByteWriter();
  readonly #times = new ByteWriter();
  readonly #series = new ByteWriter(1024 * 1024);
  readonly #copiesByShard = new Map<CopiedShard, ChunkCopies>();
  /** Places of the texts of the symbols of `#shard`. */
  readonly #placeById = new Map<number, number>();
  /** The shard that the record is being filled from, and the copies made of it. */
  #shard: CopiedShard | undefined;
  #copies: ChunkCopies | undefined;
  #textCount = 0;
  /** Times of the shards before. */
  #timesCount = 0;

  /** Size of the record so far, without its header. */
  get sizeBytes(): number {
    const timesBytes = this.#times.length + (this.#copies?.timesSizeBytes ?? 0);
    return this.#texts.length + timesBytes + this.#series.length;
  }

  /**
   * Adds a series with its samples within the times; its newest time was `maxTime`, NaN where it
   * had none. @throws KernelMemoryError; the record is of no use then
   */
  add(
    ref: number,
    shard: CopiedShard,
    { minTime, maxTime }: TimeRange,
    histograms: readonly HistogramSample[],
  ): void {
    const copies = this.#copiesOf(shard);
    copies.copy(ref, minTime, maxTime);
    const writer = this.#series;
    writer.u32(ref);
    const symbols = shard.index.reader;
    const ids = symbols.symbolIds(ref);
    writer.varint(ids.length);
    for (let index = 0; index < ids.length; index++) {
      writer.varint(this.#place(ids[index]!, shard));
    }
    const newest = Math.max(copies.newest, histograms.at(-1)?.timestamp ?? -Infinity);
    // What is before the least time is in blocks, and its time is of no more use.
    const isGone = maxTime > newest && maxTime >= minTime;
    writer.varint(2 * copies.chunkCount + (isGone ? 1 : 0));
    if (isGone) writer.f64(maxTime);
    const chunks = copies.chunks();
    writer.varint(chunks.length);
    writer.bytes(chunks);
    encodeHistogramSamples(writer, histograms);
  }

  /** Writes the payload of the record, and begins anew. */
  writeTo(writer: ByteWriter): void {
    this.#leaveShard();
    writer.varint(this.#textCount);
    writer.bytes(this.#texts.written());
    writer.varint(this.#timesCount);
    writer.varint(this.#times.length);
    writer.bytes(this.#times.written());
    writer.bytes(this.#series.written());
    this.#texts.reset();
    this.#times.reset();
    this.#series.reset();
    this.#textCount = 0;
    this.#timesCount = 0;
  }

  /** Gives back the memory that copying took. */
  release(): void {
    for (const copies of this.#copiesByShard.values()) copies.release();
    this.#copiesByShard.clear();
  }

  #copiesOf(shard: CopiedShard): ChunkCopies {
    if (this.#copies !== undefined && this.#shard === shard) return this.#copies;
    this.#leaveShard();
    const copies = this.#copiesByShard.get(shard) ?? shard.kernel.openCopies();
    this.#copiesByShard.set(shard, copies);
    copies.begin(this.#timesCount);
    this.#shard = shard;
    this.#copies = copies;
    return copies;
  }

  /** Takes what is left in the shard: in another one the same numbers stand for other texts. */
  #leaveShard(): void {
    const copies = this.#copies;
    this.#placeById.clear();
    if (copies === undefined) return;
    this.#times.bytes(copies.times());
    this.#timesCount = copies.timesCount;
    this.#copies = undefined;
  }

  #place(id: number, { index }: CopiedShard): number {
    let place = this.#placeById.get(id);
    if (place === undefined) {
      place = this.#textCount++;
      this.#placeById.set(id, place);
      this.#texts.text(index.reader.text(id));
    }
    return place;
  }
}

interface Loaded {
  readonly chunks: StoredChunks;
  record: Uint8Array | undefined;
}

/** Reads what `CopyRecord` wrote, series by series. */
export class CopyRecordReader {
  /** By kernel that was asked for samples, with the record that it has. */
  readonly #stored = new Map<Kernel, Loaded>();

  /**
   * Calls `onSeries` with each series; its samples are to be used before the next one.
   * @throws RecordFormatError, also from the samples
   */
  read(reader: ByteReader, onSeries: (series: RestoredSeries) => void): void {
    const record = reader.rest();
    const texts = reader.texts();
    const timesCount = reader.varint();
    const times = takeRange(reader, record);
    while (reader.remaining > 0) {
      const ref = reader.u32();
      const labels = decodeSnapshotLabels(reader, texts);
      const flagged = reader.varint();
      const newest = flagged % 2 === 1 ? { newest: reader.f64() } : {};
      const place = { ...takeRange(reader, record), chunkCount: Math.floor(flagged / 2) };
      const histograms = decodeHistogramSamples(reader);
      const load = (kernel: Kernel): StoredChunks => this.#load(kernel, record, times, timesCount);
      onSeries({ ref, labels, samples: new CopiedSamples(place, load), histograms, ...newest });
    }
  }

  /** Gives back the memory that reading took. */
  release(): void {
    for (const { chunks } of this.#stored.values()) chunks.release();
    this.#stored.clear();
  }

  #load(kernel: Kernel, record: Uint8Array, times: ByteRange, timesCount: number): StoredChunks {
    let stored = this.#stored.get(kernel);
    if (stored?.record === record) return stored.chunks;
    if (stored === undefined) {
      stored = { chunks: kernel.openStoredChunks(), record: undefined };
      this.#stored.set(kernel, stored);
    }
    stored.record = undefined;
    if (!stored.chunks.load(record, times.from, times.to, timesCount)) {
      throw new RecordFormatError(`${times.to - times.from} bytes are not ${timesCount} times`);
    }
    stored.record = record;
    return stored.chunks;
  }
}

/** Bytes `[from, to)` of a record. */
interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Passes over bytes whose length comes first. */
function takeRange(reader: ByteReader, record: Uint8Array): ByteRange {
  const length = reader.varint();
  const from = record.length - reader.remaining;
  reader.bytes(length);
  return { from, to: from + length };
}

/** Where the chunks of a series are. */
interface CopiedPlace extends ByteRange {
  readonly chunkCount: number;
}

class CopiedSamples implements RestoredSamples {
  readonly #place: CopiedPlace;
  readonly #load: (kernel: Kernel) => StoredChunks;

  constructor(place: CopiedPlace, load: (kernel: Kernel) => StoredChunks) {
    this.#place = place;
    this.#load = load;
  }

  get isEmpty(): boolean {
    return this.#place.chunkCount === 0;
  }

  putInto(kernel: Kernel, ref: number): void {
    const { from, to, chunkCount } = this.#place;
    if (!this.#load(kernel).adopt(ref, from, to, chunkCount)) throw this.#error();
  }

  columns(kernel: Kernel): SampleColumns {
    const stored = this.#load(kernel);
    const { from, to, chunkCount } = this.#place;
    const samples = new SampleColumns();
    let at = from;
    for (let left = chunkCount; left > 0; left--) {
      const { length, timestamps } = samples;
      const last = length === 0 ? -Infinity : timestamps[length - 1]!;
      at = stored.unpack(at, to, samples);
      if (at === 0 || samples.timestamps[length]! <= last) throw this.#error();
    }
    if (at !== to) throw this.#error();
    return samples;
  }

  #error(): RecordFormatError {
    const { from, to, chunkCount } = this.#place;
    return new RecordFormatError(`${to - from} bytes are not ${chunkCount} chunks of a series`);
  }
}

import type { KernelBody } from '../../kernel/index.ts';
import { CHUNK_SAMPLES_MAX } from '../../kernel/index.ts';
import { Labels, SampleColumns } from '../../model/index.ts';
import type { HistogramSample } from '../api.ts';
import type { RestoredSeries } from '../head/head.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { decodeHistogramSamples, encodeHistogramSamples } from './snapshot-codec.ts';

/*
 * Series of a checkpoint with their samples packed:
 *
 *     record   | texts: count varint, each length varint and UTF-8 | series … to the end |
 *     series   | ref u32 | ids: count varint, varint … | 2 * chunks + flag varint | newest f64 |
 *              | chunk … | histograms |
 *     chunk    | length varint | a chunk of the kernel that stands alone |
 *
 * `ids` are places in `texts`: name, value, name, value, … Chunks are ascending by time. `newest`
 * is there with flag 1: where no sample has the newest time of the series.
 */

/** Texts of the labels of a series as numbers that are equal where the texts are. */
export interface SymbolSource {
  symbolIds(ref: number): ArrayLike<number>;
  text(id: number): string;
}

/** The samples of one series. */
export interface PackedSeries {
  /** Float samples are `[from, to)` of its columns. */
  readonly body: KernelBody;
  readonly from: number;
  readonly to: number;
  readonly histograms: readonly HistogramSample[];
  /** Newest time of the series where none of these samples has it. */
  readonly newest: number | undefined;
}

/** Gathers series for one record; `writeTo` puts them there and begins anew. */
export class ChunkRecord {
  readonly #texts = new ByteWriter();
  readonly #series = new ByteWriter(1024 * 1024);
  /** Places of the texts of `#symbols`. */
  readonly #placeById = new Map<number, number>();
  #symbols: SymbolSource | undefined;
  #textCount = 0;

  /** Size of the record so far, without its header. */
  get sizeBytes(): number {
    return this.#texts.length + this.#series.length;
  }

  add(ref: number, symbols: SymbolSource, series: PackedSeries): void {
    if (symbols !== this.#symbols) {
      // Another shard: the same numbers stand for other texts.
      this.#placeById.clear();
      this.#symbols = symbols;
    }
    const writer = this.#series;
    writer.u32(ref);
    const ids = symbols.symbolIds(ref);
    writer.varint(ids.length);
    for (let index = 0; index < ids.length; index++) {
      writer.varint(this.#place(ids[index]!, symbols));
    }
    const { body, from, to, histograms, newest } = series;
    const flag = newest === undefined ? 0 : 1;
    writer.varint(2 * Math.ceil((to - from) / CHUNK_SAMPLES_MAX) + flag);
    if (newest !== undefined) writer.f64(newest);
    for (let start = from; start < to; start += CHUNK_SAMPLES_MAX) {
      const chunk = body.packColumns(start, Math.min(to, start + CHUNK_SAMPLES_MAX));
      writer.varint(chunk.length);
      writer.bytes(chunk);
    }
    encodeHistogramSamples(writer, histograms);
  }

  /** Writes the payload of the record. */
  writeTo(writer: ByteWriter): void {
    writer.varint(this.#textCount);
    writer.bytes(this.#texts.written());
    writer.bytes(this.#series.written());
    this.#texts.reset();
    this.#series.reset();
    this.#placeById.clear();
    this.#textCount = 0;
  }

  // A symbol keeps its number while a series that is not dropped has it, and a record is begun and
  // ended within one turn of the event loop.
  #place(id: number, symbols: SymbolSource): number {
    let place = this.#placeById.get(id);
    if (place === undefined) {
      place = this.#textCount++;
      this.#placeById.set(id, place);
      this.#texts.text(symbols.text(id));
    }
    return place;
  }
}

/** Reads what `ChunkRecord` wrote, series by series. */
export class ChunkRecordReader {
  readonly #body: KernelBody;
  readonly #samples = new SampleColumns();

  /** `body` unpacks the chunks. */
  constructor(body: KernelBody) {
    this.#body = body;
  }

  /** Calls `onSeries` with each series; its samples are to be used before the next one. */
  read(reader: ByteReader, onSeries: (series: RestoredSeries) => void): void {
    const texts = reader.texts();
    while (reader.remaining > 0) {
      const ref = reader.u32();
      const pairs = new Array<string>(reader.count(1));
      for (let index = 0; index < pairs.length; index++) {
        pairs[index] = textAt(texts, reader.varint());
      }
      this.#samples.reset();
      const flagged = reader.varint();
      const newest = flagged % 2 === 1 ? { newest: reader.f64() } : {};
      for (let left = Math.floor(flagged / 2); left > 0; left--) {
        this.#unpack(reader.bytes(reader.varint()));
      }
      const histograms = decodeHistogramSamples(reader);
      const labels = Labels.ofSorted(pairs);
      onSeries({ ref, labels, samples: this.#samples, histograms, ...newest });
    }
  }

  #unpack(chunk: Uint8Array): void {
    const body = this.#body;
    body.input(chunk.length).set(chunk);
    body.setInputLength(chunk.length);
    body.useInput();
    const status = body.unpackColumns();
    if (!status.ok) {
      throw new RecordFormatError(`a chunk of ${chunk.length} bytes: ${status.code}`);
    }
    const { timestamps, words, length } = body.columns();
    this.#samples.append(timestamps, words, 0, length);
  }
}

function textAt(texts: readonly string[], place: number): string {
  const text = texts[place];
  if (text === undefined) throw new RecordFormatError(`${place} of ${texts.length} texts`);
  return text;
}

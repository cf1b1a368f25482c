import { Labels } from '../../../model/index.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import type { TsdbError } from '../errors.ts';
import { tsdbFault, tsdbUnsupported } from '../errors.ts';
import type { ChunkMeta, IndexToc } from './index-format.ts';
import {
  CRC_BYTES,
  checkCrc,
  hex,
  INDEX_HEADER_BYTES,
  INDEX_MAGIC,
  openSection,
  SERIES_ALIGNMENT,
  TOC_BYTES,
} from './index-format.ts';

const TWO_POWER_32 = 2 ** 32;

/** A series as the index has it. */
export interface IndexedSeries {
  readonly labels: Labels;
  /** In order of time. */
  readonly chunks: readonly ChunkMeta[];
}

export interface PostingsEntry {
  readonly name: string;
  readonly value: string;
  /** For `IndexReader.postings`. */
  readonly offset: number;
}

/**
 * Reads a block's index (index.md), versions 1 and 2, from the whole file's bytes, which must not
 * change meanwhile. Every method throws `TsdbError` on what is not right; checksums are checked
 * where a part is first read.
 */
export class IndexReader {
  readonly version: 1 | 2;
  readonly toc: IndexToc;
  readonly #bytes: Uint8Array;
  readonly #file: string;
  readonly #symbols: Symbols;

  /** @param file Named in errors. */
  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
    this.version = readVersion(bytes, file);
    this.toc = readToc(bytes, file);
    this.#symbols =
      this.version === 2
        ? new NumberedSymbols(bytes, this.toc.symbols, file)
        : new OffsetSymbols(bytes, this.toc.symbols, file);
  }

  /** Every label pair with postings, in the file's order; the empty pair stands for all series. */
  *postingsTable(): Generator<PostingsEntry, void, undefined> {
    if (this.toc.postingsTable === 0) return;
    const reader = openSection(this.#bytes, this.toc.postingsTable, this.#file);
    const count = reader.count32(4);
    for (let index = 0; index < count; index++) {
      const keys = reader.uvarint();
      if (keys !== 2) throw reader.error(`postings of ${keys} keys, wanted 2`);
      yield { name: reader.text(), value: reader.text(), offset: reader.uvarint() };
    }
  }

  /** References of the series that have a label pair, ascending. */
  postings(offset: number): Uint32Array {
    const reader = openSection(this.#bytes, offset, this.#file);
    const refs = new Uint32Array(reader.count32(4));
    for (let index = 0; index < refs.length; index++) refs[index] = reader.u32();
    return refs;
  }

  /** References of all series, in the order of their labels. */
  allSeries(): Uint32Array {
    for (const { name, value, offset } of this.postingsTable()) {
      if (name === '' && value === '') return this.postings(offset);
    }
    return new Uint32Array(0);
  }

  series(ref: number): IndexedSeries {
    const at = this.version === 2 ? ref * SERIES_ALIGNMENT : ref;
    const header = new BigEndianReader(this.#bytes, at, this.#bytes.length, { file: this.#file });
    const length = header.count(1);
    const start = header.skip(length);
    const source = { file: this.#file };
    checkCrc(this.#bytes, start, start + length, source);
    const reader = new BigEndianReader(this.#bytes, start, start + length, source);
    const pairs: string[] = [];
    for (let left = reader.count(2); left > 0; left--) {
      pairs.push(this.#symbols.text(reader), this.#symbols.text(reader));
    }
    return { labels: Labels.fromPairs(pairs), chunks: readChunkMetas(reader) };
  }
}

function readVersion(bytes: Uint8Array, file: string): 1 | 2 {
  const reader = new BigEndianReader(bytes, 0, bytes.length, { file });
  const magic = reader.u32();
  if (magic !== INDEX_MAGIC) {
    throw tsdbFault({ file, offset: 0 }, `it begins ${hex(magic)}, wanted ${hex(INDEX_MAGIC)}`);
  }
  const version = reader.u8();
  if (version === 1 || version === 2) return version;
  throw tsdbUnsupported({ file, offset: 4 }, `an index of version ${version}, wanted 1 or 2`);
}

function readToc(bytes: Uint8Array, file: string): IndexToc {
  const start = bytes.length - TOC_BYTES;
  if (start < INDEX_HEADER_BYTES) {
    const problem = `an index of ${bytes.length} bytes, wanted ${INDEX_HEADER_BYTES + TOC_BYTES}`;
    throw tsdbFault({ file, offset: bytes.length }, problem);
  }
  checkCrc(bytes, start, bytes.length - CRC_BYTES, { file });
  const reader = new BigEndianReader(bytes, start, bytes.length - CRC_BYTES, { file });
  return {
    symbols: reader.u64(),
    series: reader.u64(),
    labelIndices: reader.u64(),
    labelIndicesTable: reader.u64(),
    postings: reader.u64(),
    postingsTable: reader.u64(),
  };
}

function readChunkMetas(reader: BigEndianReader): ChunkMeta[] {
  const count = reader.count(3);
  const chunks: ChunkMeta[] = [];
  let time = 0;
  let ref = 0;
  for (let index = 0; index < count; index++) {
    const minTime = index === 0 ? reader.varint() : time + reader.uvarint();
    const maxTime = minTime + reader.uvarint();
    ref = index === 0 ? reader.uvarint() : ref + reader.varint();
    if (!Number.isSafeInteger(maxTime))
      throw reader.error(`the time ${maxTime}, wanted below 2^53`);
    if (!(ref >= 0 && Number.isSafeInteger(ref))) throw reader.error(`chunk reference ${ref}`);
    const segment = Math.floor(ref / TWO_POWER_32);
    chunks.push({ minTime, maxTime, segment, offset: ref % TWO_POWER_32 });
    time = maxTime;
  }
  return chunks;
}

/** The texts that series refer to. */
interface Symbols {
  /** Reads a reference and returns its text. */
  text(reader: BigEndianReader): string;
}

/** Version 2: a symbol is referred to by its place in the table. */
class NumberedSymbols implements Symbols {
  readonly #table: BigEndianReader;
  readonly #offsets: Uint32Array;
  readonly #texts: (string | undefined)[];

  constructor(bytes: Uint8Array, offset: number, file: string) {
    this.#table = openSection(bytes, offset, file);
    const count = this.#table.count32(1);
    this.#offsets = new Uint32Array(count);
    this.#texts = [];
    for (let index = 0; index < count; index++) {
      this.#offsets[index] = this.#table.position;
      this.#table.skip(this.#table.count(1));
    }
  }

  text(reader: BigEndianReader): string {
    const at = reader.position;
    const number = reader.uvarint();
    const known = this.#texts[number];
    if (known !== undefined) return known;
    if (number >= this.#offsets.length) {
      throw reader.error(`symbol ${number}, wanted one below ${this.#offsets.length}`, at);
    }
    this.#table.position = this.#offsets[number]!;
    const text = this.#table.text();
    this.#texts[number] = text;
    return text;
  }
}

/** Version 1: a symbol is referred to by its offset in the file. */
class OffsetSymbols implements Symbols {
  readonly #table: BigEndianReader;
  readonly #start: number;
  readonly #texts = new Map<number, string>();

  constructor(bytes: Uint8Array, offset: number, file: string) {
    this.#table = openSection(bytes, offset, file);
    this.#start = this.#table.position;
  }

  text(reader: BigEndianReader): string {
    const at = reader.position;
    const offset = reader.uvarint();
    let text = this.#texts.get(offset);
    if (text === undefined) {
      text = this.#read(offset, reader.error(`symbol at ${offset}, outside the table`, at));
      this.#texts.set(offset, text);
    }
    return text;
  }

  #read(offset: number, outside: TsdbError): string {
    if (offset < this.#start || offset >= this.#table.end) throw outside;
    this.#table.position = offset;
    return this.#table.text();
  }
}

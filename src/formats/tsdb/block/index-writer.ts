import type { Labels } from '../../../model/index.ts';
import { assert } from '../../../model/index.ts';
import { crc32c } from '../../../util/index.ts';
import { BigEndianWriter } from '../bytes/big-endian-writer.ts';
import type { ChunkMeta, IndexToc } from './index-format.ts';
import { INDEX_HEADER_BYTES, INDEX_MAGIC, SERIES_ALIGNMENT } from './index-format.ts';

const VERSION = 2;
const TWO_POWER_32 = 2 ** 32;
/** Sections of four-byte words begin at multiples of this. */
const WORD_ALIGNMENT = 4;

interface PairSection {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
}

/**
 * Writes a block's index, version 2 (index.md), into memory: symbols, series, label indices (no
 * longer read by anybody, but part of the format), postings, and the tables of both.
 */
export class IndexWriter {
  readonly #writer = new BigEndianWriter(1 << 16);
  readonly #entry = new BigEndianWriter(1 << 12);
  readonly #symbols: readonly string[];
  readonly #numbers = new Map<string, number>();
  readonly #seriesOffset: number;
  readonly #allSeries: number[] = [];
  /** References of series by the symbol numbers of a label's name, then of its value. */
  readonly #postings = new Map<number, Map<number, number[]>>();
  #lastLabels: Labels | undefined;

  /** @param symbols Every name and value of the labels to come, sorted by UTF-8 bytes, unique. */
  constructor(symbols: readonly string[]) {
    this.#symbols = symbols;
    const writer = this.#writer;
    writer.u32(INDEX_MAGIC);
    writer.u8(VERSION);
    const start = this.#beginSection();
    writer.u32(symbols.length);
    for (const [number, symbol] of symbols.entries()) {
      this.#numbers.set(symbol, number);
      writer.text(symbol);
    }
    this.#endSection(start);
    writer.pad(SERIES_ALIGNMENT);
    this.#seriesOffset = writer.length;
  }

  /**
   * Adds a series, after all that sort before it; its chunks are in order of time and do not
   * overlap.
   */
  addSeries(labels: Labels, chunks: readonly ChunkMeta[]): void {
    assert(
      this.#lastLabels === undefined || this.#lastLabels.compare(labels) < 0,
      'series are added to an index in the order of their labels',
    );
    this.#lastLabels = labels;
    const writer = this.#writer;
    const entry = this.#entry;
    writer.pad(SERIES_ALIGNMENT);
    const ref = writer.length / SERIES_ALIGNMENT;
    this.#allSeries.push(ref);
    entry.reset();
    entry.uvarint(labels.size);
    for (const [name, value] of labels) {
      const nameNumber = this.#numberOf(name);
      const valueNumber = this.#numberOf(value);
      entry.uvarint(nameNumber);
      entry.uvarint(valueNumber);
      this.#addPosting(nameNumber, valueNumber, ref);
    }
    this.#writeChunks(chunks);
    writer.uvarint(entry.length);
    writer.bytes(entry.written());
    writer.u32(crc32c(entry.buffer, 0, entry.length));
  }

  /** The whole file; the writer is of no more use. */
  finish(): Uint8Array<ArrayBuffer> {
    const writer = this.#writer;
    // What sorts by number sorts by text.
    const names = [...this.#postings.keys()].sort(ascending);
    writer.pad(WORD_ALIGNMENT);
    const labelIndices = writer.length;
    const nameSections = names.map((name) => this.#writeLabelIndex(name));
    const postings = writer.length;
    const pairSections: PairSection[] = [
      { name: '', value: '', offset: this.#writePostings(this.#allSeries) },
    ];
    for (const name of names) {
      for (const [value, refs] of this.#valuesOf(name)) {
        const offset = this.#writePostings(refs);
        pairSections.push({ name: this.#symbols[name]!, value: this.#symbols[value]!, offset });
      }
    }
    const labelIndicesTable = this.#writeLabelIndicesTable(nameSections);
    const postingsTable = this.#writePostingsTable(pairSections);
    this.#writeToc({
      symbols: INDEX_HEADER_BYTES,
      series: this.#seriesOffset,
      labelIndices,
      labelIndicesTable,
      postings,
      postingsTable,
    });
    return writer.written();
  }

  #numberOf(symbol: string): number {
    const number = this.#numbers.get(symbol);
    assert(number !== undefined, 'an index has every name and value among its symbols');
    return number;
  }

  #addPosting(name: number, value: number, ref: number): void {
    let values = this.#postings.get(name);
    if (values === undefined) this.#postings.set(name, (values = new Map<number, number[]>()));
    const refs = values.get(value);
    if (refs === undefined) values.set(value, [ref]);
    else refs.push(ref);
  }

  #valuesOf(name: number): [value: number, refs: number[]][] {
    return [...(this.#postings.get(name) ?? [])].sort((a, b) => a[0] - b[0]);
  }

  #writeChunks(chunks: readonly ChunkMeta[]): void {
    const entry = this.#entry;
    entry.uvarint(chunks.length);
    let time = 0;
    let lastRef = 0;
    for (const [index, { minTime, maxTime, segment, offset }] of chunks.entries()) {
      const ref = segment * TWO_POWER_32 + offset;
      if (index === 0) entry.varint(minTime);
      else entry.uvarint(minTime - time);
      entry.uvarint(maxTime - minTime);
      if (index === 0) entry.uvarint(ref);
      else entry.varint(ref - lastRef);
      time = maxTime;
      lastRef = ref;
    }
  }

  #writeLabelIndex(name: number): { name: number; offset: number } {
    const writer = this.#writer;
    writer.pad(WORD_ALIGNMENT);
    const values = this.#valuesOf(name);
    const offset = this.#beginSection();
    writer.u32(1);
    writer.u32(values.length);
    for (const [value] of values) writer.u32(value);
    this.#endSection(offset);
    return { name, offset };
  }

  #writePostings(refs: readonly number[]): number {
    const writer = this.#writer;
    writer.pad(WORD_ALIGNMENT);
    const start = this.#beginSection();
    writer.u32(refs.length);
    for (const ref of refs) writer.u32(ref);
    this.#endSection(start);
    return start;
  }

  #writeLabelIndicesTable(sections: readonly { name: number; offset: number }[]): number {
    const writer = this.#writer;
    const start = this.#beginSection();
    writer.u32(sections.length);
    for (const { name, offset } of sections) {
      writer.uvarint(1);
      writer.text(this.#symbols[name]!);
      writer.uvarint(offset);
    }
    this.#endSection(start);
    return start;
  }

  #writePostingsTable(sections: readonly PairSection[]): number {
    const writer = this.#writer;
    const start = this.#beginSection();
    writer.u32(sections.length);
    for (const { name, value, offset } of sections) {
      writer.uvarint(2);
      writer.text(name);
      writer.text(value);
      writer.uvarint(offset);
    }
    this.#endSection(start);
    return start;
  }

  #writeToc(toc: IndexToc): void {
    const writer = this.#writer;
    const start = writer.length;
    writer.u64(toc.symbols);
    writer.u64(toc.series);
    writer.u64(toc.labelIndices);
    writer.u64(toc.labelIndicesTable);
    writer.u64(toc.postings);
    writer.u64(toc.postingsTable);
    writer.u32(crc32c(writer.buffer, start, writer.length));
  }

  /** Leaves room for a section's length; returns where the section begins. */
  #beginSection(): number {
    const start = this.#writer.length;
    this.#writer.u32(0);
    return start;
  }

  #endSection(start: number): void {
    const writer = this.#writer;
    const body = start + 4;
    writer.setU32(start, writer.length - body);
    writer.u32(crc32c(writer.buffer, body, writer.length));
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

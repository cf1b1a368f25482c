import { compareUtf8 } from '../../util/index.ts';
import { Pacer } from '../pacer.ts';
import { ByteWriter } from '../wal/byte-writer.ts';
import { encodeFooter, encodeHeader, INDEX_GROUP, INDEX_MAGIC } from './index-layout.ts';

const ENCODER = new TextEncoder();

/** Where the chunks file holds samples of a series. */
export interface ChunkRef {
  readonly offset: number;
  readonly length: number;
  /** Number of the column of its times. */
  readonly column: number;
  readonly isHistogram: boolean;
}

/** Where the chunks file holds the times that chunks share. */
export interface TimeColumn {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Values of one label name in order of first sight, with the series that have them. */
interface NameEntry {
  readonly text: string;
  readonly ids: Map<string, number>;
  readonly postings: number[][];
  /** Place of each value among the sorted ones; set when all are known. */
  ranks: Uint32Array;
}

interface ShapeNode {
  id: number;
  readonly next: Map<number, ShapeNode>;
}

/** Gathers the series of a block and writes its index. */
export class IndexWriter {
  readonly #names: NameEntry[] = [];
  readonly #nameIds = new Map<string, number>();
  readonly #shapes: number[][] = [];
  /** Name after name down to the shape that ends there. */
  readonly #shapeTree: ShapeNode = { id: -1, next: new Map() };
  readonly #columns: TimeColumn[] = [];
  readonly #seriesShapes: number[] = [];
  readonly #seriesValues: number[] = [];
  readonly #chunkCounts: number[] = [];
  readonly #chunks: ChunkRef[] = [];

  get seriesCount(): number {
    return this.#seriesShapes.length;
  }

  get chunkCount(): number {
    return this.#chunks.length;
  }

  addColumn(column: TimeColumn): number {
    return this.#columns.push(column) - 1;
  }

  /** Adds the next series by its label pairs, sorted by name. */
  addSeries(pairs: readonly string[], chunks: readonly ChunkRef[]): void {
    const ordinal = this.seriesCount;
    const shape: number[] = [];
    for (let index = 0; index < pairs.length; index += 2) {
      const nameId = this.#nameId(pairs[index]!);
      shape.push(nameId);
      const { ids, postings } = this.#names[nameId]!;
      const text = pairs[index + 1]!;
      let id = ids.get(text);
      if (id === undefined) {
        id = ids.size;
        ids.set(text, id);
        postings.push([]);
      }
      postings[id]!.push(ordinal);
      this.#seriesValues.push(id);
    }
    this.#seriesShapes.push(this.#shapeId(shape));
    this.#chunkCounts.push(chunks.length);
    for (const chunk of chunks) this.#chunks.push(chunk);
  }

  /** The whole file. */
  async finish(): Promise<Uint8Array> {
    const pacer = new Pacer();
    const out = new ByteWriter(1024 * 1024);
    out.bytes(encodeHeader(INDEX_MAGIC));
    const ends: number[] = [];
    const sorted = await this.#sortValues(pacer);
    this.#writeNames(out);
    ends.push(out.length);
    const valueGroups = await writeValues(out, sorted, pacer);
    ends.push(out.length);
    writeOffsets(out, valueGroups);
    ends.push(out.length);
    const postingGroups = await this.#writePostings(out, sorted, pacer);
    ends.push(out.length);
    writeOffsets(out, postingGroups);
    ends.push(out.length);
    this.#writeShapes(out);
    ends.push(out.length);
    this.#writeColumns(out);
    ends.push(out.length);
    const seriesGroups = await this.#writeSeries(out, pacer);
    ends.push(out.length);
    writeOffsets(out, seriesGroups);
    ends.push(out.length);
    out.bytes(encodeFooter(out.buffer, ends));
    return out.written();
  }

  #nameId(text: string): number {
    let id = this.#nameIds.get(text);
    if (id === undefined) {
      id = this.#names.length;
      this.#nameIds.set(text, id);
      this.#names.push({ text, ids: new Map(), postings: [], ranks: new Uint32Array(0) });
    }
    return id;
  }

  #shapeId(shape: number[]): number {
    let node = this.#shapeTree;
    for (const nameId of shape) {
      let next = node.next.get(nameId);
      if (next === undefined) {
        next = { id: -1, next: new Map() };
        node.next.set(nameId, next);
      }
      node = next;
    }
    if (node.id < 0) node.id = this.#shapes.push(shape) - 1;
    return node.id;
  }

  /** Texts of each name in order of their bytes. */
  async #sortValues(pacer: Pacer): Promise<string[][]> {
    const sorted: string[][] = [];
    for (const entry of this.#names) {
      const texts = [...entry.ids.keys()].sort(compareUtf8);
      entry.ranks = new Uint32Array(texts.length);
      for (const [rank, text] of texts.entries()) entry.ranks[entry.ids.get(text)!] = rank;
      sorted.push(texts);
      if (pacer.due()) await pacer.pause();
    }
    return sorted;
  }

  #writeNames(out: ByteWriter): void {
    out.varint(this.#names.length);
    for (const { text, ids } of this.#names) {
      out.text(text);
      out.varint(ids.size);
    }
  }

  async #writePostings(
    out: ByteWriter,
    sorted: readonly (readonly string[])[],
    pacer: Pacer,
  ): Promise<number[]> {
    const groups: number[] = [];
    const start = out.length;
    const list = new ByteWriter();
    for (const [nameId, texts] of sorted.entries()) {
      const { ids, postings } = this.#names[nameId]!;
      for (const [rank, text] of texts.entries()) {
        if (rank % INDEX_GROUP === 0) groups.push(out.length - start);
        list.reset();
        writePostings(list, postings[ids.get(text)!]!);
        out.varint(list.length);
        out.bytes(list.written());
        if (pacer.due()) await pacer.pause();
      }
    }
    return groups;
  }

  #writeShapes(out: ByteWriter): void {
    out.varint(this.#shapes.length);
    for (const shape of this.#shapes) {
      out.varint(shape.length);
      for (const nameId of shape) out.varint(nameId);
    }
  }

  #writeColumns(out: ByteWriter): void {
    out.varint(this.#columns.length);
    let end = 0;
    for (const { offset, length, count, minTime, maxTime } of this.#columns) {
      out.varint(offset - end);
      out.varint(length);
      out.varint(count);
      out.f64(minTime);
      out.f64(maxTime);
      end = offset + length;
    }
  }

  async #writeSeries(out: ByteWriter, pacer: Pacer): Promise<number[]> {
    const groups: number[] = [];
    const start = out.length;
    let valueAt = 0;
    let chunkAt = 0;
    let columns: number[] = [];
    let end = 0;
    for (const [ordinal, shapeId] of this.#seriesShapes.entries()) {
      if (ordinal % INDEX_GROUP === 0) {
        groups.push(out.length - start);
        columns = [];
        end = 0;
      }
      out.varint(shapeId);
      for (const nameId of this.#shapes[shapeId]!) {
        out.varint(this.#names[nameId]!.ranks[this.#seriesValues[valueAt++]!]!);
      }
      const chunkCount = this.#chunkCounts[ordinal]!;
      out.varint(chunkCount);
      for (let index = 0; index < chunkCount; index++) {
        const { offset, length, column, isHistogram } = this.#chunks[chunkAt++]!;
        out.varint(2 * length + (isHistogram ? 1 : 0));
        out.varint(offset - end);
        const difference = column - (columns[index] ?? 0);
        out.varint(difference < 0 ? -2 * difference - 1 : 2 * difference);
        columns[index] = column;
        end = offset + length;
      }
      if (pacer.due()) await pacer.pause();
    }
    return groups;
  }
}

function writeOffsets(out: ByteWriter, offsets: readonly number[]): void {
  out.reserve(4 * offsets.length);
  for (const offset of offsets) out.u32(offset);
}

/** Each text as what it shares with the one before, from nothing at the start of each group. */
async function writeValues(
  out: ByteWriter,
  sorted: readonly (readonly string[])[],
  pacer: Pacer,
): Promise<number[]> {
  const groups: number[] = [];
  const start = out.length;
  for (const texts of sorted) {
    let before = new Uint8Array(0);
    for (const [rank, text] of texts.entries()) {
      if (rank % INDEX_GROUP === 0) {
        groups.push(out.length - start);
        before = new Uint8Array(0);
      }
      const bytes = ENCODER.encode(text);
      const most = Math.min(before.length, bytes.length);
      let shared = 0;
      while (shared < most && before[shared] === bytes[shared]) shared++;
      out.varint(shared);
      out.varint(bytes.length - shared);
      out.bytes(bytes.subarray(shared));
      before = bytes;
      if (pacer.due()) await pacer.pause();
    }
  }
  return groups;
}

/** Ascending ordinals as gaps, runs of consecutive ones by their length. */
function writePostings(out: ByteWriter, ordinals: readonly number[]): void {
  out.varint(ordinals.length);
  let next = 0;
  for (let index = 0; index < ordinals.length; ) {
    const first = ordinals[index]!;
    let end = index + 1;
    while (end < ordinals.length && ordinals[end] === first + (end - index)) end++;
    const run = end - index;
    out.varint(2 * (first - next) + (run > 1 ? 1 : 0));
    if (run > 1) out.varint(run - 2);
    next = first + run;
    index = end;
  }
}

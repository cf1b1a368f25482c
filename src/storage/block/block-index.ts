import { compareUtf8 } from '../../util/index.ts';
import { Pacer } from '../pacer.ts';
import { ByteReader, RecordFormatError } from '../wal/byte-reader.ts';
import type { Section, SectionPlace } from './index-layout.ts';
import {
  checkHeader,
  checkSection,
  decodeFooter,
  INDEX_GROUP,
  INDEX_MAGIC,
} from './index-layout.ts';
import type { ChunkRef, TimeColumn } from './index-writer.ts';

/** One label name of a block. */
interface NameEntry {
  readonly text: string;
  readonly valueCount: number;
  /** Number of its first group of values among those of all names. */
  readonly firstGroup: number;
  /** Texts in order, once they were asked for. */
  texts: string[] | undefined;
}

/** A series as the index has it. */
export interface IndexEntry {
  readonly ordinal: number;
  /** Label names, as numbers. */
  readonly shape: readonly number[];
  /** For each name, the place of the value among those of the name. */
  readonly values: readonly number[];
  readonly chunks: readonly ChunkRef[];
}

/**
 * The index of a block as it is on the disk, in memory, and what finding things in it needs.
 * Series have ordinals, label names numbers, values their places among those of their name in
 * order of bytes. Reading what the checksums let pass and is wrong all the same throws
 * `RecordFormatError`.
 */
export class BlockIndex {
  readonly names: readonly NameEntry[];
  readonly columns: readonly TimeColumn[];
  readonly seriesCount: number;
  readonly sizeBytes: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #places: ReadonlyMap<Section, SectionPlace>;
  readonly #nameIds = new Map<string, number>();
  readonly #shapes: readonly (readonly number[])[];

  private constructor(bytes: Uint8Array, places: readonly SectionPlace[], seriesCount: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#places = new Map(places.map((place) => [place.section, place]));
    this.sizeBytes = bytes.length;
    this.seriesCount = seriesCount;
    this.names = this.#readNames();
    for (const [nameId, { text }] of this.names.entries()) this.#nameIds.set(text, nameId);
    this.#shapes = this.#readShapes();
    this.columns = this.#readColumns();
  }

  /** Takes the bytes over. @throws StorageError where checksums are wrong. */
  static async open(path: string, bytes: Uint8Array, seriesCount: number): Promise<BlockIndex> {
    checkHeader(path, bytes, INDEX_MAGIC);
    const places = decodeFooter(path, bytes);
    const pacer = new Pacer();
    for (const place of places) {
      checkSection(path, bytes, place);
      if (pacer.dueNow()) await pacer.pause();
    }
    return new BlockIndex(bytes, places, seriesCount);
  }

  nameId(text: string): number | undefined {
    return this.#nameIds.get(text);
  }

  /** Every value of a name, in order. */
  values(nameId: number): readonly string[] {
    const entry = this.names[nameId]!;
    if (entry.texts === undefined) {
      const texts: string[] = [];
      const groups = Math.ceil(entry.valueCount / INDEX_GROUP);
      for (let group = 0; group < groups; group++) this.#readGroup(entry, group, texts);
      entry.texts = texts;
    }
    return entry.texts;
  }

  value(nameId: number, rank: number): string {
    return this.values(nameId)[rank] ?? '';
  }

  /** Place of a value among those of its name; undefined where no series has it. */
  rank(nameId: number, text: string): number | undefined {
    const entry = this.names[nameId]!;
    let low = 0;
    let high = Math.ceil(entry.valueCount / INDEX_GROUP);
    // The last group that begins with the text or before it.
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.#groupTexts(entry, middle)[0] ?? '', text) <= 0) low = middle;
      else high = middle;
    }
    const at = this.#groupTexts(entry, low).indexOf(text);
    return at < 0 ? undefined : low * INDEX_GROUP + at;
  }

  /** Ordinals of the series that have the value, ascending. */
  postings(nameId: number, rank: number): Uint32Array {
    const { firstGroup } = this.names[nameId]!;
    const group = firstGroup + Math.floor(rank / INDEX_GROUP);
    const place = this.#place('postings');
    const reader = this.#reader('postings', this.#offset('postingGroups', group));
    for (let skip = rank % INDEX_GROUP; skip > 0; skip--) reader.bytes(reader.varint());
    const length = reader.varint();
    const start = place.end - reader.remaining;
    return this.#readPostings(new ByteReader(this.#bytes, start, start + length));
  }

  /** The series of ascending ordinals, one after another. */
  *entries(ordinals: Iterable<number>): IterableIterator<IndexEntry> {
    let reader: ByteReader | undefined;
    let next = 0;
    let state: ReadState = { end: 0, columns: [] };
    for (const ordinal of ordinals) {
      if (ordinal >= this.seriesCount) throw new RecordFormatError(`there is no series ${ordinal}`);
      const group = Math.floor(ordinal / INDEX_GROUP);
      if (reader === undefined || ordinal < next || group > Math.floor(next / INDEX_GROUP)) {
        reader = this.#reader('series', this.#offset('seriesGroups', group));
        next = group * INDEX_GROUP;
        state = { end: 0, columns: [] };
      }
      let entry: IndexEntry;
      do {
        if (next % INDEX_GROUP === 0) state = { end: 0, columns: [] };
        entry = this.#readEntry(reader, next++, state);
      } while (next <= ordinal);
      yield entry;
    }
  }

  /** Name, value, name, value, … in the order of a label set. */
  pairs(entry: IndexEntry): string[] {
    const pairs: string[] = [];
    for (const [index, nameId] of entry.shape.entries()) {
      pairs.push(this.names[nameId]!.text, this.value(nameId, entry.values[index]!));
    }
    return pairs;
  }

  #readEntry(reader: ByteReader, ordinal: number, state: ReadState): IndexEntry {
    const shape = this.#shapes[reader.varint()];
    if (shape === undefined) throw new RecordFormatError('the shape of a series is not known');
    const values: number[] = [];
    for (let index = 0; index < shape.length; index++) values.push(reader.varint());
    const chunkCount = reader.count(3);
    const chunks: ChunkRef[] = [];
    for (let index = 0; index < chunkCount; index++) {
      const head = reader.varint();
      const offset = state.end + reader.varint();
      const zigzag = reader.varint();
      const difference = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
      const column = (state.columns[index] ?? 0) + difference;
      if (this.columns[column] === undefined) {
        throw new RecordFormatError(`there is no column ${column} of times`);
      }
      state.columns[index] = column;
      const length = Math.floor(head / 2);
      state.end = offset + length;
      chunks.push({ offset, length, column, isHistogram: head % 2 === 1 });
    }
    return { ordinal, shape, values, chunks };
  }

  #readNames(): NameEntry[] {
    const reader = this.#reader('names', 0);
    let firstGroup = 0;
    return Array.from({ length: reader.count(2) }, () => {
      const text = reader.text();
      const valueCount = reader.varint();
      const entry = { text, valueCount, firstGroup, texts: undefined };
      firstGroup += Math.ceil(valueCount / INDEX_GROUP);
      return entry;
    });
  }

  #readGroup(entry: NameEntry, group: number, texts: string[]): void {
    const reader = this.#reader('values', this.#offset('valueGroups', entry.firstGroup + group));
    const count = Math.min(INDEX_GROUP, entry.valueCount - group * INDEX_GROUP);
    let before = Buffer.alloc(0);
    for (let index = 0; index < count; index++) {
      const shared = reader.varint();
      const rest = reader.bytes(reader.varint());
      if (shared > before.length) throw new RecordFormatError('a value shares more than there is');
      before = Buffer.concat([before.subarray(0, shared), rest]);
      texts.push(before.toString('utf8'));
    }
  }

  #groupTexts(entry: NameEntry, group: number): string[] {
    if (entry.texts !== undefined) {
      return entry.texts.slice(group * INDEX_GROUP, (group + 1) * INDEX_GROUP);
    }
    const texts: string[] = [];
    this.#readGroup(entry, group, texts);
    return texts;
  }

  #readPostings(reader: ByteReader): Uint32Array {
    const count = reader.varint();
    if (count > this.seriesCount) throw new RecordFormatError(`${count} series are too many`);
    const ordinals = new Uint32Array(count);
    let next = 0;
    for (let at = 0; at < count; ) {
      const head = reader.varint();
      next += Math.floor(head / 2);
      const end = at + (head % 2 === 1 ? reader.varint() + 2 : 1);
      if (end > count) throw new RecordFormatError('a run of series is too long');
      while (at < end) ordinals[at++] = next++;
    }
    return ordinals;
  }

  #readShapes(): number[][] {
    const reader = this.#reader('shapes', 0);
    return Array.from({ length: reader.count(1) }, () =>
      Array.from({ length: reader.count(1) }, () => {
        const nameId = reader.varint();
        if (nameId >= this.names.length) throw new RecordFormatError(`no name ${nameId}`);
        return nameId;
      }),
    );
  }

  #readColumns(): TimeColumn[] {
    const reader = this.#reader('columns', 0);
    let end = 0;
    return Array.from({ length: reader.count(19) }, () => {
      const offset = end + reader.varint();
      const length = reader.varint();
      end = offset + length;
      const count = reader.varint();
      return { offset, length, count, minTime: reader.f64(), maxTime: reader.f64() };
    });
  }

  #place(section: Section): SectionPlace {
    const place = this.#places.get(section);
    if (place === undefined) throw new RecordFormatError(`no section ${section}`);
    return place;
  }

  #reader(section: Section, offset: number): ByteReader {
    const { start, end } = this.#place(section);
    if (start + offset > end) throw new RecordFormatError(`section ${section} is too short`);
    return new ByteReader(this.#bytes, start + offset, end);
  }

  /** Number `index` of a section of offsets. */
  #offset(section: Section, index: number): number {
    const { start, end } = this.#place(section);
    const at = start + 4 * index;
    if (at + 4 > end) throw new RecordFormatError(`section ${section} has no number ${index}`);
    return this.#view.getUint32(at, true);
  }
}

/** What reading a series takes from those before it in its group. */
interface ReadState {
  end: number;
  columns: number[];
}

import type { Sealed } from '../../formats/tide/index.ts';
import {
  decodeRecord,
  decodeSegmentHeader,
  encodeRecord,
  encodeSegmentHeader,
  recordSize,
  type RingRecord,
  type SegmentHeader,
  segmentHeader,
} from './record.ts';
import type { RingFileSystem, RingWritableFile } from './ring-file-system.ts';
import { SegmentIndex } from './segment-index.ts';

export interface DiskRingOptions {
  readonly fileSystem: RingFileSystem;
  readonly directory: string;
  readonly epoch: number;
  /** Of this process: tells its segments from those of another with the same epoch. */
  readonly nonce?: number | undefined;
  readonly diskBytes: number;
  readonly segmentBytes: number;
  readonly maxAgeMs: number;
}

/** A piece of a segment, as read. */
interface Window {
  readonly segment: SegmentIndex;
  readonly from: number;
  readonly to: number;
  readonly records: readonly Sealed[];
}

const SEGMENT = /^(\d+)-(\d+)\.seg$/;
const SCHEMA_FILE = /^(\d+)\.schema$/;
/** What a file is called while it is written anew. */
const REPLACING = '.new';

/**
 * Sealed frames in append-only segments. Schemas are kept a second time, in a file for each epoch
 * that lives as long as any of its segments: without them no batch can be read. One writer.
 */
export class DiskRing {
  readonly #options: DiskRingOptions;
  /** Oldest first; the last may be the one that is written to. */
  #segments: SegmentIndex[] = [];
  readonly #schemas = new Map<number, Sealed[]>();
  /** Number of the newest schema of this epoch that is on disk. */
  #schemaSeq = 0;
  #active: { readonly file: RingWritableFile; readonly index: SegmentIndex } | undefined;
  #schemaFile: { readonly file: RingWritableFile; sizeBytes: number } | undefined;
  #nextNumber = 1;
  /** What was read last: repair asks for one number after the other. */
  #window: Window | undefined;

  private constructor(options: DiskRingOptions) {
    this.#options = options;
  }

  /**
   * Opens the ring as the last process left it. A segment ends at its first torn or damaged record:
   * what is behind it is cut off, durably, so that it cannot come back later.
   */
  static async open(options: DiskRingOptions): Promise<DiskRing> {
    const ring = new DiskRing(options);
    const { fileSystem, directory } = options;
    await fileSystem.makeDirectory(directory);
    for (const name of (await fileSystem.list(directory)).sort()) {
      if (SEGMENT.test(name)) await ring.#recoverSegment(name);
      else if (SCHEMA_FILE.test(name)) await ring.#recoverSchemas(name);
      else if (name.endsWith(REPLACING)) await fileSystem.remove(ring.#path(name));
    }
    ring.#segments.sort((a, b) => a.epoch - b.epoch || numberOf(a.name) - numberOf(b.name));
    return ring;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get oldestMs(): number {
    return Math.min(...this.#segments.map(({ oldestMs }) => oldestMs));
  }

  get segments(): readonly SegmentIndex[] {
    return this.#segments;
  }

  schemas(epoch: number): readonly Sealed[] {
    return this.#schemas.get(epoch) ?? [];
  }

  /** Writes the records, which follow what was written before, and makes them durable. */
  async write(records: readonly RingRecord[]): Promise<void> {
    let next = 0;
    while (next < records.length) {
      const active = this.#active ?? (await this.#begin());
      let sizeBytes = 0;
      const part: RingRecord[] = [];
      const room = this.#options.segmentBytes - active.index.sizeBytes;
      for (; next < records.length && (part.length === 0 || sizeBytes < room); next++) {
        const record = records[next]!;
        part.push(record);
        sizeBytes += record.sizeBytes;
      }
      await this.writeSchemas(part);
      const bytes = new Uint8Array(sizeBytes);
      let offset = 0;
      for (const record of part) offset = encodeRecord(bytes, offset, record);
      await active.file.write(bytes, active.index.sizeBytes);
      await active.file.sync();
      for (const record of part) active.index.add(record);
      if (active.index.sizeBytes >= this.#options.segmentBytes) await this.#seal();
    }
  }

  /** The frame, if a segment holds it and it is not damaged. */
  async read(epoch: number, stream: number, seq: number): Promise<Sealed | undefined> {
    const segment = this.#segments.find(
      (other) => other.epoch === epoch && other.mayHold(stream, seq),
    );
    if (segment === undefined) return undefined;
    const { from, to } = segment.window(stream, seq);
    const known = this.#window;
    const isKnown = known?.segment === segment && known.from === from && known.to === to;
    if (!isKnown) this.#window = await this.#readWindow(segment, from, to);
    return this.#window?.records.find((one) => one.stream === stream && one.seq === seq);
  }

  /** The records of a window, up to the first that is damaged. */
  async #readWindow(segment: SegmentIndex, from: number, to: number): Promise<Window> {
    const file = await this.#options.fileSystem.openRead(this.#path(segment.name));
    let bytes: Uint8Array;
    try {
      bytes = await file.read(from, to - from);
    } finally {
      await file.close();
    }
    const records: Sealed[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const record = decodeRecord(bytes, offset, segment.epoch);
      if (record === undefined) break;
      records.push(record.sealed);
      offset += record.sizeBytes;
    }
    return { segment, from, to, records };
  }

  /** Removes the oldest segments: those too old, and those beyond the size. */
  async evict(nowMs: number): Promise<void> {
    const { diskBytes, maxAgeMs } = this.#options;
    for (;;) {
      const oldest = this.#segments[0];
      if (oldest === undefined || oldest === this.#active?.index) return;
      if (oldest.newestMs >= nowMs - maxAgeMs && this.sizeBytes <= diskBytes) return;
      this.#segments.shift();
      await this.#options.fileSystem.remove(this.#path(oldest.name));
      if (this.#segments.some(({ epoch }) => epoch === oldest.epoch)) continue;
      if (oldest.epoch === this.#options.epoch) continue;
      this.#schemas.delete(oldest.epoch);
      await this.#options.fileSystem.remove(this.#path(schemaName(oldest.epoch)));
    }
  }

  async close(): Promise<void> {
    if (this.#active !== undefined) await this.#seal();
    await this.#schemaFile?.file.close();
    this.#schemaFile = undefined;
  }

  async #begin(): Promise<{ file: RingWritableFile; index: SegmentIndex }> {
    const { fileSystem, directory, epoch, nonce } = this.#options;
    const name = `${epoch}-${this.#nextNumber++}.seg`;
    const file = await fileSystem.open(this.#path(name), 'create');
    const header = segmentHeader(epoch, nonce);
    await file.write(encodeSegmentHeader(header), 0);
    await file.sync();
    await fileSystem.syncDirectory(directory);
    const active = { file, index: new SegmentIndex(name, header) };
    this.#segments.push(active.index);
    this.#active = active;
    return active;
  }

  async #seal(): Promise<void> {
    await this.#active?.file.close();
    this.#active = undefined;
  }

  /** Writes the schemas among the records, which follow what was written before. */
  async writeSchemas(records: readonly RingRecord[]): Promise<void> {
    const { fileSystem, directory, epoch, nonce } = this.#options;
    const kept = this.#schemas.get(epoch) ?? [];
    for (const record of records) {
      // Written before, when what followed could not be.
      const isKept = this.#schemaSeq >= record.sealed.seq;
      if (record.sealed.type !== 'SCHEMA' || isKept) continue;
      if (this.#schemaFile === undefined) {
        const file = await fileSystem.open(this.#path(schemaName(epoch)), 'create');
        const header = segmentHeader(epoch, nonce);
        await file.write(encodeSegmentHeader(header), 0);
        this.#schemaFile = { file, sizeBytes: header.sizeBytes };
        this.#schemas.set(epoch, kept);
        await fileSystem.syncDirectory(directory);
      }
      const bytes = new Uint8Array(record.sizeBytes);
      encodeRecord(bytes, 0, record);
      await this.#schemaFile.file.write(bytes, this.#schemaFile.sizeBytes);
      await this.#schemaFile.file.sync();
      this.#schemaFile.sizeBytes += bytes.length;
      kept.push(record.sealed);
      this.#schemaSeq = record.sealed.seq;
    }
  }

  /** Has these in place of the schemas of this epoch that are on disk, durably, in one step. */
  async replaceSchemas(all: readonly Sealed[]): Promise<void> {
    if (this.#schemaFile === undefined) return;
    const { fileSystem, directory, epoch, nonce } = this.#options;
    const kept = all.filter(({ seq }) => seq <= this.#schemaSeq);
    const records = kept.map((sealed) => ({ sealed, sealedMs: 0, sizeBytes: recordSize(sealed) }));
    const header = encodeSegmentHeader(segmentHeader(epoch, nonce));
    const sizeBytes = records.reduce((sum, record) => sum + record.sizeBytes, header.length);
    const bytes = new Uint8Array(sizeBytes);
    bytes.set(header);
    let offset = header.length;
    for (const record of records) offset = encodeRecord(bytes, offset, record);
    const path = this.#path(schemaName(epoch));
    const file = await fileSystem.open(`${path}${REPLACING}`, 'create');
    try {
      await file.write(bytes, 0);
      await file.sync();
      await fileSystem.rename(`${path}${REPLACING}`, path);
      await fileSystem.syncDirectory(directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#schemaFile.file.close();
    this.#schemaFile = { file, sizeBytes };
    this.#schemas.set(epoch, kept);
  }

  async #recoverSegment(name: string): Promise<void> {
    const { records, header } = await this.#recoverRecords(name);
    if (header === undefined || records.length === 0) {
      await this.#options.fileSystem.remove(this.#path(name));
      return;
    }
    const index = new SegmentIndex(name, header);
    for (const record of records) index.add(record);
    this.#segments.push(index);
  }

  async #recoverSchemas(name: string): Promise<void> {
    const { records, header } = await this.#recoverRecords(name);
    if (header !== undefined) {
      this.#schemas.set(
        header.epoch,
        records.map(({ sealed }) => sealed),
      );
    }
  }

  async #recoverRecords(
    name: string,
  ): Promise<{ records: RingRecord[]; header: SegmentHeader | undefined }> {
    const bytes = await this.#options.fileSystem.read(this.#path(name));
    const header = decodeSegmentHeader(bytes);
    const records: RingRecord[] = [];
    if (header === undefined) return { records, header };
    let offset = header.sizeBytes;
    for (;;) {
      const record = decodeRecord(bytes, offset, header.epoch);
      if (record === undefined) break;
      records.push(record);
      offset += record.sizeBytes;
    }
    const file = await this.#options.fileSystem.open(this.#path(name), 'update');
    try {
      if (offset < bytes.length) await file.truncate(offset);
      // What is told to the collector as synced must be.
      await file.sync();
    } finally {
      await file.close();
    }
    return { records, header };
  }

  #path(name: string): string {
    return `${this.#options.directory}/${name}`;
  }
}

function schemaName(epoch: number): string {
  return `${epoch}.schema`;
}

function numberOf(name: string): number {
  return Number(SEGMENT.exec(name)?.[2] ?? 0);
}

import type { FileSystem, WritableFile } from '../file-system.ts';
import { encodeFileHeader, FILE_HEADER_BYTES, FileMagic, isOldFile } from './log-file.ts';
import { segmentName } from './segment-names.ts';

/** Where segments are. */
export interface SegmentPlace {
  readonly files: FileSystem;
  readonly walDir: string;
  /** `durable`: what is appended is synced before that resolves. */
  readonly writes: 'durable' | undefined;
}

/**
 * The segment that is written to. `sizeBytes` is where its good records end; what a failed write
 * left behind that is cut off before anything else is written.
 */
export class Segment {
  readonly sequence: number;
  /** Of an older version of the format: nothing is added to it. */
  readonly isOld: boolean;
  readonly #file: WritableFile;
  #sizeBytes: number;
  #dirty = false;

  private constructor(file: WritableFile, sequence: number, sizeBytes: number, isOld: boolean) {
    this.#file = file;
    this.sequence = sequence;
    this.isOld = isOld;
    this.#sizeBytes = sizeBytes;
  }

  /** Makes a new, empty segment, durable under its name. */
  static async create({ files, walDir, writes }: SegmentPlace, sequence: number): Promise<Segment> {
    const path = `${walDir}/${segmentName(sequence)}`;
    const file = await files.open(path, 'create', writes);
    try {
      await file.write(encodeFileHeader(FileMagic.SEGMENT, sequence), 0);
      await file.sync();
      await files.syncDirectory(walDir);
    } catch (error) {
      await file.close().catch(ignore);
      await files.remove(path).catch(ignore);
      throw error;
    }
    return new Segment(file, sequence, FILE_HEADER_BYTES, false);
  }

  /** Goes on with a segment whose good records end at `sizeBytes`; cuts off what follows. */
  static async resume(
    { files, walDir, writes }: SegmentPlace,
    sequence: number,
    sizeBytes: number,
  ): Promise<Segment> {
    const path = `${walDir}/${segmentName(sequence)}`;
    const isOld = await isOldSegment(files, path);
    const file = await files.open(path, 'update', writes);
    try {
      await file.truncate(sizeBytes);
      await file.sync();
    } catch (error) {
      await file.close().catch(ignore);
      throw error;
    }
    return new Segment(file, sequence, sizeBytes, isOld);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get isEmpty(): boolean {
    return this.#sizeBytes === FILE_HEADER_BYTES;
  }

  /**
   * Writes records at the end. On an error the file is cut back, now or, where that fails too,
   * before the next write.
   */
  async append(records: Uint8Array): Promise<void> {
    if (this.#dirty) await this.#cutBack();
    this.#dirty = true;
    try {
      await this.#file.write(records, this.#sizeBytes);
    } catch (error) {
      await this.#cutBack().catch(ignore);
      throw error;
    }
    this.#dirty = false;
    this.#sizeBytes += records.length;
  }

  /** Syncs, and cuts off first what a failed write left: the log may go on in another file. */
  async sync(): Promise<void> {
    if (this.#dirty) await this.#cutBack();
    else await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #cutBack(): Promise<void> {
    await this.#file.truncate(this.#sizeBytes);
    await this.#file.sync();
    this.#dirty = false;
  }
}

async function isOldSegment(files: FileSystem, path: string): Promise<boolean> {
  const file = await files.openRead(path);
  try {
    return isOldFile(await file.read(0, FILE_HEADER_BYTES), FileMagic.SEGMENT);
  } finally {
    await file.close();
  }
}

// The first error is the one that says what went wrong.
function ignore(): void {}

import { KernelMemoryError } from '../../kernel/index.ts';
import { messageOf } from '../../model/index.ts';
import type { StorageEnvironment } from '../environment.ts';
import { StorageError, StorageFullError, storageErrorOf } from '../errors.ts';
import type { Head } from '../head/head.ts';
import { ByteReader, RecordFormatError } from './byte-reader.ts';
import { DependentRecordError } from './commit-codec.ts';
import type { DamagedRange } from './log-file.ts';
import { checkFileHeader, FILE_HEADER_BYTES, FileMagic, scanRecords } from './log-file.ts';
import { ReadAhead } from './read-ahead.ts';
import type { ReplayedDelete } from './record-replay.ts';
import { RecordReplay } from './record-replay.ts';
import { RecordKind } from './records.ts';
import {
  checkpointName,
  checkpointSequences,
  partNames,
  segmentName,
  segmentSequences,
  TEMPORARY_SUFFIX,
} from './segment-names.ts';

/** What opening the store found on the disk. */
export interface Recovery {
  /** Segment to go on with and where its good records end; undefined: begin a new one. */
  readonly resume: { readonly sequence: number; readonly sizeBytes: number } | undefined;
  /** Sequence that a new segment would get. */
  readonly nextSequence: number;
  /** Size of the log behind the checkpoint. */
  readonly logBytes: number;
  /** Size of the checkpoint, 0 where there is none. */
  readonly checkpointBytes: number;
  readonly recordCount: number;
  /** Bytes of a torn last write that were cut off. */
  readonly tornBytes: number;
  /** Damaged places: each lost what it held, and its file is put aside. */
  readonly corruptionCount: number;
  /** Names, in the log's folder, of the damaged files and folders. */
  readonly damagedNames: ReadonlySet<string>;
  /** Deletes in the log behind the checkpoint, each with the number of the cut before it. */
  readonly deletes: readonly ReplayedDelete[];
}

/**
 * Fills an empty head from the newest checkpoint and the segments after it. Changes no file but
 * for removing what was never finished. @throws StorageError when files cannot be read, or were
 * written by a newer version.
 */
export async function recover(
  environment: StorageEnvironment,
  walDir: string,
  head: Head,
): Promise<Recovery> {
  const records = new RecordReplay(head);
  try {
    return await new Recoverer(environment, walDir, records).recover();
  } catch (error) {
    if (error instanceof KernelMemoryError) {
      const text = 'the memory for new samples is too small for what is stored';
      throw new StorageFullError(`${text}: ${error.message}`, { cause: error });
    }
    throw storageErrorOf('cannot read the log', error);
  } finally {
    records.close();
  }
}

interface SegmentEnd {
  readonly sizeBytes: number;
  readonly neverBegun: boolean;
  readonly resume: Recovery['resume'];
}

class Recoverer {
  readonly #environment: StorageEnvironment;
  readonly #walDir: string;
  readonly #records: RecordReplay;
  readonly #damagedNames = new Set<string>();
  #corruptionCount = 0;
  #recordCount = 0;
  #tornBytes = 0;

  constructor(environment: StorageEnvironment, walDir: string, records: RecordReplay) {
    this.#environment = environment;
    this.#walDir = walDir;
    this.#records = records;
  }

  async recover(): Promise<Recovery> {
    const names = await this.#environment.files.list(this.#walDir);
    for (const name of names) {
      if (!name.endsWith(TEMPORARY_SUFFIX)) continue;
      await this.#environment.files.remove(`${this.#walDir}/${name}`);
    }
    const checkpoint = checkpointSequences(names).at(-1);
    const checkpointBytes = checkpoint === undefined ? 0 : await this.#readCheckpoint(checkpoint);
    const sequences = segmentSequences(names).filter((sequence) => sequence > (checkpoint ?? 0));
    let previous = checkpoint;
    let logBytes = 0;
    let last: SegmentEnd | undefined;
    const files = new ReadAhead(sequences.map(segmentName), (name) => this.#read(name));
    for (const [index, sequence] of sequences.entries()) {
      if (sequence !== (previous ?? 0) + 1) this.#reportGap(previous ?? 0, sequence);
      previous = sequence;
      const isLast = index === sequences.length - 1;
      last = this.#replaySegment(sequence, await files.next(), isLast);
      logBytes += last.sizeBytes;
    }
    this.#records.settle();
    return {
      resume: last?.resume,
      // A segment that never got its header is made again.
      nextSequence: (previous ?? 0) + (last?.neverBegun === true ? 0 : 1),
      logBytes,
      checkpointBytes,
      recordCount: this.#recordCount,
      tornBytes: this.#tornBytes,
      corruptionCount: this.#corruptionCount,
      damagedNames: this.#damagedNames,
      deletes: this.#records.deletes,
    };
  }

  async #readCheckpoint(sequence: number): Promise<number> {
    const name = checkpointName(sequence);
    let complete = false;
    let sizeBytes = 0;
    const names = partNames(await this.#environment.files.list(`${this.#walDir}/${name}`));
    const paths = names.map((part) => `${name}/${part}`);
    const files = new ReadAhead(paths, (path) => this.#read(path));
    for (const path of paths) {
      const bytes = await files.next();
      sizeBytes += bytes.length;
      if (!this.#hasHeader(bytes, FileMagic.CHECKPOINT, path)) {
        this.#reportDamage(name, path, { start: 0, end: bytes.length });
        continue;
      }
      const { goodEnd, damaged } = scanRecords(bytes, (start, end) =>
        this.#readBody(new ByteReader(bytes, start, end), (kind, reader) => {
          if (kind === RecordKind.SNAPSHOT_END) complete = this.#records.restoreEnd(reader);
          else this.#records.restore(kind, reader);
        }),
      );
      for (const range of damaged) this.#reportDamage(name, path, range);
      if (goodEnd < bytes.length) {
        this.#reportDamage(name, path, { start: goodEnd, end: bytes.length });
      }
    }
    if (!complete && !this.#damagedNames.has(name)) {
      this.#reportDamage(name, name, { start: 0, end: 0 });
    }
    return sizeBytes;
  }

  #replaySegment(sequence: number, bytes: Uint8Array, isLast: boolean): SegmentEnd {
    const name = segmentName(sequence);
    const sizeBytes = bytes.length;
    if (!this.#hasHeader(bytes, FileMagic.SEGMENT, name)) {
      // A crash while the segment was made leaves a short file, in which nothing was.
      const neverBegun = isLast && sizeBytes <= FILE_HEADER_BYTES;
      if (neverBegun) this.#reportTorn(name, 0, sizeBytes);
      else this.#reportDamage(name, name, { start: 0, end: sizeBytes });
      return { sizeBytes, neverBegun, resume: undefined };
    }
    this.#records.beginSegment();
    const { goodEnd, damaged } = scanRecords(bytes, (start, end, checksum) =>
      this.#readBody(new ByteReader(bytes, start, end), (kind, reader) =>
        this.#records.replay(kind, reader, checksum),
      ),
    );
    for (const range of damaged) this.#reportDamage(name, name, range);
    if (goodEnd < sizeBytes) {
      if (isLast) this.#reportTorn(name, goodEnd, sizeBytes);
      else this.#reportDamage(name, name, { start: goodEnd, end: sizeBytes });
    }
    return { sizeBytes, neverBegun: false, resume: { sequence, sizeBytes: goodEnd } };
  }

  #readBody(reader: ByteReader, apply: (kind: number, reader: ByteReader) => void): boolean {
    try {
      apply(reader.u8(), reader);
    } catch (error) {
      // There may be thousands: they are part of the damage that is reported before them.
      if (error instanceof DependentRecordError) return false;
      if (error instanceof RecordFormatError) {
        this.#environment.log.error({ reason: error.message }, 'a log record cannot be read');
        return false;
      }
      throw error;
    }
    this.#recordCount++;
    return true;
  }

  #hasHeader(bytes: Uint8Array, magic: FileMagic, path: string): boolean {
    const state = checkFileHeader(bytes, magic);
    if (state === 'newer') {
      throw new StorageError(`${path} was written by a newer version of the program`);
    }
    return state === 'good';
  }

  async #read(path: string): Promise<Uint8Array> {
    try {
      return await this.#environment.files.read(`${this.#walDir}/${path}`);
    } catch (error) {
      throw new StorageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  #reportTorn(path: string, start: number, end: number): void {
    this.#tornBytes += end - start;
    this.#environment.log.warn(
      { path, positionBytes: start, lostBytes: end - start },
      'the last write to the log was not finished; it was cut off',
    );
  }

  #reportDamage(name: string, path: string, range: DamagedRange): void {
    this.#damagedNames.add(name);
    this.#corruptionCount++;
    this.#environment.log.error(
      { path, positionBytes: range.start, lostBytes: range.end - range.start },
      'the log is damaged; what was there is lost, the file is put aside',
    );
  }

  #reportGap(before: number, after: number): void {
    this.#corruptionCount++;
    this.#environment.log.error(
      { before: segmentName(before), after: segmentName(after) },
      'segments of the log are missing',
    );
  }
}

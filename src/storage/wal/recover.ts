import type { KernelBody, LogSamples, SeriesRun } from '../../kernel/index.ts';
import { createKernel, KERNEL_KEY_BYTES, KernelMemoryError } from '../../kernel/index.ts';
import { messageOf, SampleColumns } from '../../model/index.ts';
import { SampleBatch } from '../api.ts';
import type { StorageEnvironment } from '../environment.ts';
import { StorageError, StorageFullError, storageErrorOf } from '../errors.ts';
import type { Head, RestoredSeries } from '../head/head.ts';
import { HeadReplay } from '../head/head-replay.ts';
import { ByteReader, RecordFormatError } from './byte-reader.ts';
import { CommitDecoder, DependentRecordError } from './commit-codec.ts';
import type { DamagedRange } from './log-file.ts';
import { checkFileHeader, FILE_HEADER_BYTES, FileMagic, scanRecords } from './log-file.ts';
import type { DeleteRecord } from './records.ts';
import { decodeCommit, decodeCut, decodeDelete, decodeTruncate, RecordKind } from './records.ts';
import {
  checkpointName,
  checkpointSequences,
  partNames,
  segmentName,
  segmentSequences,
  TEMPORARY_SUFFIX,
} from './segment-names.ts';
import { ChunkRecordReader } from './snapshot-chunks.ts';
import { decodeSnapshotEnd, decodeSnapshotSeries, decodeSnapshotValues } from './snapshot-codec.ts';

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

export interface ReplayedDelete {
  readonly record: DeleteRecord;
  readonly cut: number;
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
  const body = head.shards[0]!.kernel.openBody();
  const replay = new HeadReplay(head);
  const run = head.series.openRun();
  try {
    return await new Recoverer(environment, walDir, head, body, replay, run).recover();
  } catch (error) {
    if (error instanceof KernelMemoryError) {
      const text = 'the memory for new samples is too small for what is stored';
      throw new StorageFullError(`${text}: ${error.message}`, { cause: error });
    }
    throw storageErrorOf('cannot read the log', error);
  } finally {
    run?.release();
    replay.close();
    body.release();
  }
}

/** What samples of the log have said may take: 16 B a series, more of them than a head can hold. */
const LOG_SAMPLES_BYTES = 2 ** 31;

/**
 * In a memory of their own: that of the head may be full, and could not be made smaller again.
 * @throws KernelMemoryError, KernelModuleError
 */
function openLogSamples(): LogSamples {
  const key = new Uint8Array(KERNEL_KEY_BYTES);
  return createKernel({ maxBytes: LOG_SAMPLES_BYTES, key, foreignSeries: true }).openLogSamples();
}

interface SegmentEnd {
  readonly sizeBytes: number;
  readonly neverBegun: boolean;
  readonly resume: Recovery['resume'];
}

class Recoverer {
  readonly #environment: StorageEnvironment;
  readonly #walDir: string;
  readonly #head: Head;
  readonly #replay: HeadReplay;
  readonly #samples = new SampleColumns();
  readonly #chunks: ChunkRecordReader;
  readonly #batch = new SampleBatch(16 * 1024);
  readonly #commits: CommitDecoder;
  readonly #damagedNames = new Set<string>();
  readonly #deletes: ReplayedDelete[] = [];
  #restoredSeries = 0;
  #corruptionCount = 0;
  #recordCount = 0;
  #tornBytes = 0;

  /** `body` unpacks the samples of a checkpoint, `run` reads the new series of the log. */
  constructor(
    environment: StorageEnvironment,
    walDir: string,
    head: Head,
    body: KernelBody,
    replay: HeadReplay,
    run: SeriesRun | undefined,
  ) {
    const openSamples = openLogSamples;
    this.#commits = new CommitDecoder(
      run === undefined ? { openSamples } : { openSamples, seriesRun: run },
    );
    this.#environment = environment;
    this.#walDir = walDir;
    this.#head = head;
    this.#replay = replay;
    this.#chunks = new ChunkRecordReader(body);
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
    this.#replay.settle();
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
      deletes: this.#deletes,
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
          if (kind === RecordKind.SNAPSHOT_END) complete = this.#restoreEnd(reader);
          else this.#restore(kind, reader);
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
    this.#commits.restart();
    const { goodEnd, damaged } = scanRecords(bytes, (start, end, checksum) =>
      this.#readBody(new ByteReader(bytes, start, end), (kind, reader) =>
        this.#replayRecord(kind, reader, checksum),
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

  // Each case reads all that it applies of the record before it changes anything.
  #replayRecord(kind: number, reader: ByteReader, checksum: number): void {
    const head = this.#head;
    switch (kind) {
      case RecordKind.COMMIT:
        this.#replay.apply(decodeCommit(reader, this.#batch));
        return;
      case RecordKind.LINKED_COMMIT: {
        const { commit, isWhole } = this.#commits.decode(reader, checksum, this.#batch);
        this.#replay.apply(commit);
        if (!isWhole) throw new DependentRecordError();
        return;
      }
      case RecordKind.DELETE: {
        const record = decodeDelete(reader);
        this.#replay.settle();
        head.applyDelete(record.matchers, record.range);
        this.#deletes.push({ record, cut: head.cutCount });
        return;
      }
      case RecordKind.CUT: {
        const { cut, end } = decodeCut(reader);
        this.#replay.settle();
        head.applyCut(cut, end);
        return;
      }
      case RecordKind.TRUNCATE: {
        const { minTime, refs } = decodeTruncate(reader);
        this.#replay.settle();
        head.applyTruncate(minTime, refs);
        return;
      }
      default:
        throw new RecordFormatError(`records of kind ${kind} are not known to this version`);
    }
  }

  #restore(kind: number, reader: ByteReader): void {
    const head = this.#head;
    switch (kind) {
      case RecordKind.SNAPSHOT_SERIES:
        while (reader.remaining > 0) {
          this.#restoreSeries(decodeSnapshotSeries(reader, this.#samples));
        }
        return;
      case RecordKind.SNAPSHOT_CHUNKS:
        this.#chunks.read(reader, (series) => this.#restoreSeries(series));
        return;
      case RecordKind.SNAPSHOT_VALUES: {
        const { state, metadata, exemplars } = decodeSnapshotValues(reader);
        for (const [key, value] of state) head.state.put(key, value);
        for (const [family, entry] of metadata) head.metadata.set(family, entry);
        for (const exemplar of exemplars) head.exemplars.add(exemplar);
        return;
      }
      default:
        throw new RecordFormatError(`records of kind ${kind} are not known to this version`);
    }
  }

  #restoreSeries(series: RestoredSeries): void {
    this.#head.restoreSeries(series);
    this.#restoredSeries++;
  }

  #restoreEnd(reader: ByteReader): boolean {
    const { nextRef, seriesCount, cutCount } = decodeSnapshotEnd(reader);
    this.#head.cutCount = cutCount;
    const { series } = this.#head;
    series.nextRef = Math.max(series.nextRef, nextRef);
    return this.#restoredSeries === seriesCount;
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

/** Reads files one after another; the next one while the one before is worked on. */
class ReadAhead {
  readonly #paths: readonly string[];
  readonly #read: (path: string) => Promise<Uint8Array>;
  #at = 0;
  #reading: Promise<Uint8Array> | undefined;

  constructor(paths: readonly string[], read: (path: string) => Promise<Uint8Array>) {
    this.#paths = paths;
    this.#read = read;
    this.#begin();
  }

  /** The next file; there must be one. */
  async next(): Promise<Uint8Array> {
    const bytes = await this.#reading!;
    this.#begin();
    return bytes;
  }

  #begin(): void {
    const path = this.#paths[this.#at++];
    this.#reading = path === undefined ? undefined : this.#read(path);
    // Whoever asks for it is told; nobody may, after an earlier file failed.
    this.#reading?.catch(() => {});
  }
}

import type { KernelBody, LogSamples, SeriesRun } from '../../kernel/index.ts';
import { createKernel, KERNEL_KEY_BYTES } from '../../kernel/index.ts';
import { SampleColumns } from '../../model/index.ts';
import { SampleBatch } from '../api.ts';
import { HeadReplay } from '../head/head-replay.ts';
import type { Head } from '../head/head.ts';
import type { RestoredSeries } from '../head/restored-series.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import { CommitDecoder, DependentRecordError } from './commit-codec.ts';
import type { DeleteRecord } from './records.ts';
import { decodeCommit, decodeCut, decodeDelete, decodeTruncate, RecordKind } from './records.ts';
import { ChunkRecordReader } from './snapshot-chunks.ts';
import { decodeSnapshotEnd, decodeSnapshotSeries, decodeSnapshotValues } from './snapshot-codec.ts';
import { CopyRecordReader } from './snapshot-copies.ts';

/** A delete of the log. */
export interface ReplayedDelete {
  readonly record: DeleteRecord;
  /** Number of the last cut before it: blocks of later ones do not have what it deleted. */
  readonly cut: number;
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

/**
 * Applies the records of a checkpoint, then those of the log, to a head. What is applied of a
 * record at one time has been read before anything is changed.
 */
export class RecordReplay {
  /** In the order of the log. */
  readonly deletes: ReplayedDelete[] = [];
  readonly #head: Head;
  /** Puts off samples of commits. */
  readonly #waiting: HeadReplay;
  /** Unpacks the samples of a checkpoint of version 2. */
  readonly #body: KernelBody;
  readonly #chunks: ChunkRecordReader;
  readonly #copies = new CopyRecordReader();
  readonly #samples = new SampleColumns();
  /** Reads the new series of the log. */
  readonly #run: SeriesRun | undefined;
  readonly #commits: CommitDecoder;
  readonly #batch = new SampleBatch(16 * 1024);
  #restoredSeries = 0;

  /** @throws KernelMemoryError, KernelModuleError */
  constructor(head: Head) {
    this.#head = head;
    this.#body = head.shards[0]!.kernel.openBody();
    this.#chunks = new ChunkRecordReader(this.#body);
    this.#waiting = new HeadReplay(head);
    this.#run = head.series.openRun();
    const openSamples = openLogSamples;
    this.#commits = new CommitDecoder(
      this.#run === undefined ? { openSamples } : { openSamples, seriesRun: this.#run },
    );
  }

  /** The records that follow are of another segment. */
  beginSegment(): void {
    this.#commits.restart();
  }

  /** Applies a record of a segment. @throws RecordFormatError, DependentRecordError */
  replay(kind: number, reader: ByteReader, checksum: number): void {
    const head = this.#head;
    switch (kind) {
      case RecordKind.COMMIT:
        this.#waiting.apply(decodeCommit(reader, this.#batch));
        return;
      case RecordKind.LINKED_COMMIT: {
        const { commit, isWhole } = this.#commits.decode(reader, checksum, this.#batch);
        this.#waiting.apply(commit);
        if (!isWhole) throw new DependentRecordError();
        return;
      }
      case RecordKind.DELETE: {
        const record = decodeDelete(reader);
        this.#waiting.settle();
        head.applyDelete(record.matchers, record.range);
        this.deletes.push({ record, cut: head.cutCount });
        return;
      }
      case RecordKind.CUT: {
        const { cut, end } = decodeCut(reader);
        this.#waiting.settle();
        head.applyCut(cut, end);
        return;
      }
      case RecordKind.TRUNCATE: {
        const { minTime, refs } = decodeTruncate(reader);
        this.#waiting.settle();
        head.applyTruncate(minTime, refs);
        return;
      }
      default:
        throw new RecordFormatError(`records of kind ${kind} are not known to this version`);
    }
  }

  /** Stores what was put off, before anything is asked of the head. @throws KernelMemoryError */
  settle(): void {
    this.#waiting.settle();
  }

  /** Applies a record of a checkpoint, but its last. @throws RecordFormatError */
  restore(kind: number, reader: ByteReader): void {
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
      case RecordKind.SNAPSHOT_COPIES:
        this.#copies.read(reader, (series) => this.#restoreSeries(series));
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

  /** Applies the last record of a checkpoint; whether all series came that it tells of. */
  restoreEnd(reader: ByteReader): boolean {
    const { nextRef, seriesCount, cutCount } = decodeSnapshotEnd(reader);
    this.#head.cutCount = cutCount;
    const { series } = this.#head;
    series.nextRef = Math.max(series.nextRef, nextRef);
    return this.#restoredSeries === seriesCount;
  }

  /** Gives back the memory that reading took. */
  close(): void {
    this.#run?.release();
    this.#waiting.close();
    this.#body.release();
    this.#copies.release();
  }
}

import type { Kernel } from '../../kernel/index.ts';
import { createKernel, KERNEL_KEY_BYTES } from '../../kernel/index.ts';
import { messageOf, SampleColumns } from '../../model/index.ts';
import type { FileSystem } from '../file-system.ts';
import { ByteReader, RecordFormatError } from '../wal/byte-reader.ts';
import { CommitDecoder, DependentRecordError } from '../wal/commit-codec.ts';
import { checkFileHeader, FileMagic, scanRecords } from '../wal/log-file.ts';
import {
  decodeCommit,
  decodeCut,
  decodeDelete,
  decodeTruncate,
  RecordKind,
} from '../wal/records.ts';
import {
  checkpointName,
  checkpointSequences,
  partNames,
  segmentName,
  segmentSequences,
  TEMPORARY_SUFFIX,
} from '../wal/segment-names.ts';
import { ChunkRecordReader } from '../wal/snapshot-chunks.ts';
import {
  decodeSnapshotEnd,
  decodeSnapshotSeries,
  decodeSnapshotValues,
} from '../wal/snapshot-codec.ts';
import { CopyRecordReader } from '../wal/snapshot-copies.ts';
import type { ReportBuilder } from './store-report.ts';

/** Memory in which a record of chunks is unpacked; most are smaller than 1 MiB. */
const UNPACKING_BYTES = 1024 * 1024 * 1024;

/** Reads every record of the newest checkpoint and the segments after it. */
export async function checkLog(
  files: FileSystem,
  dataDir: string,
  report: ReportBuilder,
): Promise<void> {
  const names = await files.list(`${dataDir}/wal`);
  for (const name of names.filter((each) => each.endsWith(TEMPORARY_SUFFIX))) {
    report.add(`wal/${name}`, 'was never finished; opening the store removes it');
  }
  const checkpoint = checkpointSequences(names).at(-1);
  if (checkpoint !== undefined) {
    await checkCheckpoint(files, dataDir, checkpointName(checkpoint), report);
  }
  const sequences = segmentSequences(names).filter((each) => each > (checkpoint ?? 0));
  let previous = checkpoint ?? 0;
  for (const [index, sequence] of sequences.entries()) {
    if (sequence !== previous + 1) {
      report.add(`wal/${segmentName(sequence)}`, `the segments after ${previous} are missing`);
    }
    previous = sequence;
    const isLast = index === sequences.length - 1;
    await checkSegment(files, dataDir, segmentName(sequence), isLast, report);
  }
}

async function checkCheckpoint(
  files: FileSystem,
  dataDir: string,
  name: string,
  report: ReportBuilder,
): Promise<void> {
  let ended = false;
  const key = new Uint8Array(KERNEL_KEY_BYTES);
  const kernel = createKernel({ maxBytes: UNPACKING_BYTES, key });
  const readers = {
    kernel,
    chunks: new ChunkRecordReader(kernel.openBody()),
    copies: new CopyRecordReader(),
  };
  for (const part of partNames(await files.list(`${dataDir}/wal/${name}`))) {
    const path = `wal/${name}/${part}`;
    const bytes = await files.read(`${dataDir}/${path}`);
    if (!hasHeader(bytes, FileMagic.CHECKPOINT, path, report)) continue;
    const goodEnd = checkRecords(bytes, path, report, (kind, reader) => {
      readSnapshotRecord(kind, reader, readers);
      if (kind === RecordKind.SNAPSHOT_END) ended = true;
    });
    if (goodEnd < bytes.length) {
      report.add(path, `${bytes.length - goodEnd} bytes at the end are no record`, goodEnd);
    }
  }
  if (!ended) report.add(`wal/${name}`, 'the checkpoint has no end: something is missing');
}

async function checkSegment(
  files: FileSystem,
  dataDir: string,
  name: string,
  isLast: boolean,
  report: ReportBuilder,
): Promise<void> {
  const path = `wal/${name}`;
  const bytes = await files.read(`${dataDir}/${path}`);
  report.segmentCount++;
  if (!hasHeader(bytes, FileMagic.SEGMENT, path, report)) return;
  const commits = new CommitDecoder();
  const goodEnd = checkRecords(bytes, path, report, (kind, reader, checksum) =>
    readLogRecord(kind, reader, checksum, commits),
  );
  if (goodEnd === bytes.length) return;
  const lost = `${bytes.length - goodEnd} bytes at the end are no record`;
  const torn = 'the last write was not finished and never acknowledged';
  report.add(path, isLast ? `${lost}: ${torn}` : `${lost}; what was there is lost`, goodEnd);
}

function hasHeader(
  bytes: Uint8Array,
  magic: FileMagic,
  path: string,
  report: ReportBuilder,
): boolean {
  report.bytes += bytes.length;
  const state = checkFileHeader(bytes, magic);
  if (state === 'good') return true;
  const newer = 'was written by a newer version of the program';
  report.add(path, state === 'newer' ? newer : 'does not begin as a file of its kind does', 0);
  return false;
}

/** Reports damaged records; returns where the good ones end. */
function checkRecords(
  bytes: Uint8Array,
  path: string,
  report: ReportBuilder,
  read: (kind: number, reader: ByteReader, checksum: number) => void,
): number {
  const { goodEnd, damaged, recordCount } = scanRecords(bytes, (start, end, checksum) => {
    try {
      const reader = new ByteReader(bytes, start, end);
      read(reader.u8(), reader, checksum);
      return true;
    } catch (error) {
      if (!(error instanceof RecordFormatError)) throw error;
      // There may be thousands: they are part of the damage that is reported before them.
      if (error instanceof DependentRecordError) return false;
      report.add(path, `a record cannot be read: ${messageOf(error)}`, start);
      return false;
    }
  });
  report.recordCount += recordCount;
  for (const { start, end } of damaged) {
    report.add(path, `${end - start} bytes are damaged; what was there is lost`, start);
  }
  return goodEnd;
}

function readLogRecord(
  kind: number,
  reader: ByteReader,
  checksum: number,
  commits: CommitDecoder,
): void {
  switch (kind) {
    case RecordKind.COMMIT:
      decodeCommit(reader);
      return;
    case RecordKind.LINKED_COMMIT: {
      if (commits.decode(reader, checksum).isWhole) return;
      throw new DependentRecordError();
    }
    case RecordKind.DELETE:
      decodeDelete(reader);
      return;
    case RecordKind.TRUNCATE:
      decodeTruncate(reader);
      return;
    case RecordKind.CUT:
      decodeCut(reader);
      return;
    default:
      throw unknownKind(kind);
  }
}

interface SnapshotReaders {
  readonly kernel: Kernel;
  readonly chunks: ChunkRecordReader;
  readonly copies: CopyRecordReader;
}

function readSnapshotRecord(
  kind: number,
  reader: ByteReader,
  { kernel, chunks, copies }: SnapshotReaders,
): void {
  switch (kind) {
    case RecordKind.SNAPSHOT_SERIES: {
      const samples = new SampleColumns();
      while (reader.remaining > 0) decodeSnapshotSeries(reader, samples);
      return;
    }
    case RecordKind.SNAPSHOT_CHUNKS:
      chunks.read(reader, () => {});
      return;
    case RecordKind.SNAPSHOT_COPIES:
      copies.read(reader, ({ samples }) => samples.columns(kernel));
      return;
    case RecordKind.SNAPSHOT_VALUES:
      decodeSnapshotValues(reader);
      return;
    case RecordKind.SNAPSHOT_END:
      decodeSnapshotEnd(reader);
      return;
    default:
      throw unknownKind(kind);
  }
}

function unknownKind(kind: number): RecordFormatError {
  return new RecordFormatError(`records of kind ${kind} are not known to this version`);
}

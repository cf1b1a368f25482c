import type { FileSystem, WritableFile } from '../file-system.ts';
import { Pacer, SLICE_MS } from '../pacer.ts';
import { ByteWriter } from './byte-writer.ts';
import type { HeadSnapshot } from './head-snapshot.ts';
import {
  beginRecord,
  encodeFileHeader,
  endRecord,
  FILE_HEADER_BYTES,
  FileMagic,
} from './log-file.ts';
import { RecordKind } from './records.ts';
import { checkpointName, partName, TEMPORARY_SUFFIX } from './segment-names.ts';
import { encodeSnapshotEnd, encodeSnapshotValues } from './snapshot-codec.ts';
import { CopyRecord } from './snapshot-copies.ts';

/** A record ends with the series that reaches this. */
const RECORD_BYTES = 256 * 1024;
/** A part ends before the record that would exceed this: parts are read whole, and one ahead. */
const PART_BYTES = 16 * 1024 * 1024;
/** Turns of the event loop between two slices of the work, which nobody waits for. */
const TURNS_BETWEEN = 4;

/**
 * Writes a checkpoint that replaces the log up to segment `sequence`, and returns its size. It is
 * durable under its name when this resolves; on an error nothing of it is left.
 */
export async function writeCheckpoint(
  files: FileSystem,
  walDir: string,
  sequence: number,
  snapshot: HeadSnapshot,
): Promise<number> {
  const finalPath = `${walDir}/${checkpointName(sequence)}`;
  const temporaryPath = finalPath + TEMPORARY_SUFFIX;
  try {
    await files.remove(temporaryPath);
    await files.makeDirectory(temporaryPath);
    const parts = new PartWriter(files, temporaryPath);
    try {
      const seriesCount = await writeSeries(parts, snapshot);
      await writeRest(parts, snapshot, seriesCount);
    } finally {
      await parts.close();
    }
    await files.syncDirectory(temporaryPath);
    await files.rename(temporaryPath, finalPath);
    await files.syncDirectory(walDir);
    return parts.totalBytes;
  } catch (error) {
    await files.remove(temporaryPath).catch(() => {});
    throw error;
  }
}

/** Writes all series; how many there are. */
async function writeSeries(parts: PartWriter, snapshot: HeadSnapshot): Promise<number> {
  const pacer = new Pacer(SLICE_MS, TURNS_BETWEEN);
  const record = new CopyRecord();
  let count = 0;
  try {
    for (const added of snapshot.addTo(record)) {
      count += added;
      const due = pacer.dueNow();
      if (due || record.sizeBytes >= RECORD_BYTES) await writeRecord(parts, record);
      if (due) await pacer.pause();
    }
    await writeRecord(parts, record);
  } finally {
    record.release();
  }
  return count;
}

async function writeRecord(parts: PartWriter, record: CopyRecord): Promise<void> {
  if (record.sizeBytes === 0) return;
  parts.begin(RecordKind.SNAPSHOT_COPIES);
  record.writeTo(parts.writer);
  await parts.end();
}

async function writeRest(
  parts: PartWriter,
  { values, end }: HeadSnapshot,
  seriesCount: number,
): Promise<void> {
  parts.begin(RecordKind.SNAPSHOT_VALUES);
  encodeSnapshotValues(parts.writer, values);
  await parts.end();
  parts.begin(RecordKind.SNAPSHOT_END);
  encodeSnapshotEnd(parts.writer, { ...end, seriesCount });
  await parts.end();
}

/** Writes records to one part after another. */
class PartWriter {
  readonly writer = new ByteWriter(2 * RECORD_BYTES);
  totalBytes = 0;
  readonly #files: FileSystem;
  readonly #dir: string;
  #file: WritableFile | undefined;
  #partCount = 0;
  #position = 0;
  #recordStart = 0;

  constructor(files: FileSystem, dir: string) {
    this.#files = files;
    this.#dir = dir;
  }

  begin(kind: number): void {
    this.writer.reset();
    this.#recordStart = beginRecord(this.writer);
    this.writer.u8(kind);
  }

  async end(): Promise<void> {
    endRecord(this.writer, this.#recordStart);
    const record = this.writer.written();
    if (this.#file !== undefined && this.#position + record.length > PART_BYTES) await this.close();
    this.#file ??= await this.#nextPart();
    await this.#file.write(record, this.#position);
    this.#position += record.length;
    this.totalBytes += record.length;
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #nextPart(): Promise<WritableFile> {
    const number = this.#partCount++;
    const file = await this.#files.open(`${this.#dir}/${partName(number)}`, 'create');
    await file.write(encodeFileHeader(FileMagic.CHECKPOINT, number), 0);
    this.#position = FILE_HEADER_BYTES;
    this.totalBytes += FILE_HEADER_BYTES;
    return file;
  }
}

import { SampleColumns } from '../../model/index.ts';
import type { FileSystem, WritableFile } from '../file-system.ts';
import { Capture } from '../head/capture.ts';
import { ChunkRun } from '../head/chunk-run.ts';
import type { Head } from '../head/head.ts';
import { readHistograms } from '../head/histogram-timeline.ts';
import { Pacer } from '../pacer.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  beginRecord,
  encodeFileHeader,
  endRecord,
  FILE_HEADER_BYTES,
  FileMagic,
} from './log-file.ts';
import { RecordKind } from './records.ts';
import { checkpointName, partName, TEMPORARY_SUFFIX } from './segment-names.ts';
import type { SnapshotEnd, SnapshotValues } from './snapshot-codec.ts';
import { encodeSnapshotEnd, encodeSnapshotSeries, encodeSnapshotValues } from './snapshot-codec.ts';

/** A record ends with the series that reaches this. */
const RECORD_BYTES = 256 * 1024;
/** A part ends with the record that reaches this: parts are read whole. */
const PART_BYTES = 64 * 1024 * 1024;

/** All of the head at one moment, to be written while the head goes on. */
export class HeadSnapshot {
  readonly head: Head;
  readonly capture: Capture;
  readonly values: SnapshotValues;
  readonly end: SnapshotEnd;
  /** Samples before this time are in blocks. */
  readonly floor: number;

  constructor(head: Head) {
    const series = [...head.table.all()];
    this.head = head;
    this.capture = new Capture(head.chunks, series);
    this.values = {
      state: head.state.entries(),
      metadata: [...head.metadata],
      exemplars: head.exemplars.entries(),
    };
    const { nextRef, cutCount } = head;
    this.end = { nextRef, seriesCount: series.length, cutCount };
    this.floor = head.floor;
  }
}

/**
 * Writes a checkpoint that replaces the log up to segment `sequence`, and returns its size. It is
 * durable under its name when this resolves; on an error nothing of it is left. Releases the
 * snapshot.
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
      await writeSeries(parts, snapshot);
      await writeRest(parts, snapshot);
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
  } finally {
    snapshot.capture.release();
  }
}

async function writeSeries(parts: PartWriter, snapshot: HeadSnapshot): Promise<void> {
  const { head, capture, floor } = snapshot;
  const run = new ChunkRun(head.chunks);
  const samples = new SampleColumns();
  const pacer = new Pacer();
  let open = false;
  for (const [index, series] of capture.series.entries()) {
    if (!open) parts.begin(RecordKind.SNAPSHOT_SERIES);
    open = true;
    samples.reset();
    capture.load(index, run);
    run.appendTo(floor, Infinity, samples);
    const view = capture.histograms(index);
    encodeSnapshotSeries(parts.writer, {
      ref: series.ref,
      labels: head.table.labels(series),
      samples,
      histograms: view === undefined ? [] : readHistograms(view, floor, Infinity),
    });
    if (parts.recordBytes >= RECORD_BYTES) {
      await parts.end();
      open = false;
    }
    if (pacer.due()) await pacer.pause();
  }
  if (open) await parts.end();
}

async function writeRest(parts: PartWriter, snapshot: HeadSnapshot): Promise<void> {
  parts.begin(RecordKind.SNAPSHOT_VALUES);
  encodeSnapshotValues(parts.writer, snapshot.values);
  await parts.end();
  parts.begin(RecordKind.SNAPSHOT_END);
  encodeSnapshotEnd(parts.writer, snapshot.end);
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

  get recordBytes(): number {
    return this.writer.length - this.#recordStart;
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

import type { FloatHistogram, SampleColumns } from '../../model/index.ts';
import { Labels } from '../../model/index.ts';
import type { HistogramSample } from '../api.ts';
import type { Commit } from '../head/commit.ts';
import type { StoredExemplar } from '../head/exemplar-ring.ts';
import { RestoredColumns, type RestoredSeries } from '../head/restored-series.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { decodeTimes, decodeWords } from './columns-codec.ts';
import { decodeExemplars, decodeState, encodeExemplars, encodeState } from './commit-rest.ts';
import { decodeHistogram, encodeHistogram } from './histogram-codec.ts';
import { decodeMetadata, encodeMetadata } from './metadata-codec.ts';

/**
 * Reads one series as checkpoints of version 1 have it, all its samples as columns; its float
 * samples go into `samples`.
 */
export function decodeSnapshotSeries(reader: ByteReader, samples: SampleColumns): RestoredSeries {
  const ref = reader.u32();
  const labels = Labels.fromPairs(reader.texts());
  const length = reader.count(8);
  samples.reset();
  samples.reserve(length);
  if (length > 0) {
    decodeTimes(reader, length, samples.timestamps, 0);
    decodeWords(reader, 2 * length, samples.words, 0);
  }
  samples.length = length;
  const histograms = decodeHistogramSamples(reader);
  return { ref, labels, samples: new RestoredColumns(samples), histograms };
}

/** Reads labels as places in the texts of a record. */
export function decodeSnapshotLabels(reader: ByteReader, texts: readonly string[]): Labels {
  const pairs = new Array<string>(reader.count(1));
  for (let index = 0; index < pairs.length; index++) {
    const place = reader.varint();
    const text = texts[place];
    if (text === undefined) throw new RecordFormatError(`${place} of ${texts.length} texts`);
    pairs[index] = text;
  }
  return Labels.ofSorted(pairs);
}

export function encodeHistogramSamples(
  writer: ByteWriter,
  samples: readonly HistogramSample[],
): void {
  writer.varint(samples.length);
  for (const { timestamp, histogram } of samples) {
    writer.f64(timestamp);
    encodeHistogram(writer, histogram);
  }
}

export function decodeHistogramSamples(reader: ByteReader): HistogramSample[] {
  return Array.from({ length: reader.count(9) }, () => {
    const timestamp = reader.f64();
    const histogram: FloatHistogram | undefined = decodeHistogram(reader);
    return { timestamp, histogram };
  });
}

/** Everything in a checkpoint besides series. */
export interface SnapshotValues {
  readonly state: Commit['state'];
  readonly metadata: Commit['metadata'];
  /** In order of arrival. */
  readonly exemplars: readonly StoredExemplar[];
}

export function encodeSnapshotValues(writer: ByteWriter, values: SnapshotValues): void {
  encodeState(writer, values.state);
  encodeMetadata(writer, values.metadata);
  encodeExemplars(writer, values.exemplars);
}

export function decodeSnapshotValues(reader: ByteReader): SnapshotValues {
  const state = decodeState(reader);
  const metadata = decodeMetadata(reader);
  return { state, metadata, exemplars: decodeExemplars(reader) };
}

/** The last record of a checkpoint: without it, something is missing. */
export interface SnapshotEnd {
  readonly nextRef: number;
  /** Series in the records before. */
  readonly seriesCount: number;
  /** Number of the last cut to blocks. */
  readonly cutCount: number;
}

export function encodeSnapshotEnd(writer: ByteWriter, end: SnapshotEnd): void {
  writer.varint(end.nextRef);
  writer.varint(end.seriesCount);
  writer.varint(end.cutCount);
}

export function decodeSnapshotEnd(reader: ByteReader): SnapshotEnd {
  const nextRef = reader.varint();
  const seriesCount = reader.varint();
  // Before there were blocks nothing followed.
  return { nextRef, seriesCount, cutCount: reader.remaining > 0 ? reader.varint() : 0 };
}

import type { FloatHistogram, SampleColumns } from '../../model/index.ts';
import { Labels } from '../../model/index.ts';
import type { Commit } from '../head/commit.ts';
import type { StoredExemplar } from '../head/exemplar-ring.ts';
import type { RestoredSeries } from '../head/head.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { decodeTimes, decodeWords, encodeTimes, encodeWords } from './columns-codec.ts';
import { decodeHistogram, encodeHistogram } from './histogram-codec.ts';
import { decodeMetadata, encodeMetadata } from './metadata-codec.ts';
import {
  decodeExemplars,
  decodeState,
  decodeTexts,
  encodeExemplars,
  encodeState,
  encodeTexts,
} from './records.ts';

/** Writes a series with all its samples; several follow each other in one record. */
export function encodeSnapshotSeries(writer: ByteWriter, series: RestoredSeries): void {
  const { samples, histograms } = series;
  writer.u32(series.ref);
  encodeTexts(writer, series.labels.pairs);
  writer.varint(samples.length);
  if (samples.length > 0) {
    encodeTimes(writer, samples.timestamps, samples.length);
    encodeWords(writer, samples.words, 2 * samples.length);
  }
  writer.varint(histograms.length);
  for (const { timestamp, histogram } of histograms) {
    writer.f64(timestamp);
    encodeHistogram(writer, histogram);
  }
}

/** Reads one series, its float samples into `samples`. */
export function decodeSnapshotSeries(reader: ByteReader, samples: SampleColumns): RestoredSeries {
  const ref = reader.u32();
  const labels = Labels.fromPairs(decodeTexts(reader));
  const length = reader.count(8);
  samples.reset();
  samples.reserve(length);
  if (length > 0) {
    decodeTimes(reader, length, samples.timestamps, 0);
    decodeWords(reader, 2 * length, samples.words, 0);
  }
  samples.length = length;
  const histograms = Array.from({ length: reader.count(9) }, () => {
    const timestamp = reader.f64();
    const histogram: FloatHistogram | undefined = decodeHistogram(reader);
    return { timestamp, histogram };
  });
  return { ref, labels, samples, histograms };
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

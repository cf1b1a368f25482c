import type { Matcher } from '../../model/index.ts';
import { Labels, reviveMatcher } from '../../model/index.ts';
import type { TimeRange } from '../api.ts';
import { SampleBatch } from '../api.ts';
import type { Commit, NewSeries } from '../head/commit.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { decodeTimes, decodeWords } from './columns-codec.ts';
import { decodeRest } from './commit-rest.ts';

/** First byte of every record. Numbers are part of the format and never used for another thing. */
export const RecordKind = {
  /** Read, not written any more. */
  COMMIT: 1,
  DELETE: 2,
  TRUNCATE: 3,
  CUT: 4,
  /** A commit whose samples are told by the records before it. */
  LINKED_COMMIT: 5,
  /** Read, not written any more. */
  SNAPSHOT_SERIES: 16,
  SNAPSHOT_VALUES: 17,
  SNAPSHOT_END: 18,
  /** Read, not written any more. */
  SNAPSHOT_CHUNKS: 19,
  /** Series with their chunks as the head has them. */
  SNAPSHOT_COPIES: 20,
} as const;

/**
 * Reads a commit of version 1 after its kind. `batch` is filled with the samples where it is large
 * enough.
 */
export function decodeCommit(reader: ByteReader, batch?: SampleBatch): Commit {
  const bounds = { minTime: reader.f64(), maxTime: reader.f64(), windowMs: reader.f64() };
  const series: NewSeries[] = [];
  for (let left = reader.count(5); left > 0; left--) {
    const ref = reader.u32();
    series.push({ ref, labels: Labels.ofSorted(reader.texts()) });
  }
  const samples = decodeSamples(reader, batch);
  return { bounds, series, samples, ...decodeRest(reader) };
}

function decodeSamples(reader: ByteReader, batch: SampleBatch | undefined): SampleBatch {
  const length = reader.count(12);
  const samples =
    batch !== undefined && batch.refs.length >= length ? batch : new SampleBatch(length);
  samples.length = length;
  if (length > 0) {
    decodeTimes(reader, length, samples.timestamps, 0);
    decodeWords(reader, length, samples.refs, 0);
    decodeWords(reader, 2 * length, samples.words, 0);
  }
  return samples;
}

export interface DeleteRecord {
  readonly matchers: readonly Matcher[];
  readonly range: TimeRange;
}

export function encodeDelete(writer: ByteWriter, { matchers, range }: DeleteRecord): void {
  writer.u8(RecordKind.DELETE);
  writer.f64(range.minTime);
  writer.f64(range.maxTime);
  writer.varint(matchers.length);
  for (const matcher of matchers) {
    writer.text(matcher.type);
    writer.text(matcher.name);
    writer.text(matcher.value);
  }
}

export function decodeDelete(reader: ByteReader): DeleteRecord {
  const range = { minTime: reader.f64(), maxTime: reader.f64() };
  const matchers = Array.from({ length: reader.count(3) }, () =>
    reviveMatcher({ type: matchType(reader.text()), name: reader.text(), value: reader.text() }),
  );
  return { matchers, range };
}

function matchType(text: string): Matcher['type'] {
  if (text === '=' || text === '!=' || text === '=~' || text === '!~') return text;
  throw new RecordFormatError(`${JSON.stringify(text)} is no type of matcher`);
}

export interface TruncateRecord {
  readonly minTime: number;
  /** Series to forget if they are empty. */
  readonly refs: readonly number[];
}

export function encodeTruncate(writer: ByteWriter, { minTime, refs }: TruncateRecord): void {
  writer.u8(RecordKind.TRUNCATE);
  writer.f64(minTime);
  writer.varint(refs.length);
  for (const ref of refs) writer.u32(ref);
}

export function decodeTruncate(reader: ByteReader): TruncateRecord {
  const minTime = reader.f64();
  return { minTime, refs: Array.from({ length: reader.count(4) }, () => reader.u32()) };
}

export interface CutRecord {
  /** Number of the cut: blocks of later ones are not known to the log. */
  readonly cut: number;
  /** Samples before this time are in blocks. */
  readonly end: number;
}

export function encodeCut(writer: ByteWriter, { cut, end }: CutRecord): void {
  writer.u8(RecordKind.CUT);
  writer.varint(cut);
  writer.f64(end);
}

export function decodeCut(reader: ByteReader): CutRecord {
  return { cut: reader.varint(), end: reader.f64() };
}

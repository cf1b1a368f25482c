import type { Commit, HistogramEntry } from '../head/commit.ts';
import type { StoredExemplar } from '../head/exemplar-ring.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { decodeHistogram, encodeHistogram } from './histogram-codec.ts';
import { decodeMetadata, encodeMetadata } from './metadata-codec.ts';

/** What a commit holds besides series and samples. */
export type CommitRest = Pick<Commit, 'histograms' | 'exemplars' | 'metadata' | 'state'>;

export function encodeRest(
  writer: ByteWriter,
  { histograms, exemplars, metadata, state }: CommitRest,
): void {
  writer.varint(histograms.length);
  for (const { ref, timestamp, histogram } of histograms) {
    writer.u32(ref);
    writer.f64(timestamp);
    encodeHistogram(writer, histogram);
  }
  encodeExemplars(writer, exemplars);
  encodeMetadata(writer, metadata);
  encodeState(writer, state);
}

export function decodeRest(reader: ByteReader): CommitRest {
  const histograms: HistogramEntry[] = Array.from({ length: reader.count(13) }, () => ({
    ref: reader.u32(),
    timestamp: reader.f64(),
    histogram: decodeHistogram(reader),
  }));
  const exemplars = decodeExemplars(reader);
  const metadata = decodeMetadata(reader);
  return { histograms, exemplars, metadata, state: decodeState(reader) };
}

export const NO_REST: CommitRest = { histograms: [], exemplars: [], metadata: [], state: [] };

/** Also in checkpoints, as are the keyed states. */
export function encodeExemplars(writer: ByteWriter, exemplars: readonly StoredExemplar[]): void {
  writer.varint(exemplars.length);
  for (const exemplar of exemplars) {
    writer.u32(exemplar.ref);
    writer.f64(exemplar.timestamp);
    writer.f64(exemplar.value);
    writer.texts(exemplar.labelPairs);
  }
}

export function decodeExemplars(reader: ByteReader): StoredExemplar[] {
  return Array.from({ length: reader.count(21) }, () => ({
    ref: reader.u32(),
    timestamp: reader.f64(),
    value: reader.f64(),
    labelPairs: reader.texts(),
  }));
}

export function encodeState(writer: ByteWriter, state: Commit['state']): void {
  writer.varint(state.length);
  for (const [key, value] of state) {
    writer.text(key);
    writer.u8(value === undefined ? 0 : 1);
    if (value === undefined) continue;
    writer.varint(value.length);
    writer.bytes(value);
  }
}

export function decodeState(reader: ByteReader): Commit['state'] {
  return Array.from({ length: reader.count(2) }, () => {
    const key = reader.text();
    // The bytes outlive the file they were read with.
    const value = reader.u8() === 1 ? Uint8Array.from(reader.bytes(reader.varint())) : undefined;
    return [key, value] as const;
  });
}

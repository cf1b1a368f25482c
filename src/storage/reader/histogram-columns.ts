import type { HistogramSample } from '../api.ts';
import { SelectLimitError } from '../errors.ts';
import { ByteReader } from '../wal/byte-reader.ts';
import { ByteWriter } from '../wal/byte-writer.ts';
import { decodeHistogram, encodeHistogram } from '../wal/histogram-codec.ts';
import type { HeadSource, HistogramRequest } from './head-source.ts';
import { Lookups } from './lookups.ts';

/** Histogram samples of several series; the buffers can be transferred. */
export interface HistogramColumns {
  /** The samples of series i are in `bytes[offsets[i], offsets[i + 1])`: times and histograms. */
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sampleCount: number;
}

/** Copies what is asked for, of each ref in turn. @throws SelectLimitError */
export function readHistogramColumns(
  head: HeadSource,
  { refs, caps, minTime, maxSamples, lookupTimes }: HistogramRequest,
): HistogramColumns {
  const lookups = lookupTimes === undefined ? undefined : new Lookups(lookupTimes);
  const offsets = new Float64Array(refs.length + 1);
  const writer = new ByteWriter();
  let sampleCount = 0;
  for (let at = 0; at < refs.length; at++) {
    const view = head.histograms(refs[at]!);
    const cap = caps[at]!;
    lookups?.restart();
    for (let index = 0; index < (view?.length ?? 0); index++) {
      const time = view!.timestamps[index]!;
      if (time < minTime) continue;
      if (!(time <= cap)) break;
      const next = index + 1 < view!.length ? view!.timestamps[index + 1]! : Infinity;
      // What comes after the cap is not there.
      if (lookups?.find(time, next <= cap ? next : Infinity) === false) continue;
      if (++sampleCount > maxSamples) throw new SelectLimitError('samples', maxSamples);
      writer.f64(time);
      encodeHistogram(writer, view!.histograms[index]);
    }
    offsets[at + 1] = writer.length;
  }
  return { offsets, bytes: writer.written().slice(), sampleCount };
}

/** The samples of series `at`. */
export function histogramSamples(columns: HistogramColumns, at: number): HistogramSample[] {
  const reader = new ByteReader(columns.bytes, columns.offsets[at]!, columns.offsets[at + 1]!);
  const samples: HistogramSample[] = [];
  while (reader.remaining > 0) {
    samples.push({ timestamp: reader.f64(), histogram: decodeHistogram(reader) });
  }
  return samples;
}

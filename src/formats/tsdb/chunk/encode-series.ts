import type { SampleColumns } from '../../../model/index.ts';
import type { EncodedChunk } from './encoding.ts';
import { CHUNK_SAMPLES_MAX, ChunkEncoding } from './encoding.ts';
import type { TimedHistogram } from './histogram-decode.ts';
import { encodeHistogramRun } from './histogram-encode.ts';
import { takeRun } from './histogram-runs.ts';
import { encodeXorChunk } from './xor-chunk.ts';

/**
 * Encodes the samples of one series, each list ascending by time and no time in both, as chunks in
 * the order of time that do not overlap, with at most 120 samples each.
 */
export function* encodeSeriesChunks(
  floats: SampleColumns,
  histograms: readonly TimedHistogram[],
): Generator<EncodedChunk, void, undefined> {
  const { timestamps } = floats;
  let float = 0;
  let histogram = 0;
  while (float < floats.length || histogram < histograms.length) {
    const floatTime = float < floats.length ? timestamps[float]! : Infinity;
    const histogramTime = histograms[histogram]?.timestamp ?? Infinity;
    if (floatTime < histogramTime) {
      const end = Math.min(floats.length, float + CHUNK_SAMPLES_MAX);
      let to = float + 1;
      while (to < end && timestamps[to]! < histogramTime) to++;
      yield {
        encoding: ChunkEncoding.XOR,
        minTime: floatTime,
        maxTime: timestamps[to - 1]!,
        sampleCount: to - float,
        data: encodeXorChunk(floats, float, to),
      };
      float = to;
    } else {
      let limit = histogram + 1;
      while (limit < histograms.length && histograms[limit]!.timestamp < floatTime) {
        if (limit - histogram === CHUNK_SAMPLES_MAX) break;
        limit++;
      }
      const run = takeRun(histograms, histogram, limit);
      yield encodeHistogramRun(histograms, run);
      histogram = run.to;
    }
  }
}

import { messageOf } from '../../../model/index.ts';
import { tsdbFault } from '../errors.ts';

const VERSION = 1;

/** What meta.json says of a block. */
export interface BlockMeta {
  readonly ulid: string;
  /** Integer milliseconds, both inclusive: `maxTime` in the file is one more. */
  readonly minTime: number;
  readonly maxTime: number;
  readonly stats: BlockStats;
  /** Distance of Thanos's downsampled points in milliseconds; 0 for raw samples. */
  readonly downsampleMs: number;
}

export interface BlockStats {
  readonly seriesCount: number;
  readonly chunkCount: number;
  readonly floatSampleCount: number;
  readonly histogramSampleCount: number;
}

/** Reads a meta.json. @throws TsdbError */
export function parseBlockMeta(text: string, file: string): BlockMeta {
  const place = { file, offset: 0 };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw tsdbFault(place, `it is no JSON: ${messageOf(error)}`, error);
  }
  const root = objectOf(parsed);
  if (root['version'] !== VERSION) {
    throw tsdbFault(place, `version ${String(root['version'])}, wanted ${VERSION}`);
  }
  const number = (name: string): number => {
    const value = root[name];
    if (Number.isSafeInteger(value)) return value as number;
    throw tsdbFault(place, `${name} is ${JSON.stringify(value)}, wanted whole milliseconds`);
  };
  const { ulid } = root;
  if (typeof ulid !== 'string') throw tsdbFault(place, 'it has no ulid');
  const stats = objectOf(root['stats']);
  const histogramSampleCount = countOf(stats['numHistogramSamples']);
  const sampleCount = countOf(stats['numSamples']);
  const downsample = objectOf(objectOf(root['thanos'])['downsample']);
  return {
    ulid,
    minTime: number('minTime'),
    maxTime: number('maxTime') - 1,
    stats: {
      seriesCount: countOf(stats['numSeries']),
      chunkCount: countOf(stats['numChunks']),
      floatSampleCount: Math.max(0, sampleCount - histogramSampleCount),
      histogramSampleCount,
    },
    downsampleMs: countOf(downsample['resolution']),
  };
}

/** Writes the meta.json of a block that was made at once, not by compaction. */
export function formatBlockMeta({ ulid, minTime, maxTime, stats }: BlockMeta): string {
  const { seriesCount, chunkCount, floatSampleCount, histogramSampleCount } = stats;
  const meta = {
    ulid,
    minTime,
    maxTime: maxTime + 1,
    stats: {
      numSamples: floatSampleCount + histogramSampleCount,
      numFloatSamples: floatSampleCount,
      numHistogramSamples: histogramSampleCount,
      numSeries: seriesCount,
      numChunks: chunkCount,
    },
    compaction: { level: 1, sources: [ulid] },
    version: VERSION,
  };
  return `${JSON.stringify(meta, undefined, '\t')}\n`;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? Math.max(0, value as number) : 0;
}

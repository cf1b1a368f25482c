import type { SampleColumns } from '../../../model/index.ts';
import type { BytesSource } from '../bytes/big-endian-reader.ts';
import { tsdbUnsupported } from '../errors.ts';
import { ChunkEncoding } from './encoding.ts';
import type { TimedHistogram } from './histogram-decode.ts';
import { decodeHistogramChunk } from './histogram-decode.ts';
import { decodeXorChunk } from './xor-chunk.ts';

/** A chunk as it lies in a file or a message. */
export interface RawChunk {
  readonly encoding: number;
  /** The data are `bytes[start, end)`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

const NONE: readonly TimedHistogram[] = [];

/**
 * Decodes a chunk of any encoding that is known here: float samples are appended to `floats`,
 * histograms are returned.
 * @throws TsdbError, `tsdb_unsupported` for an encoding that is not known.
 */
export function decodeChunk(
  { encoding, bytes, start, end }: RawChunk,
  source: BytesSource,
  floats: SampleColumns,
): readonly TimedHistogram[] {
  switch (encoding) {
    case ChunkEncoding.XOR:
      decodeXorChunk(bytes, start, end, source, floats);
      return NONE;
    case ChunkEncoding.HISTOGRAM:
    case ChunkEncoding.FLOAT_HISTOGRAM: {
      const isFloat = encoding === ChunkEncoding.FLOAT_HISTOGRAM;
      return decodeHistogramChunk(bytes, start, end, source, isFloat).samples;
    }
    default: {
      const place = { file: source.file, offset: (source.base ?? 0) + start };
      throw tsdbUnsupported(place, `a chunk of encoding ${encoding}, wanted 1, 2 or 3`);
    }
  }
}

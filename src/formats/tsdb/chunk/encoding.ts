/** The byte before a chunk's data. 4 to 6 hold start timestamps; 0xff is Thanos's aggregate. */
export const ChunkEncoding = {
  XOR: 1,
  HISTOGRAM: 2,
  FLOAT_HISTOGRAM: 3,
} as const;
export type ChunkEncoding = (typeof ChunkEncoding)[keyof typeof ChunkEncoding];

/** Samples to a chunk when writing, as Prometheus cuts them. */
export const CHUNK_SAMPLES_MAX = 120;

/** A chunk ready to be stored or sent. */
export interface EncodedChunk {
  readonly encoding: ChunkEncoding;
  /** Times of its first and last sample, integer milliseconds. */
  readonly minTime: number;
  readonly maxTime: number;
  readonly sampleCount: number;
  /** The receiver's to keep. */
  readonly data: Uint8Array<ArrayBuffer>;
}

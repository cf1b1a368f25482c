export type { SentCounter } from './predict-counter.ts';
export { predictCounter } from './predict-counter.ts';
export { BatchColumns } from './batch-columns.ts';
export { ContentHash, hashBytes, seriesKey, xorHash } from './content-hash.ts';
export { decodeControl, encodeControl, isControl } from './control.ts';
export { coverageProblem, ticksOf } from './coverage.ts';
export { BatchDecoder } from './decode-batch.ts';
export { BatchEncoder } from './encode-batch.ts';
export type { TideFormatCode } from './errors.ts';
export { TideFormatError } from './errors.ts';
export { decodeFrame, encodeFrame, frameBytes, laneOf } from './frame.ts';
export { histogramWords } from './histogram-words.ts';
export * from './limits.ts';
export { policyHash } from './policy-hash.ts';
export { READ_CHUNK_BYTES_MAX } from './messages.ts';
export type { Packed } from './packing.ts';
export {
  decodeRangeData,
  encodeRangeData,
  encodeSealed,
  SEALED_BYTES_MAX,
  sealedOf,
} from './range-data.ts';
export {
  decodeSchema,
  encodeSchema,
  SCHEMA_SERIES_MAX,
  schemaHash,
  schemaSeriesHash,
} from './schema.ts';
export * from './control-message.ts';
export * from './coverage-entry.ts';
export * from './frame-header.ts';
export * from './policy.ts';
export * from './progress-messages.ts';
export * from './request-messages.ts';
export * from './schema-change.ts';
export * from './sealed.ts';
export * from './session-messages.ts';

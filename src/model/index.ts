export { compactHistogram } from './compact-histogram.ts';
export { formatDuration, parseDuration } from './duration.ts';
export type { TextPosition } from './errors.ts';
export { assert, excerpt, messageOf, TidegaugeError } from './errors.ts';
export type { CounterReset, FloatHistogram, Span } from './histogram.ts';
export {
  CUSTOM_BUCKETS_SCHEMA,
  EXPONENTIAL_SCHEMA_MAX,
  EXPONENTIAL_SCHEMA_MIN,
} from './histogram.ts';
export type { Side } from './histogram-sides.ts';
export { coarserIndex, NO_BUCKETS, reduceSide, sideOf, spansOf } from './histogram-sides.ts';
export { isLegacyLabelName, isLegacyMetricName, Labels, METRIC_NAME } from './labels.ts';
export type { AnchoredRegex, Matcher, MatchType } from './matcher.ts';
export {
  BadRegexError,
  compileAnchored,
  compileRe2,
  createMatcher,
  reviveMatcher,
} from './matcher.ts';
export type { Exemplar, Metadata, MetricType } from './metadata.ts';
export { METRIC_TYPES } from './metadata.ts';
export { reduceHistogram } from './reduce-histogram.ts';
export { formatSize, parseSize } from './size.ts';
export { formatFloat, formatSeconds, parseFloatText } from './number-text.ts';
export {
  HIGH_WORD,
  isStaleAt,
  LOW_WORD,
  NAN_HIGH_WORD,
  NAN_LOW_WORD,
  BorrowedSamples,
  SampleColumns,
  setStaleAt,
  STALE_HIGH_WORD,
  STALE_LOW_WORD,
} from './sample.ts';
export type { ValueColumns } from './value-columns.ts';
export { giveColumns, newColumns, NO_COLUMNS, takeColumns } from './value-columns.ts';

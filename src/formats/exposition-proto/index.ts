export type { DecodeFamiliesOptions, HistogramForms, NativeSample, ProtoFamily } from './decode.ts';
export { decodeMetricFamilies } from './decode.ts';
export { ExpositionProtoError } from './errors.ts';
export { formatGoFloat, formatOpenMetricsFloat } from './go-float.ts';
export type { NativeExpositionVisitor } from './proto-exposition.ts';
export { ProtoExposition } from './proto-exposition.ts';

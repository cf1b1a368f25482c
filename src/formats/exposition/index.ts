export type { ClassicHistogram, CumulativeBucket } from './custom-buckets.ts';
export { toCustomBuckets } from './custom-buckets.ts';
export type { EncodeOptions, ExpositionFamily, ExpositionSample } from './encode.ts';
export {
  encodeIdentity,
  encodeOpenMetrics,
  encodeText,
  escapeHelp,
  quoteName,
} from './encode.ts';
export { ExpositionError } from './errors.ts';
export { decodeIdentity, decodeIdentityPairs, unescapeHelp, unescapeText } from './identity.ts';
export { escapeLabelName, escapeMetricName } from './name-escaping.ts';
export type { EscapingScheme, ExpositionChoice } from './negotiate.ts';
export { ESCAPING_SCHEMES, negotiateExposition } from './negotiate.ts';
export { scanOpenMetrics, scanOpenMetricsInSteps } from './openmetrics-scanner.ts';
export { validateOpenMetrics, validateOpenMetricsInSteps } from './openmetrics-validator.ts';
export type { ScanTextOptions } from './text-scanner.ts';
export { scanText, scanTextInSteps } from './text-scanner.ts';
export { validateText, validateTextInSteps } from './text-validator.ts';
export type { ExpositionVisitor } from './visitor.ts';

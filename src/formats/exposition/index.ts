export { ExpositionError } from './errors.ts';
export { decodeIdentity, decodeIdentityPairs, unescapeHelp, unescapeText } from './identity.ts';
export { scanOpenMetrics } from './openmetrics-scanner.ts';
export { validateOpenMetrics } from './openmetrics-validator.ts';
export type { ScanTextOptions } from './text-scanner.ts';
export { scanText } from './text-scanner.ts';
export { validateText } from './text-validator.ts';
export type { ExpositionVisitor } from './visitor.ts';

export type { DecodedExemplar, DecodedMetadata } from './decode.ts';
export { decodeExemplar, decodeMetadata } from './decode.ts';
export { RemoteWriteError } from './errors.ts';
export type { DecodedLabels, LabelProblem, LabelProblemKind } from './labels.ts';
export { decodeLabels } from './labels.ts';
export type { RemoteWriteVisitor } from './visitor.ts';
export { walkWriteRequest } from './walk.ts';

export type { ReadMatcher, ReadQuery, ReadRequest } from './decode-request.ts';
export { decodeReadRequest, ReadResponseType } from './decode-request.ts';
export { encodeChunkFrame, encodeResult, encodeResultSeries } from './encode-response.ts';
export { RemoteReadError } from './errors.ts';

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { envelope } from '../query/index.ts';
import type { ApiError } from './errors.ts';
import type { ApiRequest } from './route.ts';

export const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const gzipAsync = promisify(gzip);

/** `{"status":"success","data":…}` around a value. */
export function success(data: unknown, request: ApiRequest): Response | Promise<Response> {
  const body = envelope(Buffer.from(JSON.stringify(data)));
  if (body.length >= (request.gzipFromBytes ?? Infinity)) return compressed(body);
  return jsonResponse(body);
}

/** A body of JSON; `isGzipped` says that it has been compressed. */
export function jsonResponse(body: Uint8Array<ArrayBuffer>, isGzipped = false): Response {
  const headers = isGzipped ? { ...JSON_HEADERS, 'Content-Encoding': 'gzip' } : JSON_HEADERS;
  return new Response(body, { headers });
}

/** Done, and nothing to tell. */
export function noContent(): Response {
  return new Response(null, { status: 204 });
}

/** The error envelope with the status that belongs to the error's type. */
export function failure(error: ApiError): Response {
  const body = { status: 'error', errorType: error.type, error: error.message };
  return new Response(JSON.stringify(body), { status: error.status, headers: JSON_HEADERS });
}

/** An error of the routes that answer in plain text. */
export function plainFailure(message: string, status: number): Response {
  return new Response(`${message}\n`, { status, headers: PLAIN_TEXT });
}

/** What is made on this thread is compressed on one of zlib's. */
async function compressed(body: Uint8Array): Promise<Response> {
  return jsonResponse(
    new Uint8Array(await gzipAsync(body, { level: constants.Z_BEST_SPEED })),
    true,
  );
}

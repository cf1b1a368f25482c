import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { envelope } from '../query/index.ts';
import type { Answer } from './answer.ts';
import type { ApiError } from './errors.ts';
import type { ApiRequest } from './route.ts';

const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };
const JSON_HEADERS = { 'Content-Type': 'application/json' };
const GZIPPED_JSON_HEADERS = { ...JSON_HEADERS, 'Content-Encoding': 'gzip' };

const gzipAsync = promisify(gzip);

/** `{"status":"success","data":…}` around a value. */
export function success(data: unknown, request: ApiRequest): Answer | Promise<Answer> {
  return wholeAnswer(envelope(Buffer.from(JSON.stringify(data))), request.gzipFromBytes);
}

/** A body of JSON, compressed where it has `gzipFromBytes` or more. */
export function wholeAnswer(body: Uint8Array, gzipFromBytes = Infinity): Answer | Promise<Answer> {
  return body.length >= gzipFromBytes ? compressed(body) : jsonAnswer(body);
}

/** A body of JSON; `isGzipped` says that it has been compressed. */
export function jsonAnswer(body: Uint8Array, isGzipped = false): Answer {
  return { status: 200, headers: isGzipped ? GZIPPED_JSON_HEADERS : JSON_HEADERS, body };
}

/** Plain text as it is. */
export function textAnswer(body: string, status = 200): Answer {
  return { status, headers: PLAIN_TEXT, body };
}

/** Done, and nothing to tell. */
export function noContent(): Answer {
  return { status: 204, headers: {}, body: '' };
}

/** The error envelope with the status that belongs to the error's type. */
export function failure(error: ApiError): Answer {
  const body = { status: 'error', errorType: error.type, error: error.message };
  return { status: error.status, headers: JSON_HEADERS, body: JSON.stringify(body) };
}

/** An error of the routes that answer in plain text. */
export function plainFailure(message: string, status: number): Answer {
  return textAnswer(`${message}\n`, status);
}

/** What is made on this thread is compressed on one of zlib's. */
async function compressed(body: Uint8Array): Promise<Answer> {
  return jsonAnswer(await gzipAsync(body, { level: constants.Z_BEST_SPEED }), true);
}

import { createGunzip } from 'node:zlib';
import { decompress, decompressedSize, SnappyError } from '../../formats/index.ts';
import { messageOf } from '../../model/index.ts';
import type { AdmissionTicket } from './admission.ts';
import type { BufferPool } from './buffer-pool.ts';
import { PushRefusedError } from './errors.ts';
import { type Body, GrowingBody, tooLarge } from './growing-body.ts';

/** What is inflated at a time, and so what a body may hold beyond the budget for a moment. */
const INFLATED_STEP_BYTES = 1 << 16;

export type ContentEncoding = 'identity' | 'gzip' | 'snappy';

export interface DecodeOptions {
  readonly maxBodyBytes: number;
  readonly ticket: AdmissionTicket;
  readonly pool: BufferPool;
}

/**
 * The encoding of a body among those `allowed`; the first of them where the header is missing.
 * @throws PushRefusedError (415) for any other.
 */
export function contentEncodingOf(
  header: string | undefined,
  allowed: readonly ContentEncoding[],
): ContentEncoding {
  const name = (header ?? '').trim().toLowerCase();
  if (name === '') return allowed[0] ?? 'identity';
  const found = allowed.find((encoding) => encoding === name);
  if (found !== undefined) return found;
  throw new PushRefusedError(
    415,
    'content_encoding',
    `content encoding ${JSON.stringify(header)} is not taken here: send ${allowed.join(' or ')}`,
  );
}

/**
 * The body decompressed, within the limit and the budget. Takes over `body`: what it returns is
 * to be released in its place.
 *
 * @throws PushRefusedError: 400 where the bytes are not of that encoding, 413 over the limit, 503
 *   over the budget.
 */
export async function decodeBody(
  body: Body,
  encoding: ContentEncoding,
  options: DecodeOptions,
): Promise<Body> {
  switch (encoding) {
    case 'identity':
      return body;
    case 'snappy':
      return decodeSnappy(body, options);
    case 'gzip':
      return decodeGzip(body, options);
  }
}

function decodeSnappy(body: Body, options: DecodeOptions): Body {
  const { bytes } = body;
  let buffer: Uint8Array | undefined;
  try {
    const sizeBytes = decompressedSize(bytes, 0, bytes.length, options.maxBodyBytes);
    options.ticket.reserve(sizeBytes);
    buffer = options.pool.take(sizeBytes);
    const length = decompress(bytes, 0, bytes.length, buffer);
    return lend(buffer, length, options.pool);
  } catch (error) {
    if (buffer !== undefined) options.pool.give(buffer);
    if (!(error instanceof SnappyError)) throw error;
    if (error.code === 'snappy_too_large') throw tooLarge(options.maxBodyBytes, undefined);
    throw new PushRefusedError(400, 'malformed', error.message, error);
  } finally {
    body.release();
  }
}

function lend(buffer: Uint8Array, length: number, pool: BufferPool): Body {
  return { bytes: buffer.subarray(0, length), release: () => pool.give(buffer) };
}

// In zlib's own thread: inflating 32 MiB takes longer than the event loop may stand still. Piece by
// piece, since a body of some kilobytes may stand for the whole limit: all that are inflated at one
// time share the budget as they grow.
async function decodeGzip(body: Body, options: DecodeOptions): Promise<Body> {
  const gunzip = createGunzip({ chunkSize: INFLATED_STEP_BYTES });
  const growing = new GrowingBody(options);
  try {
    gunzip.end(body.bytes);
    for await (const piece of gunzip) growing.append(piece as Buffer);
    return growing.finish();
  } catch (error) {
    growing.abandon();
    if (error instanceof PushRefusedError) throw error;
    const text = `the body is not gzip as its content encoding says: ${messageOf(error)}`;
    throw new PushRefusedError(400, 'malformed', text, error);
  } finally {
    body.release();
  }
}

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

/**
 * Sees to it that the budget has room for a snappy block decompressed; its size then.
 * @throws PushRefusedError: 400 where its header is none, 413 over the limit, 503 over the budget.
 */
export function admitSnappy(bytes: Uint8Array, options: Omit<DecodeOptions, 'pool'>): number {
  const { maxBodyBytes, ticket } = options;
  const sizeBytes = refuseFaults(maxBodyBytes, () =>
    decompressedSize(bytes, 0, bytes.length, maxBodyBytes),
  );
  ticket.reserve(sizeBytes);
  return sizeBytes;
}

/**
 * A snappy block decompressed to memory of its own, for what happens rarely.
 * @throws PushRefusedError: 400 where the bytes are no such block, 413 over the limit.
 */
export function decompressApart(bytes: Uint8Array, maxBodyBytes: number): Uint8Array {
  return refuseFaults(maxBodyBytes, () => {
    const output = new Uint8Array(decompressedSize(bytes, 0, bytes.length, maxBodyBytes));
    decompress(bytes, 0, bytes.length, output);
    return output;
  });
}

function decodeSnappy(body: Body, options: DecodeOptions): Body {
  const { bytes } = body;
  let buffer: Uint8Array | undefined;
  try {
    const output = options.pool.take(admitSnappy(bytes, options));
    buffer = output;
    const length = refuseFaults(options.maxBodyBytes, () =>
      decompress(bytes, 0, bytes.length, output),
    );
    return lend(buffer, length, options.pool);
  } catch (error) {
    if (buffer !== undefined) options.pool.give(buffer);
    throw error;
  } finally {
    body.release();
  }
}

function refuseFaults<T>(maxBodyBytes: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SnappyError)) throw error;
    if (error.code === 'snappy_too_large') throw tooLarge(maxBodyBytes, undefined);
    throw new PushRefusedError(400, 'malformed', error.message, error);
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

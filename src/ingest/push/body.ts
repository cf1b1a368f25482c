import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../util/index.ts';
import type { AdmissionTicket } from './admission.ts';
import type { BufferPool } from './buffer-pool.ts';
import { ClientGoneError, PushRefusedError } from './errors.ts';

/** A body as sent. The bytes are lent: `release` gives them back, after which they change. */
export interface Body {
  readonly bytes: Uint8Array;
  release(): void;
}

export interface ReadBodyOptions {
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
  readonly ticket: AdmissionTicket;
  readonly pool: BufferPool;
  readonly clock: Clock;
}

/** How much of the budget a body of unknown length takes at a time. */
const CHUNKED_STEP_BYTES = 1 << 16;

/**
 * Reads a whole body into a pooled buffer. A declared length is reserved before a byte is read;
 * a chunked body reserves as it grows.
 *
 * @throws PushRefusedError: 413 over the limit, 503 over the budget, 408 over the time.
 * @throws ClientGoneError when the client goes away first.
 */
export async function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Body> {
  const declared = declaredLength(request);
  if (declared !== undefined) {
    if (declared > options.maxBodyBytes) throw tooLarge(options.maxBodyBytes, declared);
    options.ticket.reserve(declared);
  }
  return collect(request, declared, options);
}

function declaredLength(request: IncomingMessage): number | undefined {
  const header = request.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

function collect(
  request: IncomingMessage,
  declared: number | undefined,
  options: ReadBodyOptions,
): Promise<Body> {
  const { maxBodyBytes, pool, ticket } = options;
  return new Promise((resolve, reject) => {
    let buffer: Uint8Array | undefined;
    let length = 0;
    let reserved = declared ?? 0;
    let whole: Uint8Array | undefined;

    const settle = (error: Error | undefined): void => {
      cancelTimer();
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      // What else the client sends is read and dropped, so that it gets to see the answer.
      request.on('error', ignore).resume();
      if (error !== undefined) {
        if (buffer !== undefined) pool.give(buffer);
        reject(error);
        return;
      }
      const lent = buffer;
      resolve({
        bytes: whole ?? buffer?.subarray(0, length) ?? new Uint8Array(0),
        release: () => {
          if (lent !== undefined) pool.give(lent);
        },
      });
    };
    const append = (chunk: Uint8Array): void => {
      const size = length + chunk.length;
      if (size > maxBodyBytes) throw tooLarge(maxBodyBytes, undefined);
      if (size > reserved) {
        const step = Math.max(CHUNKED_STEP_BYTES, size - reserved);
        ticket.reserve(step);
        reserved += step;
      }
      buffer = roomFor(pool, buffer, length, Math.max(size, declared ?? 0));
      buffer.set(chunk, length);
      length = size;
    };
    const onData = (chunk: Buffer): void => {
      // Fast path: the body came in one piece, and need not be copied.
      if (length === 0 && chunk.length === declared) {
        whole = chunk;
        length = chunk.length;
        return;
      }
      try {
        append(chunk);
      } catch (error) {
        settle(error as Error);
      }
    };
    const onEnd = (): void => settle(undefined);
    const onClose = (): void =>
      settle(new ClientGoneError(`the client went away after ${length} bytes of its body`));
    const cancelTimer = options.clock.setTimer(options.timeoutMs, () => settle(tooSlow(options)));
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function roomFor(
  pool: BufferPool,
  buffer: Uint8Array | undefined,
  length: number,
  wantedBytes: number,
): Uint8Array {
  if (buffer !== undefined && buffer.length >= wantedBytes) return buffer;
  const larger = pool.take(Math.max(wantedBytes, 2 * length));
  if (buffer !== undefined) {
    larger.set(buffer.subarray(0, length));
    pool.give(buffer);
  }
  return larger;
}

function ignore(): void {
  // The request is over; how its connection ends is nobody's business.
}

/** Says that a body is larger than the limit. */
export function tooLarge(limitBytes: number, sizeBytes: number | undefined): PushRefusedError {
  const seen = sizeBytes === undefined ? 'larger than' : `${sizeBytes} bytes, of at most`;
  return new PushRefusedError(413, 'too_large', `the body is ${seen} ${limitBytes} bytes`);
}

function tooSlow(options: ReadBodyOptions): PushRefusedError {
  const text = `the body did not arrive within ${options.timeoutMs} ms`;
  return new PushRefusedError(408, 'timeout', text);
}

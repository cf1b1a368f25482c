import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../util/index.ts';
import type { AdmissionTicket } from './admission.ts';
import type { BufferPool } from './buffer-pool.ts';
import { ClientGoneError, PushRefusedError } from './errors.ts';
import { type Body, GrowingBody, tooLarge } from './growing-body.ts';

export interface ReadBodyOptions {
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
  readonly ticket: AdmissionTicket;
  readonly pool: BufferPool;
  readonly clock: Clock;
}

/**
 * Reads a whole body into a pooled buffer. One whose declared length does not fit the budget now is
 * refused before a byte is read; what the budget holds is what has arrived.
 *
 * @throws PushRefusedError: 413 over the limit, 503 over the budget, 408 over the time.
 * @throws ClientGoneError when the client goes away first.
 */
export async function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Body> {
  const declared = declaredLength(request);
  if (declared !== undefined) {
    if (declared > options.maxBodyBytes) throw tooLarge(options.maxBodyBytes, declared);
    options.ticket.expect(declared);
  }
  return collect(request, declared, options);
}

function declaredLength(request: IncomingMessage): number | undefined {
  const header = request.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

function collect(
  request: IncomingMessage,
  declaredBytes: number | undefined,
  options: ReadBodyOptions,
): Promise<Body> {
  return new Promise((resolve, reject) => {
    const growing = new GrowingBody({ ...options, declaredBytes });
    let whole: Uint8Array | undefined;

    const settle = (error: Error | undefined): void => {
      cancelTimer();
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      // What else the client sends is read and dropped, so that it gets to see the answer.
      request.on('error', ignore).resume();
      if (error !== undefined) {
        growing.abandon();
        reject(error);
      } else if (whole !== undefined) {
        resolve({ bytes: whole, release: ignore });
      } else {
        resolve(growing.finish());
      }
    };
    const onData = (chunk: Buffer): void => {
      try {
        // Fast path: the body came in one piece, and need not be copied.
        if (growing.length === 0 && chunk.length === declaredBytes) {
          growing.reserve(chunk.length);
          whole = chunk;
        } else {
          growing.append(chunk);
        }
      } catch (error) {
        settle(error as Error);
      }
    };
    const onEnd = (): void => settle(undefined);
    const onClose = (): void =>
      settle(new ClientGoneError(`the client went away after ${growing.length} bytes of its body`));
    const cancelTimer = options.clock.setTimer(options.timeoutMs, () => settle(tooSlow(options)));
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function ignore(): void {
  // The request is over; how its connection ends is nobody's business.
}

function tooSlow(options: ReadBodyOptions): PushRefusedError {
  const text = `the body did not arrive within ${options.timeoutMs} ms`;
  return new PushRefusedError(408, 'timeout', text);
}

import type { AdmissionTicket } from './admission.ts';
import type { BufferPool } from './buffer-pool.ts';
import { PushRefusedError } from './errors.ts';

/** A body in one piece. The bytes are lent: `release` gives them back, after which they change. */
export interface Body {
  readonly bytes: Uint8Array;
  release(): void;
}

export interface GrowingBodyOptions {
  readonly maxBodyBytes: number;
  readonly ticket: AdmissionTicket;
  readonly pool: BufferPool;
  /** The length that the sender declared; no memory is taken on the strength of it. */
  readonly declaredBytes?: number | undefined;
}

/** How much of the budget a body takes at a time. */
const STEP_BYTES = 1 << 16;

/**
 * Gathers a body within the limit and the budget as its bytes come. Both memory and budget follow
 * what is there, not what was promised: a sender that declares much and sends nothing holds
 * nothing. The buffer doubles, so it may be up to twice what is reserved.
 */
export class GrowingBody {
  length = 0;
  #buffer: Uint8Array | undefined;
  #reserved = 0;
  readonly #options: GrowingBodyOptions;

  constructor(options: GrowingBodyOptions) {
    this.#options = options;
  }

  /** @throws PushRefusedError: 413 over the limit, 503 over the budget. */
  append(chunk: Uint8Array): void {
    const { maxBodyBytes } = this.#options;
    const size = this.length + chunk.length;
    if (size > maxBodyBytes) throw tooLarge(maxBodyBytes, undefined);
    this.reserve(size);
    const buffer = this.#roomFor(size);
    buffer.set(chunk, this.length);
    this.length = size;
  }

  /** Sees to it that the budget has `sizeBytes` for this body. @throws PushRefusedError (503) */
  reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#reserved) return;
    const left = (this.#options.declaredBytes ?? Infinity) - this.#reserved;
    const step = Math.max(sizeBytes - this.#reserved, Math.min(STEP_BYTES, left));
    this.#options.ticket.reserve(step);
    this.#reserved += step;
  }

  /** The body; nothing is to be appended any more. */
  finish(): Body {
    const bytes = this.#buffer?.subarray(0, this.length) ?? new Uint8Array(0);
    return { bytes, release: () => this.abandon() };
  }

  /** Gives the buffer back; more than once does no harm. */
  abandon(): void {
    const buffer = this.#buffer;
    this.#buffer = undefined;
    if (buffer !== undefined) this.#options.pool.give(buffer);
  }

  #roomFor(sizeBytes: number): Uint8Array {
    const buffer = this.#buffer;
    if (buffer !== undefined && buffer.length >= sizeBytes) return buffer;
    const { pool, declaredBytes = Infinity } = this.#options;
    const larger = pool.take(Math.max(sizeBytes, Math.min(2 * this.length, declaredBytes)));
    if (buffer !== undefined) {
      larger.set(buffer.subarray(0, this.length));
      pool.give(buffer);
    }
    this.#buffer = larger;
    return larger;
  }
}

/** Says that a body is larger than the limit. */
export function tooLarge(limitBytes: number, sizeBytes: number | undefined): PushRefusedError {
  const seen = sizeBytes === undefined ? 'larger than' : `${sizeBytes} bytes, of at most`;
  return new PushRefusedError(413, 'too_large', `the body is ${seen} ${limitBytes} bytes`);
}

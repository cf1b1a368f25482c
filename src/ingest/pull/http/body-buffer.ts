import { ScrapeError } from '../errors.ts';

const CAPACITY_MIN = 16 * 1024;

/** Where no limit is configured: more than that is no exposition, and would not fit in memory. */
const BODY_BYTES_MAX = 512 * 1024 * 1024;

/** Buffers that are kept for later scrapes, and the size above which one is not. */
const KEPT_BUFFERS = 32;
const KEPT_CAPACITY = 4 * 1024 * 1024;

/** A body that grows as it is read. The bytes are valid up to `length`, until the next `reset`. */
export class BodyBuffer {
  length = 0;
  bytes: Uint8Array = new Uint8Array(CAPACITY_MIN);
  #limitBytes = BODY_BYTES_MAX;

  /** @param limitBytes 0 for none of its own. */
  reset(limitBytes: number): void {
    this.length = 0;
    this.#limitBytes = limitBytes > 0 ? Math.min(limitBytes, BODY_BYTES_MAX) : BODY_BYTES_MAX;
  }

  /** @throws ScrapeError when the body reaches the limit, as Prometheus has it. */
  append(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length >= this.#limitBytes) {
      throw new ScrapeError('body_size', 'body size limit exceeded');
    }
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(chunk, this.length);
    this.length = length;
  }
}

/** Body buffers for the scrapes that are under way; bounded in what it keeps. */
export class BodyBufferPool {
  readonly #free: BodyBuffer[] = [];

  acquire(): BodyBuffer {
    return this.#free.pop() ?? new BodyBuffer();
  }

  release(buffer: BodyBuffer): void {
    if (this.#free.length >= KEPT_BUFFERS || buffer.bytes.length > KEPT_CAPACITY) return;
    buffer.length = 0;
    this.#free.push(buffer);
  }
}

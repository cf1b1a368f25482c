import { ScrapeError } from '../errors.ts';

const CAPACITY_MIN = 16 * 1024;

/** Where no limit is configured: more than that is no exposition, and would not fit in memory. */
const BODY_BYTES_MAX = 512 * 1024 * 1024;

/** What buffers that are kept for later scrapes have in all, and above which one is not kept. */
const KEPT_BYTES = 16 * 1024 * 1024;
const KEPT_CAPACITY = 4 * 1024 * 1024;

/** Of what a server says that it is going to send, so much is believed. */
const EXPECTED_BYTES_MAX = 1024 * 1024;

/** A body may hold that much without asking; what goes beyond is shared by all scrapes. */
const OWN_BYTES = 16 * 1024 * 1024;

/** What all bodies together may hold beyond their own share. */
const SHARED_BYTES_MAX = 512 * 1024 * 1024;

/** Memory for bodies that are larger than bodies mostly are. */
export class SharedBodyBytes {
  readonly maxBytes: number;
  heldBytes = 0;

  constructor(maxBytes: number = SHARED_BYTES_MAX) {
    this.maxBytes = maxBytes;
  }
}

/** A body that grows as it is read. The bytes are valid up to `length`, until the next `reset`. */
export class BodyBuffer {
  length = 0;
  bytes: Uint8Array = new Uint8Array(CAPACITY_MIN);
  #limitBytes = BODY_BYTES_MAX;
  readonly #shared: SharedBodyBytes;

  constructor(shared: SharedBodyBytes = new SharedBodyBytes()) {
    this.#shared = shared;
  }

  /** @param limitBytes 0 for none of its own. */
  reset(limitBytes: number): void {
    this.length = 0;
    this.#limitBytes = limitBytes > 0 ? Math.min(limitBytes, BODY_BYTES_MAX) : BODY_BYTES_MAX;
  }

  /** Makes room at once for a body of that size, within bounds. */
  expect(sizeBytes: number): void {
    const expected = Math.min(sizeBytes, EXPECTED_BYTES_MAX, this.#limitBytes);
    // In powers of two, so that bodies that grow bit by bit have room in the same buffer.
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(1, expected)));
    if (capacity > this.bytes.length) this.#grow(capacity);
  }

  /** @throws ScrapeError when the body reaches the limit, as Prometheus has it. */
  append(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length >= this.#limitBytes) {
      throw new ScrapeError('body_size', 'body size limit exceeded');
    }
    if (length > this.bytes.length) this.#grow(length);
    this.bytes.set(chunk, this.length);
    this.length = length;
  }

  /** Gives a large body's memory back, so that others may have it. */
  release(): void {
    this.length = 0;
    if (this.bytes.length <= OWN_BYTES) return;
    this.#shared.heldBytes -= sharedPart(this.bytes.length);
    this.bytes = new Uint8Array(CAPACITY_MIN);
  }

  #grow(length: number): void {
    const capacity = Math.max(length, 2 * this.bytes.length);
    const more = sharedPart(capacity) - sharedPart(this.bytes.length);
    const shared = this.#shared;
    if (more > 0 && shared.heldBytes + more > shared.maxBytes) {
      const text = 'body size limit exceeded: the large bodies of all scrapes under way share';
      throw new ScrapeError('body_size', `${text} ${shared.maxBytes} bytes`);
    }
    shared.heldBytes += more;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

function sharedPart(capacity: number): number {
  return Math.max(0, capacity - OWN_BYTES);
}

/** Body buffers for the scrapes that are under way; bounded in what it keeps and what it lends. */
export class BodyBufferPool {
  readonly #free: BodyBuffer[] = [];
  #freeBytes = 0;
  readonly #shared: SharedBodyBytes;

  constructor(shared: SharedBodyBytes = new SharedBodyBytes()) {
    this.#shared = shared;
  }

  acquire(): BodyBuffer {
    const kept = this.#free.pop();
    if (kept === undefined) return new BodyBuffer(this.#shared);
    this.#freeBytes -= kept.bytes.length;
    return kept;
  }

  release(buffer: BodyBuffer): void {
    buffer.release();
    const sizeBytes = buffer.bytes.length;
    if (sizeBytes > KEPT_CAPACITY || this.#freeBytes + sizeBytes > KEPT_BYTES) return;
    this.#freeBytes += sizeBytes;
    this.#free.push(buffer);
  }
}

/** Bytes of bodies that are handled before the sockets are looked at again. */
const BYTES_PER_TURN = 1 << 18;

interface Waiting {
  readonly sizeBytes: number;
  readonly resolve: () => void;
}

/**
 * Shares the event loop among pushes. Many bodies may arrive in one look at the sockets; handled
 * there and then, one after another, they would keep queries, health checks and timers waiting for
 * the sum of them. So they are handled in order of arrival, and after `BYTES_PER_TURN` the event
 * loop gets its turn. Expositions, and large messages of remote write, are cut up (`yield`).
 */
export class Turns {
  #leftBytes = BYTES_PER_TURN;
  #scheduled = false;
  readonly #waiting: Waiting[] = [];

  /** Resolves when a body of `sizeBytes` may be handled. */
  take(sizeBytes: number): Promise<void> {
    if (this.#waiting.length > 0 || this.#leftBytes <= 0) {
      return new Promise((resolve) => this.#waiting.push({ sizeBytes, resolve }));
    }
    this.#leftBytes -= sizeBytes;
    this.#schedule();
    return Promise.resolve();
  }

  /** Between two parts of a long body: resolves when the sockets were looked at. */
  yield(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#leftBytes = BYTES_PER_TURN;
      this.#next();
    });
  }

  #next(): void {
    while (this.#leftBytes > 0) {
      const first = this.#waiting.shift();
      if (first === undefined) break;
      this.#leftBytes -= first.sizeBytes;
      first.resolve();
    }
    if (this.#leftBytes < BYTES_PER_TURN) this.#schedule();
  }
}

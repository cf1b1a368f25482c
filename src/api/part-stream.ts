import { Readable } from 'node:stream';

/**
 * A body that is written part by part. The writer waits while the reader is behind; when the
 * reader goes away, `gone` is called once.
 */
export class PartStream {
  readonly readable: Readable;
  /**
   * Resolves with the first part or the end; rejects where the body failed before, so that an
   * error can still be answered.
   */
  readonly begun: Promise<void>;
  #begin: () => void = () => undefined;
  #failEarly: (error: unknown) => void = () => undefined;
  #resume: () => void = () => undefined;
  #hasBegun = false;

  constructor(gone: () => void) {
    this.begun = new Promise((resolve, reject) => {
      this.#begin = () => {
        this.#hasBegun = true;
        resolve();
      };
      this.#failEarly = reject;
    });
    this.readable = new Readable({
      // One part at a time: the reader is behind from the first on.
      highWaterMark: 1,
      read: () => this.#resume(),
      destroy: (error, done) => {
        this.#resume();
        if (!this.readable.readableEnded) gone();
        done(error);
      },
    });
  }

  /** Resolves when more is wanted. */
  async write(part: Uint8Array<ArrayBuffer>): Promise<void> {
    const isWanted = this.readable.destroyed || this.readable.push(part);
    this.#begin();
    if (isWanted) return;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Closes the body after a last part, which may be empty. */
  end(part: Uint8Array<ArrayBuffer>): void {
    if (!this.readable.destroyed) {
      if (part.length > 0) this.readable.push(part);
      this.readable.push(null);
    }
    this.#begin();
  }

  /** Breaks the body off: the reader sees that it is not whole. */
  fail(error: unknown): void {
    if (this.#hasBegun) this.readable.destroy(error instanceof Error ? error : new Error());
    else this.#failEarly(error);
  }
}

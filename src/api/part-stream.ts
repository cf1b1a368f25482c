/**
 * A body that is written part by part. The writer waits while the reader is behind; when the
 * reader goes away, `gone` is called once.
 */
export class PartStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Resolves with the first part or the end; rejects where the body failed before, so that an
   * error can still be answered.
   */
  readonly begun: Promise<void>;
  #begin: () => void = () => undefined;
  #failEarly: (error: unknown) => void = () => undefined;
  #resume: () => void = () => undefined;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #hasBegun = false;

  constructor(gone: () => void) {
    this.begun = new Promise((resolve, reject) => {
      this.#begin = () => {
        this.#hasBegun = true;
        resolve();
      };
      this.#failEarly = reject;
    });
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#resume(),
      cancel: () => {
        this.#controller = undefined;
        this.#resume();
        gone();
      },
    });
  }

  /** Resolves when more is wanted. */
  async write(part: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#controller?.enqueue(part);
    this.#begin();
    if ((this.#controller?.desiredSize ?? 1) > 0) return;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Closes the body after a last part, which may be empty. */
  end(part: Uint8Array<ArrayBuffer>): void {
    if (part.length > 0) this.#controller?.enqueue(part);
    this.#controller?.close();
    this.#begin();
  }

  /** Breaks the body off: the reader sees that it is not whole. */
  fail(error: unknown): void {
    if (this.#hasBegun) this.#controller?.error(error);
    else this.#failEarly(error);
  }
}

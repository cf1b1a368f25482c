/** Room that grows as it is written to, used again after `reset`; what each byte writer is. */
export abstract class GrowingBytes {
  /** Bytes written; those of `buffer` behind them are room. */
  length = 0;
  /** Another one when it has grown. */
  buffer: Uint8Array<ArrayBuffer>;
  protected view: DataView;

  constructor(capacity = 1024) {
    this.buffer = new Uint8Array(capacity);
    this.view = new DataView(this.buffer.buffer);
  }

  reset(): void {
    this.length = 0;
  }

  /** What has been written; a view that the next write or reset makes invalid. */
  written(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }

  /** Makes room for `extra` bytes more. */
  reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.buffer.length));
    grown.set(this.written());
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  bytes(source: Uint8Array): void {
    this.reserve(source.length);
    this.buffer.set(source, this.length);
    this.length += source.length;
  }
}

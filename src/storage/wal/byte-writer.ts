const ENCODER = new TextEncoder();
/** Up to this length a loop over ASCII characters beats the call into the encoder. */
const SHORT_TEXT = 48;

/** A growing buffer of little-endian numbers and texts, used again after `reset`. */
export class ByteWriter {
  length = 0;
  bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  reset(): void {
    this.length = 0;
  }

  /** What has been written; a view, valid until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** Makes room for `extra` bytes more. */
  reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  i32(value: number): void {
    this.u32(value >>> 0);
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** An unsigned number below 2^53, seven bits to a byte, lowest first. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** Length in bytes, then the UTF-8 bytes. */
  text(text: string): void {
    if (text.length <= SHORT_TEXT) {
      this.reserve(text.length + 1);
      if (this.#ascii(text, this.length + 1)) {
        this.bytes[this.length] = text.length;
        this.length += text.length + 1;
        return;
      }
    }
    const bytes = ENCODER.encode(text);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** The UTF-8 bytes without a length. */
  plainText(text: string): void {
    this.reserve(text.length);
    if (text.length <= SHORT_TEXT && this.#ascii(text, this.length)) this.length += text.length;
    else this.raw(ENCODER.encode(text));
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Puts a text at `at`, where there is room; false when it is not ASCII. */
  #ascii(text: string, at: number): boolean {
    const { bytes } = this;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) return false;
      bytes[at + index] = unit;
    }
    return true;
  }
}

import { GrowingBytes } from '../../util/index.ts';

const ENCODER = new TextEncoder();
/** Up to this length a loop over ASCII characters beats the call into the encoder. */
const SHORT_TEXT = 48;

/** Writes little-endian numbers and texts. */
export class ByteWriter extends GrowingBytes {
  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  i32(value: number): void {
    this.u32(value >>> 0);
  }

  setU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** An unsigned number below 2^53, seven bits to a byte, lowest first. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  /** Length in bytes, then the UTF-8 bytes. */
  text(text: string): void {
    if (text.length <= SHORT_TEXT) {
      this.reserve(text.length + 1);
      if (this.#ascii(text, this.length + 1)) {
        this.buffer[this.length] = text.length;
        this.length += text.length + 1;
        return;
      }
    }
    const bytes = ENCODER.encode(text);
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  /** How many there are, then each as `text`. */
  texts(texts: readonly string[]): void {
    this.varint(texts.length);
    for (const text of texts) this.text(text);
  }

  /** The UTF-8 bytes without a length. */
  plainText(text: string): void {
    this.reserve(text.length);
    if (text.length <= SHORT_TEXT && this.#ascii(text, this.length)) this.length += text.length;
    else this.bytes(ENCODER.encode(text));
  }

  /** Puts a text at `at`, where there is room; false when it is not ASCII. */
  #ascii(text: string, at: number): boolean {
    const { buffer } = this;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) return false;
      buffer[at + index] = unit;
    }
    return true;
  }
}

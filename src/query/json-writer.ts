import { Buffer } from 'node:buffer';
import { FLOAT_BYTES_MAX, writeFloat } from './number-bytes.ts';

const FIRST_BYTES = 64 * 1024;
/** Kept by each thread between answers, once there was one as long; a longer one is not. */
const KEPT_BYTES = 512 * 1024;
/** Text is gathered up to this length before it is encoded: many small writes cost most. */
const FLUSH_LENGTH = 8 * 1024;

const QUOTE = 34;
const BRACKET = 93;

let kept: Buffer | undefined;

/** Gathers JSON text and encodes it as UTF-8 into one buffer that grows; to be finished once. */
export class JsonWriter {
  #bytes: Buffer;
  #length = 0;
  #pending = '';
  readonly #onGrow: ((bytes: number) => void) | undefined;

  /** `onGrow` is told of each buffer beyond the first, before it is made; it may refuse it. */
  constructor(onGrow?: (bytes: number) => void) {
    this.#onGrow = onGrow;
    // Whoever writes meanwhile makes another.
    this.#bytes = kept ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    kept = undefined;
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= FLUSH_LENGTH) this.#flush();
  }

  /**
   * Writes points: of each its head, `heads[headEnds[i - 1], headEnds[i])` in ASCII, the value and
   * `"]`.
   */
  writePoints(heads: Uint8Array, headEnds: Uint32Array, values: Float64Array): void {
    this.#flush();
    this.#reserve(heads.length + values.length * (FLOAT_BYTES_MAX + 2));
    const bytes = this.#bytes;
    let at = this.#length;
    let head = 0;
    let last = NaN;
    let lastAt = 0;
    let lastEnd = 0;
    for (let index = 0; index < values.length; index++) {
      for (const end = headEnds[index] ?? 0; head < end; head++) bytes[at++] = heads[head] ?? 0;
      const value = values[index] ?? NaN;
      // Many a gauge stays as it is; 0 may be negative.
      if (value === last && value !== 0) {
        for (let from = lastAt; from < lastEnd; from++) bytes[at++] = bytes[from] ?? 0;
      } else {
        last = value;
        lastAt = at;
        at = writeFloat(bytes, at, value);
        lastEnd = at;
      }
      bytes[at++] = QUOTE;
      bytes[at++] = BRACKET;
    }
    this.#length = at;
  }

  /** All that was written, at the start of a buffer of its own that may be transferred. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#flush();
    const bytes = this.#bytes;
    const length = this.#length;
    const isLong = bytes.length > KEPT_BYTES;
    if (!isLong) kept = bytes;
    const written = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
    if (isLong && 2 * length >= bytes.length) return written;
    // Memory that is zeroed first would take as long as the copy.
    const own = Buffer.allocUnsafeSlow(length);
    own.set(written);
    return own;
  }

  #flush(): void {
    const text = this.#pending;
    this.#pending = '';
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(3 * text.length);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed > this.#bytes.length) {
      const sizeBytes = Math.max(needed, 2 * this.#bytes.length);
      this.#onGrow?.(sizeBytes);
      const larger = Buffer.allocUnsafeSlow(sizeBytes);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
  }
}

const PLAIN = /^[ !#-[\]-~]*$/;
const REESCAPES: Readonly<Record<string, string>> = {
  '\\b': '\\u0008',
  '\\f': '\\u000c',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** A JSON string with the escapes that Prometheus's encoder chooses. */
export function jsonString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const quoted = JSON.stringify(text);
  return /[\u2028\u2029]|\\[bf]/.test(quoted) ? escapeAsGo(quoted) : quoted;
}

function escapeAsGo(quoted: string): string {
  // An escaped backslash before a `b` is no escape of it: pairs are passed over whole.
  return quoted.replace(/\\\\|\\[bf]|[\u2028\u2029]/g, (match) => REESCAPES[match] ?? match);
}

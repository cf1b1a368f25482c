import { bufferOver } from '../util/index.ts';

const SLOTS = 8192;
/** Longer texts are made anew each time: what is kept must stay small. */
const KEPT_BYTES = 256;

/**
 * ASCII texts that were read lately, by their bytes. Names and values of labels come again and
 * again; one string for all of them saves making it, and makes comparing it a matter of identity.
 * A slot holds one text, so that who sends many different ones costs others no more than theirs.
 */
export class TextCache {
  readonly #texts: string[] = new Array<string>(SLOTS).fill('');
  readonly #buffers = new WeakMap<Uint8Array, Buffer>();

  /** The bytes `[start, end)` as text, undefined where they are not ASCII. */
  ascii(bytes: Uint8Array, start: number, end: number): string | undefined {
    let hash = end - start;
    let all = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      hash = Math.imul(hash ^ byte, 0x01000193);
      all |= byte;
    }
    if (all >= 0x80) return undefined;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#texts[slot]!;
    if (isSame(known, bytes, start, end)) return known;
    const text = this.#bufferOver(bytes).toString('latin1', start, end);
    if (end - start <= KEPT_BYTES) this.#texts[slot] = text;
    return text;
  }

  #bufferOver(bytes: Uint8Array): Buffer {
    let buffer = this.#buffers.get(bytes);
    if (buffer === undefined) {
      buffer = bufferOver(bytes);
      this.#buffers.set(bytes, buffer);
    }
    return buffer;
  }
}

function isSame(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

const ENTRIES = 16 * 1024;
/** Longer texts are rarely met again. */
const LENGTH_MOST = 48;

/**
 * Texts that were read lately, by their bytes: those of labels come again and again, and making a
 * string costs several times what finding it does.
 */
export class TextCache {
  readonly #texts = new Array<string>(ENTRIES).fill('');

  /** The text of `bytes[start, end)`, UTF-8. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > LENGTH_MOST) return bytes.toString('utf8', start, end);
    let hash = length;
    let all = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      all |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (all > 0x7f) return bytes.toString('utf8', start, end);
    const slot = (hash ^ (hash >>> 15)) & (ENTRIES - 1);
    const known = this.#texts[slot]!;
    if (isAscii(known, bytes, start, length)) return known;
    const text = bytes.toString('latin1', start, end);
    this.#texts[slot] = text;
    return text;
  }
}

function isAscii(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

import { HashTable } from './hash-table.ts';
import {
  R_KEY,
  R_KEY_SECOND,
  R_SYMBOLS,
  S_HASH,
  S_LENGTH,
  S_PAIRS,
  S_SERIAL,
  S_TEXT,
} from './layout.ts';
import type { SlabViews } from './slab-views.ts';
import { hashText } from './text-hash.ts';

/** Texts that a reader keeps; then it begins anew. */
const CACHE_TEXTS_MAX = 1 << 17;
/** Below this many bytes the loop is cheaper than the call of the decoder. */
const SHORT_TEXT_BYTES = 24;

interface CachedText {
  readonly serial: number;
  readonly text: string;
}

/** Label names and values, each held once; the number of a symbol is its block. */
export class Symbols {
  readonly #views: SlabViews;
  readonly #table: HashTable;
  readonly #key: number;
  readonly #multiplier: number;
  readonly #cache = new Map<number, CachedText>();

  /** `root`: index of the first word of the index's root. */
  constructor(views: SlabViews, root: number) {
    this.#views = views;
    this.#key = views.u32[root + R_KEY]! | 0;
    this.#multiplier = views.u32[root + R_KEY_SECOND]! | 1;
    this.#table = new HashTable(views, root + R_SYMBOLS);
  }

  /** The hash of a text in this index. */
  hash(text: string): number {
    return hashText(text, this.#key, this.#multiplier);
  }

  /** The symbol of a text, 0 where no series uses it. */
  find(text: string, hash = this.hash(text)): number {
    const table = this.#table;
    table.begin(hash);
    for (let symbol = table.next(); symbol !== 0; symbol = table.next()) {
      if (this.equals(symbol, text, hash)) return symbol;
    }
    return 0;
  }

  /** Whether a symbol is the text, whose hash is given. */
  equals(symbol: number, text: string, hash: number): boolean {
    const at = this.#open(symbol);
    if (this.#views.u32[at + S_HASH] !== hash) return false;
    const bytes = this.#views.u32[at + S_LENGTH]!;
    const { length } = text;
    if (bytes !== length) return bytes > length && this.#decode(at) === text;
    const { u8 } = this.#views;
    const first = (at + S_TEXT) << 2;
    for (let index = 0; index < length; index++) {
      if (u8[first + index] !== text.charCodeAt(index)) return false;
    }
    return true;
  }

  /** The text of a symbol that can be seen; kept, so that it is decoded once in a while. */
  text(symbol: number): string {
    const at = this.#open(symbol);
    const serial = this.#views.u32[at + S_SERIAL]!;
    const cached = this.#cache.get(symbol);
    if (cached?.serial === serial) return cached.text;
    const text = this.#decode(at);
    if (this.#cache.size >= CACHE_TEXTS_MAX) this.#cache.clear();
    this.#cache.set(symbol, { serial, text });
    return text;
  }

  /** Whether the text of a symbol begins with these bytes. */
  startsWith(symbol: number, prefix: Uint8Array): boolean {
    const at = this.#open(symbol);
    if (this.#views.u32[at + S_LENGTH]! < prefix.length) return false;
    const { u8 } = this.#views;
    const first = (at + S_TEXT) << 2;
    for (let index = 0; index < prefix.length; index++) {
      if (u8[first + index] !== prefix[index]) return false;
    }
    return true;
  }

  /** The pairs whose name the symbol is, a list. */
  pairList(symbol: number): number {
    return this.#views.load(symbol, S_PAIRS);
  }

  hashOf(symbol: number): number {
    return this.#views.word(symbol, S_HASH);
  }

  #open(symbol: number): number {
    const at = this.#views.reach(symbol, S_TEXT);
    const words = S_TEXT + ((this.#views.u32[at + S_LENGTH]! + 3) >>> 2);
    return words > 256 ? this.#views.reach(symbol, words) : at;
  }

  #decode(at: number): string {
    const first = (at + S_TEXT) << 2;
    const end = first + this.#views.u32[at + S_LENGTH]!;
    if (end - first > SHORT_TEXT_BYTES) return this.#views.buffer.toString('utf8', first, end);
    const { u8 } = this.#views;
    let text = '';
    for (let index = first; index < end; index++) {
      const byte = u8[index]!;
      if (byte >= 0x80) return this.#views.buffer.toString('utf8', first, end);
      text += String.fromCharCode(byte);
    }
    return text;
  }
}

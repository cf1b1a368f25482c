import type { Symbols } from './symbols.ts';

const ENTRIES = 4096;

/**
 * Pairs that were looked up lately, by their texts: label sets made one after another share most of
 * theirs, and comparing two strings costs a tenth of hashing them. A slot holds one.
 */
export class PairCache {
  readonly #symbols: Symbols;
  readonly #names: string[] = new Array<string>(ENTRIES).fill('');
  readonly #values: string[] = new Array<string>(ENTRIES).fill('');
  readonly #pairs = new Uint32Array(ENTRIES);

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  /** The pair, 0 where it is not in the cache. */
  get(name: string, value: string): number {
    const slot = slotOf(name, value);
    return this.#values[slot] === value && this.#names[slot] === name ? this.#pairs[slot]! : 0;
  }

  /** Keeps the index's own strings: those of the caller may be parts of larger ones. */
  set(name: string, value: string, found: { pair: number; name: number; value: number }): void {
    const slot = slotOf(name, value);
    this.#names[slot] = this.#symbols.text(found.name);
    this.#values[slot] = this.#symbols.text(found.value);
    this.#pairs[slot] = found.pair;
  }

  /** To be called when pairs went. */
  clear(): void {
    this.#names.fill('');
    this.#values.fill('');
    this.#pairs.fill(0);
  }
}

// Lengths and the last units tell most pairs apart.
function slotOf(name: string, value: string): number {
  const end = value.length - 1;
  const units =
    value.charCodeAt(end) +
    (value.charCodeAt(end - 1) << 5) +
    (value.charCodeAt(end - 2) << 9) +
    (value.charCodeAt(end >>> 1) << 3);
  const nameUnits = name.charCodeAt(name.length - 1) + (name.charCodeAt(0) << 4) + name.length;
  const mixed = Math.imul(units ^ (value.length << 6) ^ (nameUnits << 7), 0x9e3779b1);
  return (mixed >>> 18) & (ENTRIES - 1);
}

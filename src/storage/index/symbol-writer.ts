import { HashTableWriter } from './hash-table.ts';
import {
  R_SERIAL,
  R_SYMBOL_COUNT,
  R_SYMBOLS,
  S_HASH,
  S_LENGTH,
  S_PAIRS,
  S_SERIAL,
  S_TEXT,
  S_USES,
} from './layout.ts';
import type { SlabBlocks } from './slab-views.ts';
import type { Symbols } from './symbols.ts';

/** Makes and drops symbols; a use is a pair that has the symbol as its name or value. */
export class SymbolWriter {
  readonly #blocks: SlabBlocks;
  readonly #root: number;
  readonly #symbols: Symbols;
  readonly #table: HashTableWriter;

  constructor(blocks: SlabBlocks, root: number, symbols: Symbols) {
    this.#blocks = blocks;
    this.#root = root;
    this.#symbols = symbols;
    this.#table = new HashTableWriter(blocks, root + R_SYMBOLS, (symbol) => symbols.hashOf(symbol));
  }

  /** How many more fit in their table. */
  get room(): number {
    return this.#table.room;
  }

  /** The kernel has made symbols, for which there was room. */
  countEntered(count: number): void {
    this.#table.countEntered(count);
  }

  /** The symbol of a text, known or new, one use more. @throws KernelMemoryError */
  acquire(text: string, hash: number): number {
    const symbol = this.#symbols.find(text, hash) || this.#create(text, hash);
    this.#blocks.u32[(symbol << 2) + S_USES]!++;
    return symbol;
  }

  /** One use less; true where that was the last, and the symbol can no longer be found. */
  release(symbol: number): boolean {
    const { u32 } = this.#blocks;
    const at = symbol << 2;
    const uses = u32[at + S_USES]! - 1;
    u32[at + S_USES] = uses;
    if (uses > 0) return false;
    this.#table.remove(u32[at + S_HASH]!, symbol);
    u32[this.#root + R_SYMBOL_COUNT]!--;
    return true;
  }

  setPairList(symbol: number, list: number): void {
    Atomics.store(this.#blocks.u32, (symbol << 2) + S_PAIRS, list);
  }

  #create(text: string, hash: number): number {
    this.#table.reserve();
    const bytes = Buffer.byteLength(text);
    const symbol = this.#blocks.allocate(S_TEXT + ((bytes + 3) >>> 2), 'symbols');
    const { u32, buffer } = this.#blocks;
    const at = symbol << 2;
    u32[at + S_SERIAL] = ++u32[this.#root + R_SERIAL]!;
    u32[at + S_HASH] = hash;
    u32[at + S_USES] = 0;
    u32[at + S_PAIRS] = 0;
    u32[at + S_LENGTH] = bytes;
    buffer.write(text, (at + S_TEXT) << 2, bytes, 'utf8');
    this.#table.insert(hash, symbol);
    u32[this.#root + R_SYMBOL_COUNT]!++;
    return symbol;
  }
}

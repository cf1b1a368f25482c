import type { MemoryKind } from '../../kernel/index.ts';
import { BLOCK_BITS, BLOCK_MASK, TABLE_BITS_MAX, TABLE_BITS_MIN } from './layout.ts';
import type { SlabBlocks, SlabViews } from './slab-views.ts';

const EMPTY = 0;
const DELETED = 1;
const KIND: MemoryKind = 'label_lookup';
/** Below this many a table becomes four times as large when it is full, from then on twice. */
const SMALL_SLOTS = 1 << 18;

/**
 * Blocks by hash, for any thread:
 *
 *     table.begin(hash);
 *     for (let block = table.next(); block !== 0; block = table.next()) is it the one?
 *
 * One look-up at a time. Slots never move in a table: when it gets full there is a new one.
 */
export class HashTable {
  readonly #views: SlabViews;
  /** Index of the word that points to the table. */
  protected readonly pointer: number;
  #first = 0;
  #mask = 0;
  #tag = 0;
  #at = 0;

  constructor(views: SlabViews, pointer: number) {
    this.#views = views;
    this.pointer = pointer;
  }

  begin(hash: number): void {
    const pointer = Atomics.load(this.#views.u32, this.pointer);
    const slots = slotsOf(pointer);
    this.#first = this.#views.reach(pointer & BLOCK_MASK, slots);
    this.#mask = slots - 1;
    this.#tag = hash >>> BLOCK_BITS;
    this.#at = hash & this.#mask;
  }

  /** The next block whose hash may be the one, 0 when there is none. */
  next(): number {
    const { u32 } = this.#views;
    for (;;) {
      const entry = Atomics.load(u32, this.#first + this.#at);
      if (entry === EMPTY) return 0;
      this.#at = (this.#at + 1) & this.#mask;
      if (entry >>> BLOCK_BITS === this.#tag && entry !== DELETED) return entry & BLOCK_MASK;
    }
  }
}

/** The same for the thread that writes. */
export class HashTableWriter extends HashTable {
  readonly #blocks: SlabBlocks;
  readonly #hashOf: (block: number) => number;
  #table: number;
  #slots: number;
  #liveCount = 0;
  #deletedCount = 0;

  /** Makes an empty table; `hashOf` tells the hash of a block that is in it. */
  constructor(blocks: SlabBlocks, pointer: number, hashOf: (block: number) => number) {
    super(blocks, pointer);
    this.#blocks = blocks;
    this.#hashOf = hashOf;
    this.#slots = 1 << TABLE_BITS_MIN;
    this.#table = blocks.allocateZeros(this.#slots, KIND);
    Atomics.store(blocks.u32, pointer, pointerTo(this.#table, this.#slots));
  }

  /** How many more fit before the table must be made larger. */
  get room(): number {
    // At most two thirds are taken, so that looking for what is not there ends soon.
    return Math.floor((2 * this.#slots) / 3) - this.#liveCount - this.#deletedCount;
  }

  /** Makes sure that one more fits. @throws KernelMemoryError */
  reserve(): void {
    if (this.room > 0) return;
    const isFull = 3 * (this.#liveCount + 1) > this.#slots;
    // Moving what is there costs more than the room, as long as that is small.
    const growth = this.#slots < SMALL_SLOTS ? 4 : 2;
    const slots = isFull ? Math.min(growth * this.#slots, 1 << TABLE_BITS_MAX) : this.#slots;
    const table = this.#blocks.allocateZeros(slots, KIND);
    const { u32 } = this.#blocks;
    const old = this.#table;
    for (let at = old << 2; at < (old << 2) + this.#slots; at++) {
      const entry = u32[at]!;
      if (entry > DELETED) place(u32, table, slots, this.#hashOf(entry & BLOCK_MASK), entry);
    }
    this.#table = table;
    this.#slots = slots;
    this.#deletedCount = 0;
    Atomics.store(u32, this.pointer, pointerTo(table, slots));
    this.#blocks.retire(old, KIND);
  }

  /** Enters a block that is not there yet, after `reserve`. */
  insert(hash: number, block: number): void {
    const entry = (((hash >>> BLOCK_BITS) << BLOCK_BITS) | block) >>> 0;
    const replaced = place(this.#blocks.u32, this.#table, this.#slots, hash, entry);
    if (replaced === DELETED) this.#deletedCount--;
    this.#liveCount++;
  }

  /** The kernel has entered blocks, in slots that were empty; there was room for them. */
  countEntered(count: number): void {
    this.#liveCount += count;
  }

  remove(hash: number, block: number): void {
    const { u32 } = this.#blocks;
    const entry = (((hash >>> BLOCK_BITS) << BLOCK_BITS) | block) >>> 0;
    const first = this.#table << 2;
    let at = hash & (this.#slots - 1);
    for (; u32[first + at] !== entry; at = (at + 1) & (this.#slots - 1)) {
      if (u32[first + at] === EMPTY) return;
    }
    Atomics.store(u32, first + at, DELETED);
    this.#liveCount--;
    this.#deletedCount++;
  }
}

/** Puts an entry into the first slot from its own on that is free; returns what was there. */
function place(
  u32: Uint32Array,
  table: number,
  slots: number,
  hash: number,
  entry: number,
): number {
  const first = table << 2;
  let at = hash & (slots - 1);
  while (u32[first + at]! > DELETED) at = (at + 1) & (slots - 1);
  const replaced = u32[first + at]!;
  Atomics.store(u32, first + at, entry);
  return replaced;
}

function slotsOf(pointer: number): number {
  return 1 << ((pointer >>> BLOCK_BITS) + TABLE_BITS_MIN);
}

function pointerTo(table: number, slots: number): number {
  const bits = 31 - Math.clz32(slots) - TABLE_BITS_MIN;
  return ((bits << BLOCK_BITS) | table) >>> 0;
}

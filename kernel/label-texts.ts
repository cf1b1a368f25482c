// Label texts to symbols, and two of them to pairs, in the label index (src/storage/index). What is
// rare is left to TypeScript, as in label-index.ts: tables that are full, the first pair of a name.

import { at, avalanche, pushWord, widen } from './label-index.ts';
import {
  BLOCK_BITS,
  BLOCK_MASK,
  PAIR_BYTES,
  P_LIST,
  P_NAME,
  P_REF,
  P_VALUE,
  R_KEY,
  R_KEY_SECOND,
  R_PAIRS,
  R_PAIR_COUNT,
  R_SERIAL,
  R_SYMBOLS,
  R_SYMBOL_COUNT,
  S_HASH,
  S_LENGTH,
  S_PAIRS,
  S_SERIAL,
  S_TEXT,
  S_USES,
  TABLE_BITS_MIN,
} from './label-layout.ts';
import { KIND_POSTINGS, KIND_SYMBOLS, X_LENGTH, X_START } from './layout.ts';
import { allocate } from './slab.ts';

// A text, besides where its UTF-8 is: its hash, and its symbol, 0 as long as none is known.
export const X_HASH: usize = 8;
export const X_SYMBOL: usize = 12;

/** What still fits in the tables of symbols and of pairs: to be set before `pairOf`. */
export let symbolRoom: u32 = 0;
export let pairRoom: u32 = 0;

export function setRoom(symbols: u32, pairs: u32): void {
  symbolRoom = symbols;
  pairRoom = pairs;
}

/**
 * The pair of two texts, made where there is none: it has no refs then, and must get one. 0 where
 * that is left to TypeScript, which finds what was made so far.
 */
export function pairOf(root: usize, name: usize, value: usize): u32 {
  const nameSymbol = symbolOf(root, name);
  if (nameSymbol === 0) return 0;
  let valueSymbol = symbolOf(root, value);
  const symbolSlot = freeSlot;
  const hash = combineHashes(load<u32>(name, X_HASH), load<u32>(value, X_HASH));
  const known = findPair(root, hash, nameSymbol, valueSymbol);
  if (known !== 0 || pairRoom === 0) return known;
  const pairSlot = freeSlot;
  const cell = at(nameSymbol) + S_PAIRS;
  if (load<u32>(cell) === 0 || !widen(cell)) return 0;
  if (valueSymbol === 0) {
    valueSymbol = createSymbol(root, value, symbolSlot);
    if (valueSymbol === 0) return 0;
  }
  const pair = allocate(PAIR_BYTES, KIND_POSTINGS);
  if (pair === 0) return 0;
  store<u32>(pair, nameSymbol, P_NAME);
  store<u32>(pair, valueSymbol, P_VALUE);
  store<u32>(pair, 0, P_REF);
  store<u32>(pair, 0, P_LIST);
  addUse(nameSymbol);
  addUse(valueSymbol);
  const block = <u32>(pair >> 4);
  pushWord(at(load<u32>(cell)), block);
  atomic.store<u32>(pairSlot, ((hash >> BLOCK_BITS) << BLOCK_BITS) | block);
  store<u32>(root, load<u32>(root, R_PAIR_COUNT) + 1, R_PAIR_COUNT);
  pairRoom--;
  return block;
}

function addUse(symbol: u32): void {
  const uses = at(symbol) + S_USES;
  store<u32>(uses, load<u32>(uses) + 1);
}

/** The symbol of a text, 0 where there is none; then `freeSlot` is where it would go. */
function symbolOf(root: usize, text: usize): u32 {
  const known = load<u32>(text, X_SYMBOL);
  if (known !== 0) return known;
  const hash = load<u32>(text, X_HASH);
  const length = load<u32>(text, X_LENGTH);
  openTable(load<u32>(root, R_SYMBOLS), hash);
  for (let block = nextBlock(); block !== 0; block = nextBlock()) {
    const symbol = at(block);
    const isAlike = load<u32>(symbol, S_HASH) === hash && load<u32>(symbol, S_LENGTH) === length;
    if (isAlike && isSame(symbol + S_TEXT, load<u32>(text, X_START), length)) {
      store<u32>(text, block, X_SYMBOL);
      return block;
    }
  }
  return 0;
}

function isSame(first: usize, second: usize, length: u32): bool {
  const bytes = <usize>length;
  let index: usize = 0;
  for (; bytes - index >= 8; index += 8) {
    if (load<u64>(first + index) !== load<u64>(second + index)) return false;
  }
  for (; index < bytes; index++) {
    if (load<u8>(first + index) !== load<u8>(second + index)) return false;
  }
  return true;
}

function createSymbol(root: usize, text: usize, slot: usize): u32 {
  if (symbolRoom === 0) return 0;
  const length = load<u32>(text, X_LENGTH);
  const symbol = allocate(S_TEXT + ((<usize>length + 3) & ~3), KIND_SYMBOLS);
  if (symbol === 0) return 0;
  const serial = load<u32>(root, R_SERIAL) + 1;
  store<u32>(root, serial, R_SERIAL);
  const hash = load<u32>(text, X_HASH);
  store<u32>(symbol, serial, S_SERIAL);
  store<u32>(symbol, hash, S_HASH);
  store<u32>(symbol, 0, S_USES);
  store<u32>(symbol, 0, S_PAIRS);
  store<u32>(symbol, length, S_LENGTH);
  memory.copy(symbol + S_TEXT, load<u32>(text, X_START), length);
  const block = <u32>(symbol >> 4);
  atomic.store<u32>(slot, ((hash >> BLOCK_BITS) << BLOCK_BITS) | block);
  store<u32>(root, load<u32>(root, R_SYMBOL_COUNT) + 1, R_SYMBOL_COUNT);
  store<u32>(text, block, X_SYMBOL);
  symbolRoom--;
  return block;
}

/** The pair, 0 where there is none; then `freeSlot` is where it would go. */
function findPair(root: usize, hash: u32, name: u32, value: u32): u32 {
  openTable(load<u32>(root, R_PAIRS), hash);
  for (let block = nextBlock(); block !== 0; block = nextBlock()) {
    const pair = at(block);
    if (load<u32>(pair, P_VALUE) === value && load<u32>(pair, P_NAME) === name) return block;
  }
  return 0;
}

let tableStart: usize = 0;
let tableMask: usize = 0;
let tableTag: u32 = 0;
/** After `nextBlock` gave none: the slot that a block of that hash goes to. */
let freeSlot: usize = 0;

function openTable(pointer: u32, hash: u32): void {
  tableStart = at(pointer & BLOCK_MASK);
  const slots = (<u32>1) << ((pointer >> BLOCK_BITS) + TABLE_BITS_MIN);
  tableMask = ((<usize>slots - 1) << 2) | 3;
  tableTag = hash >> BLOCK_BITS;
  freeSlot = tableStart + ((<usize>(hash & (slots - 1))) << 2);
}

/** The next block whose hash may be the one, 0 when there is none. */
function nextBlock(): u32 {
  for (let entry = load<u32>(freeSlot); entry !== 0; entry = load<u32>(freeSlot)) {
    freeSlot = tableStart + ((freeSlot - tableStart + 4) & tableMask);
    // An entry of 1 is of a block that went.
    if (entry >> BLOCK_BITS === tableTag && entry !== 1) return entry & BLOCK_MASK;
  }
  return 0;
}

/** `combineHashes` of src/storage/index/text-hash.ts. */
function combineHashes(first: u32, second: u32): u32 {
  return avalanche((first * 0x9e3779b1) ^ second);
}

/** `hashText` of src/storage/index/text-hash.ts, of well-formed UTF-8: by its UTF-16 units. */
export function hashText(root: usize, start: usize, length: u32): u32 {
  const multiplier = load<u32>(root, R_KEY_SECOND) | 1;
  const end = start + length;
  let hash = load<u32>(root, R_KEY) ^ length;
  let all: u32 = 0;
  let position = start;
  for (; end - position >= 2; position += 2) {
    const first = <u32>load<u8>(position);
    const second = <u32>load<u8>(position, 1);
    all |= first | second;
    hash = rotl<u32>((hash ^ (first | (second << 16))) * multiplier, 13);
  }
  if (position < end) {
    const last = <u32>load<u8>(position);
    all |= last;
    hash = (hash ^ last) * multiplier;
  }
  return all < 0x80 ? avalanche(hash) : hashWide(root, start, end);
}

let wideHash: u32 = 0;
let wideUnit: u32 = 0;
let wideHasUnit: bool = false;

function hashWide(root: usize, start: usize, end: usize): u32 {
  const multiplier = load<u32>(root, R_KEY_SECOND) | 1;
  wideHash = load<u32>(root, R_KEY) ^ unitCount(start, end);
  wideHasUnit = false;
  for (let position = start; position < end; ) {
    const lead = <u32>load<u8>(position);
    if (lead < 0x80) {
      addUnit(lead, multiplier);
      position += 1;
    } else if (lead < 0xe0) {
      addUnit(((lead & 31) << 6) | follower(position, 1), multiplier);
      position += 2;
    } else if (lead < 0xf0) {
      const middle = follower(position, 1) << 6;
      addUnit(((lead & 15) << 12) | middle | follower(position, 2), multiplier);
      position += 3;
    } else {
      const upper = ((lead & 7) << 18) | (follower(position, 1) << 12);
      const point = (upper | (follower(position, 2) << 6) | follower(position, 3)) - 0x10000;
      addUnit(0xd800 | (point >> 10), multiplier);
      addUnit(0xdc00 | (point & 0x3ff), multiplier);
      position += 4;
    }
  }
  return avalanche(wideHasUnit ? (wideHash ^ wideUnit) * multiplier : wideHash);
}

function follower(position: usize, offset: usize): u32 {
  return <u32>load<u8>(position + offset) & 63;
}

function addUnit(unit: u32, multiplier: u32): void {
  if (wideHasUnit) wideHash = rotl<u32>((wideHash ^ (wideUnit | (unit << 16))) * multiplier, 13);
  else wideUnit = unit;
  wideHasUnit = !wideHasUnit;
}

function unitCount(start: usize, end: usize): u32 {
  let units: u32 = 0;
  for (let position = start; position < end; position++) {
    const byte = <u32>load<u8>(position);
    // Bytes that follow a lead are none; four make two units.
    units += (byte & 0xc0) === 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

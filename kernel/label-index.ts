// Enters series in the label index (label-layout.ts), in which blocks are addresses over 16. What
// comes up for most series is done here; everything else is left to TypeScript, which can do all of
// it.

import { retire } from './epochs.ts';
import {
  BLOCK_BITS,
  BLOCK_MASK,
  L_PAIRS,
  LAST_PAIR,
  LEAF_MASK,
  LEAF_SHIFT,
  MIDDLE_MASK,
  P_LIST,
  P_REF,
  R_DIRECTORY,
  R_KEY,
  R_SERIES_COUNT,
  R_SETS,
  TABLE_BITS_MIN,
  TOP_SHIFT,
} from './label-layout.ts';
import { KIND_LABEL_SETS, KIND_POSTINGS } from './layout.ts';
import { allocate } from './slab.ts';

const SPINE: u32 = 0x80000000;
const LIST_HEADER: usize = 8;
const SEGMENT_SHIFT: u32 = 8;
const SEGMENT_MASK: u32 = 255;
const SEGMENT_BYTES: usize = 1024;
/** A short list has that many words at most, its header included. */
const SHORT_LIST_WORDS: u32 = 256;

export const ENTERED: u32 = 0;
/** For TypeScript; nothing that can be seen has changed. */
const NOT_HERE: u32 = 0xffffffff;

/**
 * Enters a series by its label set: `count` pairs from `pairs` on, in order. 0: done. Otherwise the
 * ref of the series that has the label set already, or `NOT_HERE`. The set of one more must fit in
 * the table of label sets. The bytes of the memory are put before the pairs (it may have grown).
 */
export function enterSeries(root: usize, pairs: usize, count: u32, ref: u32): u32 {
  const answer = count === 0 ? NOT_HERE : enter(root, pairs, count, ref);
  store<u32>(pairs - 4, <u32>memory.size());
  return answer;
}

/** The same, without looking at the memory. */
export function enter(root: usize, pairs: usize, count: u32, ref: u32): u32 {
  const entry = directoryEntry(root, ref);
  if (entry === 0) return NOT_HERE;
  const cell = at(load<u32>(entry)) + ((<usize>(ref & LEAF_MASK)) << 2);
  if (load<u32>(cell) !== 0) return NOT_HERE;
  const hash = hashPairs(pairs, count, load<u32>(root, R_KEY));
  const known = findSet(load<u32>(root, R_SETS), hash, pairs, count);
  if (known !== 0) return load<u32>(at(known));
  for (let index: u32 = 0; index < count; index++) {
    if (!makeRoom(at(load<u32>(pairs + ((<usize>index) << 2))), ref)) return NOT_HERE;
  }
  const set = allocate(L_PAIRS + ((<usize>count) << 2), KIND_LABEL_SETS);
  if (set === 0) return NOT_HERE;
  store<u32>(set, ref);
  memory.copy(set + L_PAIRS, pairs, (<usize>count) << 2);
  const last = set + L_PAIRS + ((<usize>count - 1) << 2);
  store<u32>(last, load<u32>(last) | LAST_PAIR);
  for (let index: u32 = 0; index < count; index++) {
    push(at(load<u32>(pairs + ((<usize>index) << 2))), ref);
  }
  const period = at(load<u32>(entry, 4)) + ((<usize>(ref & LEAF_MASK)) << 1);
  store<u16>(period, 0);
  atomic.store<u32>(cell, <u32>(set >> 4));
  atomic.store<u32>(freeSlot, ((hash >> BLOCK_BITS) << BLOCK_BITS) | <u32>(set >> 4));
  store<u32>(root, load<u32>(root, R_SERIES_COUNT) + 1, R_SERIES_COUNT);
  return ENTERED;
}

export function at(block: u32): usize {
  return (<usize>block) << 4;
}

/** Where the directory has the leaf of a ref and, after it, its periods; 0 where it has none. */
function directoryEntry(root: usize, ref: u32): usize {
  const top = at(load<u32>(root, R_DIRECTORY));
  const middle = load<u32>(top + ((<usize>(ref >> TOP_SHIFT)) << 2));
  if (middle === 0) return 0;
  const entry = at(middle) + ((<usize>((ref >> LEAF_SHIFT) & MIDDLE_MASK)) << 3);
  return load<u32>(entry) === 0 || load<u32>(entry, 4) === 0 ? 0 : entry;
}

/** `hashNumbers` of src/storage/index/text-hash.ts. */
function hashPairs(pairs: usize, count: u32, key: u32): u32 {
  let hash = key ^ count;
  for (let index: u32 = 0; index < count; index++) {
    hash = rotl<u32>((hash ^ load<u32>(pairs + ((<usize>index) << 2))) * 0x85ebca6b, 13);
  }
  return avalanche(hash);
}

/** The end of all hashes of src/storage/index/text-hash.ts. */
export function avalanche(word: u32): u32 {
  let mixed = word ^ (word >> 16);
  mixed *= 0x85ebca6b;
  mixed ^= mixed >> 13;
  mixed *= 0xc2b2ae35;
  return mixed ^ (mixed >> 16);
}

/** Of the last `findSet` that found none: the slot that a set of that hash goes to. */
let freeSlot: usize = 0;

/** The block of the label set, 0 where there is none. */
function findSet(pointer: u32, hash: u32, pairs: usize, count: u32): u32 {
  const table = at(pointer & BLOCK_MASK);
  const mask = ((<u32>1) << ((pointer >> BLOCK_BITS) + TABLE_BITS_MIN)) - 1;
  const tag = hash >> BLOCK_BITS;
  let slot = table + ((<usize>(hash & mask)) << 2);
  for (let entry = load<u32>(slot); entry !== 0; entry = load<u32>(slot)) {
    // An entry of 1 is of a set that went.
    const isAlike = entry >> BLOCK_BITS === tag && entry !== 1;
    if (isAlike && isSet(at(entry & BLOCK_MASK), pairs, count)) return entry & BLOCK_MASK;
    slot = table + ((slot - table + 4) & (((<usize>mask) << 2) | 3));
  }
  freeSlot = slot;
  return 0;
}

function isSet(set: usize, pairs: usize, count: u32): bool {
  for (let index: u32 = 0; index < count; index++) {
    const offset = (<usize>index) << 2;
    const mark: u32 = index === count - 1 ? LAST_PAIR : 0;
    if (load<u32>(set + offset, L_PAIRS) !== load<u32>(pairs + offset) + mark) return false;
  }
  return true;
}

/** Makes sure that `push` can enter a ref under a pair; false where that is not done here. */
function makeRoom(pair: usize, ref: u32): bool {
  const list = load<u32>(pair, P_LIST);
  if (list === 0) {
    const lone = load<u32>(pair, P_REF);
    return lone === 0 || (lone < ref && makeList(pair, lone));
  }
  const start = at(list);
  const length = load<u32>(start);
  if (length === 0) return false;
  const isShort = load<u32>(start, 4) < SPINE;
  const word = isShort ? shortWord(start, length - 1) : segmentWord(start, length - 1);
  return load<u32>(word) < ref && widen(pair + P_LIST);
}

/** Makes sure that the list at `cell` has room for a word; false where that is not done here. */
export function widen(cell: usize): bool {
  const start = at(load<u32>(cell));
  const length = load<u32>(start);
  const capacity = load<u32>(start, 4);
  if (capacity < SPINE) return length < capacity || growShort(cell, start, length, capacity);
  if ((length & SEGMENT_MASK) !== 0) return true;
  const index = length >> SEGMENT_SHIFT;
  if (index >= capacity - SPINE) return false;
  const entry = start + LIST_HEADER + ((<usize>index) << 2);
  if (load<u32>(entry) !== 0) return true;
  const segment = allocate(SEGMENT_BYTES, KIND_POSTINGS);
  if (segment === 0) return false;
  // Beyond the length, so no reader looks there yet.
  store<u32>(entry, <u32>(segment >> 4));
  return true;
}

/** A list of the lone ref of a pair. */
function makeList(pair: usize, lone: u32): bool {
  const start = allocate(16, KIND_POSTINGS);
  if (start === 0) return false;
  store<u32>(start, 1);
  store<u32>(start, 2, 4);
  store<u32>(start, lone, 8);
  store<u32>(start, 0, 12);
  atomic.store<u32>(pair + P_LIST, <u32>(start >> 4));
  return true;
}

/** Puts a short list that is full into one of twice the words. */
function growShort(cell: usize, start: usize, length: u32, capacity: u32): bool {
  const words: u32 = 2 * (capacity + 2);
  if (words > SHORT_LIST_WORDS) return false;
  const longer = allocate((<usize>words) << 2, KIND_POSTINGS);
  if (longer === 0) return false;
  store<u32>(longer, length);
  store<u32>(longer, words - 2, 4);
  const bytes = (<usize>length) << 2;
  memory.copy(longer + LIST_HEADER, start + LIST_HEADER, bytes);
  memory.fill(longer + LIST_HEADER + bytes, 0, ((<usize>words - 2) << 2) - bytes);
  atomic.store<u32>(cell, <u32>(longer >> 4));
  retire(start, KIND_POSTINGS);
  return true;
}

/** Enters a ref under a pair that has room for it. */
function push(pair: usize, ref: u32): void {
  const list = load<u32>(pair, P_LIST);
  if (list === 0) {
    atomic.store<u32>(pair + P_REF, ref);
    return;
  }
  pushWord(at(list), ref);
}

/** Appends a word to a list that has room. */
export function pushWord(start: usize, appended: u32): void {
  const length = load<u32>(start);
  const isShort = load<u32>(start, 4) < SPINE;
  const word = isShort ? shortWord(start, length) : segmentWord(start, length);
  store<u32>(word, appended);
  atomic.store<u32>(start, length + 1);
}

/** Address of a word of a short list. */
function shortWord(start: usize, index: u32): usize {
  return start + LIST_HEADER + ((<usize>index) << 2);
}

/** Address of a word of a long list. */
function segmentWord(start: usize, index: u32): usize {
  const entry = start + LIST_HEADER + ((<usize>(index >> SEGMENT_SHIFT)) << 2);
  return at(load<u32>(entry)) + ((<usize>(index & SEGMENT_MASK)) << 2);
}

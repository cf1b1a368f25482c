// New series of a record of the log (src/storage/wal/series-codec.ts), from its bytes to the label
// index and to records of series, without a text of them being made in TypeScript. First the record
// is read, which changes nothing; then its series are entered. What is not simple is left out.

import {
  KIND_LISTS,
  KIND_STAGING,
  N_COUNT,
  N_GREATEST_REF,
  N_INPUT,
  N_INPUT_CAPACITY,
  N_LEAST_REF,
  N_PAIR_ROOM,
  N_PAIRS,
  N_PAIRS_MOST,
  N_SERIES,
  N_SET_ROOM,
  N_SYMBOL_ROOM,
  N_TEXT_COUNT,
  N_TEXTS,
  N_WORD_COUNT,
  N_WORDS,
  Q_FIRST,
  Q_LENGTH,
  Q_REF,
  RUN_BYTES,
  RUN_SERIES_BYTES,
  TEXT_BYTES,
  X_LENGTH,
  X_START,
} from './layout.ts';
import { enter, ENTERED } from './label-index.ts';
import {
  hashText,
  pairOf,
  pairRoom,
  setRoom,
  symbolRoom,
  X_HASH,
  X_SYMBOL,
} from './label-texts.ts';
import { createSeries, ownSeriesAddress } from './series.ts';
import { allocate, growList, release } from './slab.ts';
import { isUtf8 } from './utf8.ts';
import { number, takeNumber } from './wire.ts';

/** Room for records one after another; 0 when the slab is full. */
export function openSeriesRun(): usize {
  const run = allocate(RUN_BYTES, KIND_LISTS);
  if (run !== 0) memory.fill(run, 0, RUN_BYTES);
  return run;
}

export function closeSeriesRun(run: usize): void {
  release(load<u32>(run, N_INPUT), KIND_STAGING);
  release(load<u32>(run, N_TEXTS), KIND_LISTS);
  release(load<u32>(run, N_WORDS), KIND_LISTS);
  release(load<u32>(run, N_SERIES), KIND_LISTS);
  release(run, KIND_LISTS);
}

/** Where that many bytes are to be put; 0 when the slab is full. */
export function reserveRunInput(run: usize, bytes: u32): usize {
  const isDone = growList(run + N_INPUT, bytes, 0, 1, KIND_STAGING);
  return isDone ? <usize>load<u32>(run, N_INPUT) : 0;
}

/**
 * Reads the series that the first `length` bytes of the input begin with; the bytes they take. 0:
 * they are malformed, or nothing for this way, or the slab is full.
 */
export function readSeriesRun(run: usize, root: usize, length: u32): u32 {
  store<u32>(run, 0, N_COUNT);
  store<u32>(run, 0, N_TEXT_COUNT);
  store<u32>(run, 0, N_WORD_COUNT);
  store<u32>(run, u32.MAX_VALUE, N_LEAST_REF);
  store<u32>(run, 0, N_GREATEST_REF);
  if (length > load<u32>(run, N_INPUT_CAPACITY)) return 0;
  const start = <usize>load<u32>(run, N_INPUT);
  const limit = start + length;
  let position = take(start, limit);
  if (position === 0) return 0;
  const count = taken;
  // Each takes two bytes at least.
  if (count > <u32>(limit - position) / 2) return 0;
  if (!growList(run + N_SERIES, count, 0, RUN_SERIES_BYTES, KIND_LISTS)) return 0;
  let ref: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    position = take(position, limit);
    if (position === 0) return 0;
    ref += (taken >> 1) ^ -(taken & 1);
    position = readTexts(run, root, position, limit, index);
    if (position === 0) return 0;
    store<u32>(seriesAt(run, index), ref, Q_REF);
    store<u32>(run, min(load<u32>(run, N_LEAST_REF), ref), N_LEAST_REF);
    store<u32>(run, max(load<u32>(run, N_GREATEST_REF), ref), N_GREATEST_REF);
  }
  store<u32>(run, count, N_COUNT);
  return <u32>(position - start);
}

let taken: u32 = 0;

/** Reads a number of 32 bits into `taken`; what follows it, 0 where there is none. */
function take(position: usize, limit: usize): usize {
  const after = takeNumber(position, limit);
  if (after === 0 || number > <u64>u32.MAX_VALUE) return 0;
  taken = <u32>number;
  return after;
}

function seriesAt(run: usize, index: u32): usize {
  return <usize>load<u32>(run, N_SERIES) + <usize>index * RUN_SERIES_BYTES;
}

function textAt(run: usize, index: u32): usize {
  return <usize>load<u32>(run, N_TEXTS) + <usize>index * TEXT_BYTES;
}

function wordAt(run: usize, index: u32): usize {
  return <usize>load<u32>(run, N_WORDS) + ((<usize>index) << 2);
}

/** Reads the texts of a series, as numbers of texts of the record; what follows, 0 for a fault. */
function readTexts(run: usize, root: usize, start: usize, limit: usize, index: u32): usize {
  let position = take(start, limit);
  if (position === 0) return 0;
  const length = taken;
  if ((length & 1) !== 0 || length > 2 * N_PAIRS_MOST) return 0;
  const first = load<u32>(run, N_WORD_COUNT);
  const series = seriesAt(run, index);
  store<u32>(series, first, Q_FIRST);
  store<u32>(series, length, Q_LENGTH);
  const before: u32 = index === 0 ? 0 : load<u32>(series - RUN_SERIES_BYTES, Q_FIRST);
  const lengthBefore: u32 = index === 0 ? 0 : load<u32>(series - RUN_SERIES_BYTES, Q_LENGTH);
  if (!growList(run + N_WORDS, first + length, first, 4, KIND_LISTS)) return 0;
  for (let place: u32 = 0; place < length; place++) {
    position = take(position, limit);
    if (position === 0) return 0;
    const same = taken;
    if (same > 0 && (same > length - place || place + same > lengthBefore)) return 0;
    memory.copy(wordAt(run, first + place), wordAt(run, before + place), (<usize>same) << 2);
    place += same;
    if (place === length) break;
    position = readText(run, root, position, limit);
    if (position === 0) return 0;
    store<u32>(wordAt(run, first + place), taken);
  }
  store<u32>(run, first + length, N_WORD_COUNT);
  return position;
}

/** Reads one text, its number into `taken`. */
function readText(run: usize, root: usize, start: usize, limit: usize): usize {
  const position = take(start, limit);
  if (position === 0) return 0;
  const count = load<u32>(run, N_TEXT_COUNT);
  if (taken !== 0) return --taken < count ? position : 0;
  const text = take(position, limit);
  if (text === 0) return 0;
  const length = taken;
  if (length > <u32>(limit - text) || !isUtf8(text, text + length)) return 0;
  if (!growList(run + N_TEXTS, count + 1, count, TEXT_BYTES, KIND_LISTS)) return 0;
  const entry = textAt(run, count);
  store<u32>(entry, <u32>text, X_START);
  store<u32>(entry, length, X_LENGTH);
  store<u32>(entry, hashText(root, text, length), X_HASH);
  store<u32>(entry, 0, X_SYMBOL);
  store<u32>(run, count + 1, N_TEXT_COUNT);
  taken = count;
  return text + length;
}

/**
 * Enters series from number `from` on, as long as that is simple; how far it came. The series that
 * it ended before is to be entered by TypeScript, at once, as pairs may have been made for it. What
 * still fits in the tables is said by the run, and becomes less.
 */
export function enterSeriesRun(run: usize, root: usize, from: u32): u32 {
  setRoom(load<u32>(run, N_SYMBOL_ROOM), load<u32>(run, N_PAIR_ROOM));
  let setRoomLeft = load<u32>(run, N_SET_ROOM);
  const count = load<u32>(run, N_COUNT);
  let index = from;
  for (; index < count && setRoomLeft > 0; index++) {
    const series = seriesAt(run, index);
    const ref = load<u32>(series, Q_REF);
    if (ref === 0 || ref === u32.MAX_VALUE || ownSeriesAddress(ref) !== 0) break;
    if (!findPairs(run, root, series, index > from)) break;
    const pairs = load<u32>(series, Q_LENGTH) >> 1;
    if (pairs === 0 || enter(root, run + N_PAIRS, pairs, ref) !== ENTERED) break;
    setRoomLeft--;
    // Where there is no room for it, TypeScript finds it in the index, and takes it out again.
    if (!createSeries(ref)) break;
  }
  store<u32>(run, symbolRoom, N_SYMBOL_ROOM);
  store<u32>(run, pairRoom, N_PAIR_ROOM);
  store<u32>(run, setRoomLeft, N_SET_ROOM);
  return index;
}

/** Puts the pairs of a series at `N_PAIRS`, where those of the series before may still be. */
function findPairs(run: usize, root: usize, series: usize, hasBefore: bool): bool {
  const words = wordAt(run, load<u32>(series, Q_FIRST));
  const length = load<u32>(series, Q_LENGTH);
  const before: usize = hasBefore ? series - RUN_SERIES_BYTES : 0;
  const wordsBefore: usize = hasBefore ? wordAt(run, load<u32>(before, Q_FIRST)) : 0;
  const lengthBefore: u32 = hasBefore ? load<u32>(before, Q_LENGTH) : 0;
  for (let place: u32 = 0; place < length; place += 2) {
    const offset = (<usize>place) << 2;
    // Two words at once: name and value.
    if (place < lengthBefore && load<u64>(words + offset) === load<u64>(wordsBefore + offset)) {
      continue;
    }
    const name = textAt(run, load<u32>(words + offset));
    const pair = pairOf(root, name, textAt(run, load<u32>(words + offset, 4)));
    if (pair === 0) return false;
    store<u32>(run + N_PAIRS + (offset >> 1), pair);
  }
  return isDistinct(run + N_PAIRS, length >> 1);
}

/** Whether no pair is there twice: room is made for one ref in the list of each. */
function isDistinct(pairs: usize, count: u32): bool {
  const end = pairs + ((<usize>count) << 2);
  for (let at = pairs; at < end; at += 4) {
    const pair = load<u32>(at);
    for (let other = at + 4; other < end; other += 4) {
      if (load<u32>(other) === pair) return false;
    }
  }
  return true;
}

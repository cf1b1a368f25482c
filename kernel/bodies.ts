// What is under way of one request or scrape: its bytes, the columns made of them, and lists of
// what TypeScript has to look at.

import {
  B_CAPACITY,
  B_DROPPED,
  B_ERROR_OFFSET,
  B_EXPLICIT_TIMES,
  B_GATHER,
  B_GATHER_LENGTH,
  B_INPUT,
  B_INPUT_CAPACITY,
  B_LAST,
  B_LATE,
  B_LATE_COUNT,
  B_ORDER,
  B_LENGTH,
  B_MESSAGE,
  B_MESSAGE_CAPACITY,
  B_MESSAGE_LENGTH,
  B_INPUT_LENGTH,
  B_OUTCOME_COUNTS,
  B_OUTCOMES,
  B_OWNER,
  B_PREDICTED,
  B_PROBED,
  B_RANGE_COUNT,
  B_RANGES,
  B_REFS,
  B_SERIES,
  B_TIMES,
  B_UNKNOWN,
  B_UNKNOWN_COUNT,
  B_VALUES,
  BODY_BYTES,
  KIND_COLUMNS,
  KIND_LISTS,
  KIND_STAGING,
  R_END,
  R_KIND,
  R_REF,
  R_SAMPLE,
  R_START,
  R_UNKNOWN,
  RANGE_BYTES,
  SLACK_BYTES,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STATUS_TOO_LARGE,
} from './layout.ts';
import { allocate, growList, release } from './slab.ts';
import { decompress, snappyHeader, snappyPosition, snappySize } from './snappy.ts';

const COLUMNS_FIRST: u32 = 1024;
/** A sample in the columns: ref, time, value, outcome. */
const COLUMN_BYTES: u32 = 21;
/** More samples than that are no request but an attack on the memory. */
const SAMPLES_MAX: u32 = 1 << 27;

export function openBody(): usize {
  const body = allocate(BODY_BYTES, KIND_LISTS);
  if (body !== 0) memory.fill(body, 0, BODY_BYTES);
  return body;
}

export function closeBody(body: usize): void {
  release(load<u32>(body, B_INPUT), KIND_STAGING);
  release(load<u32>(body, B_GATHER), KIND_STAGING);
  if (load<u32>(body, B_MESSAGE_CAPACITY) !== 0) release(load<u32>(body, B_MESSAGE), KIND_STAGING);
  release(load<u32>(body, B_REFS), KIND_COLUMNS);
  release(load<u32>(body, B_UNKNOWN), KIND_LISTS);
  release(load<u32>(body, B_RANGES), KIND_LISTS);
  release(load<u32>(body, B_LATE), KIND_LISTS);
  release(load<u32>(body, B_ORDER), KIND_LISTS);
  release(body, KIND_LISTS);
}

/** Room for `bytes` in the input, keeping what is there; its address, 0 when the slab is full. */
export function reserveInput(body: usize, bytes: u32): usize {
  const capacity = load<u32>(body, B_INPUT_CAPACITY);
  const old = <usize>load<u32>(body, B_INPUT);
  if (old !== 0 && bytes <= capacity) return old;
  const area = allocateStaging(bytes);
  if (area === 0) return 0;
  memory.copy(area, old, old === 0 ? 0 : capacity);
  release(old, KIND_STAGING);
  store<u32>(body, <u32>area, B_INPUT);
  store<u32>(body, bytes, B_INPUT_CAPACITY);
  return area;
}

/** An area of `bytes` and the slack that wide loads need. */
export function allocateStaging(bytes: u32): usize {
  if (bytes > 0xf0000000) return 0;
  return allocate(<usize>bytes + SLACK_BYTES, KIND_STAGING);
}

/** The input as it is becomes the message. */
export function useInput(body: usize): void {
  if (load<u32>(body, B_MESSAGE_CAPACITY) !== 0) release(load<u32>(body, B_MESSAGE), KIND_STAGING);
  store<u32>(body, load<u32>(body, B_INPUT), B_MESSAGE);
  store<u32>(body, load<u32>(body, B_INPUT_LENGTH), B_MESSAGE_LENGTH);
  // Room that the message does not own.
  store<u32>(body, 0, B_MESSAGE_CAPACITY);
}

export function decompressBody(body: usize, limit: u32): u32 {
  const start = <usize>load<u32>(body, B_INPUT);
  const end = start + load<u32>(body, B_INPUT_LENGTH);
  const elements = snappyHeader(start, end);
  if (elements === 0) return failBody(body, STATUS_MALFORMED, 0);
  const size = snappySize;
  if (size > limit) return failBody(body, STATUS_TOO_LARGE, 0);
  const capacity = load<u32>(body, B_MESSAGE_CAPACITY);
  if (capacity === 0 || capacity < size) {
    if (capacity !== 0) release(load<u32>(body, B_MESSAGE), KIND_STAGING);
    store<u32>(body, 0, B_MESSAGE_CAPACITY);
    store<u32>(body, 0, B_MESSAGE);
    const room = max(size, 1);
    const message = allocateStaging(room);
    if (message === 0) return failBody(body, STATUS_NO_MEMORY, 0);
    store<u32>(body, <u32>message, B_MESSAGE);
    store<u32>(body, room, B_MESSAGE_CAPACITY);
  }
  store<u32>(body, 0, B_MESSAGE_LENGTH);
  if (decompress(elements, end, load<u32>(body, B_MESSAGE), size) !== STATUS_OK) {
    return failBody(body, STATUS_MALFORMED, <u32>(snappyPosition - start));
  }
  store<u32>(body, size, B_MESSAGE_LENGTH);
  return STATUS_OK;
}

export function failBody(body: usize, status: u32, offset: u32): u32 {
  store<u32>(body, offset, B_ERROR_OFFSET);
  return status;
}

/** Empties columns, lists and counters before a walk or scan. */
export function beginBody(body: usize, owner: usize): void {
  store<u32>(body, 0, B_LENGTH);
  store<u32>(body, 0, B_UNKNOWN_COUNT);
  store<u32>(body, 0, B_RANGE_COUNT);
  store<u32>(body, 0, B_LATE_COUNT);
  store<u32>(body, 0, B_GATHER_LENGTH);
  store<u32>(body, 0, B_SERIES);
  store<u32>(body, 0, B_PREDICTED);
  store<u32>(body, 0, B_PROBED);
  store<u32>(body, 0, B_DROPPED);
  store<u32>(body, 0, B_EXPLICIT_TIMES);
  store<u32>(body, 0, B_LAST);
  store<u32>(body, <u32>owner, B_OWNER);
  memory.fill(body + B_OUTCOME_COUNTS, 0, 24);
}

/** Room for `wanted` samples, keeping those that are there. False when the slab is full. */
export function reserveSamples(body: usize, wanted: u32): bool {
  const capacity = load<u32>(body, B_CAPACITY);
  if (wanted <= capacity) return true;
  if (wanted > SAMPLES_MAX) return false;
  const doubled = (max(max(wanted, capacity * 2), COLUMNS_FIRST) + 15) & ~15;
  const refs = allocate(<usize>doubled * COLUMN_BYTES, KIND_COLUMNS);
  if (refs === 0) return false;
  const times = refs + ((<usize>doubled) << 2);
  const values = times + ((<usize>doubled) << 3);
  const outcomes = values + ((<usize>doubled) << 3);
  const old = <usize>load<u32>(body, B_REFS);
  if (old !== 0) {
    const length = <usize>load<u32>(body, B_LENGTH);
    memory.copy(refs, old, length << 2);
    memory.copy(times, load<u32>(body, B_TIMES), length << 3);
    memory.copy(values, load<u32>(body, B_VALUES), length << 3);
    release(old, KIND_COLUMNS);
  }
  store<u32>(body, <u32>refs, B_REFS);
  store<u32>(body, <u32>times, B_TIMES);
  store<u32>(body, <u32>values, B_VALUES);
  store<u32>(body, <u32>outcomes, B_OUTCOMES);
  store<u32>(body, doubled, B_CAPACITY);
  return true;
}

/** Adds a sample; false when the slab is full. */
export function addSample(body: usize, ref: u32, time: f64, bits: u64): bool {
  const length = load<u32>(body, B_LENGTH);
  if (length === load<u32>(body, B_CAPACITY) && !reserveSamples(body, length + 1)) return false;
  const index = <usize>length;
  store<u32>(<usize>load<u32>(body, B_REFS) + (index << 2), ref);
  store<f64>(<usize>load<u32>(body, B_TIMES) + (index << 3), time);
  store<u64>(<usize>load<u32>(body, B_VALUES) + (index << 3), bits);
  store<u32>(body, length + 1, B_LENGTH);
  return true;
}

/** Lists a range of bytes; false when the slab is full. */
export function addRange(
  body: usize,
  kind: u32,
  start: usize,
  end: usize,
  ref: u32,
  unknown: u32,
  sample: u32,
): bool {
  const count = load<u32>(body, B_RANGE_COUNT);
  if (!growList(body + B_RANGES, count + 1, count, RANGE_BYTES, KIND_LISTS)) return false;
  const range = <usize>load<u32>(body, B_RANGES) + <usize>count * RANGE_BYTES;
  store<u32>(range, kind, R_KIND);
  store<u32>(range, <u32>start, R_START);
  store<u32>(range, <u32>end, R_END);
  store<u32>(range, ref, R_REF);
  store<u32>(range, unknown, R_UNKNOWN);
  store<u32>(range, sample, R_SAMPLE);
  store<u32>(body, count + 1, B_RANGE_COUNT);
  return true;
}

/** Removes samples whose ref is 0 and moves the others up; how many stay. */
export function seal(body: usize): u32 {
  const length = load<u32>(body, B_LENGTH);
  const refs = <usize>load<u32>(body, B_REFS);
  let kept: usize = 0;
  while (kept < <usize>length && load<u32>(refs + (kept << 2)) !== 0) kept++;
  if (kept === <usize>length) return length;
  const times = <usize>load<u32>(body, B_TIMES);
  const values = <usize>load<u32>(body, B_VALUES);
  for (let index = kept; index < <usize>length; index++) {
    const ref = load<u32>(refs + (index << 2));
    if (ref === 0) continue;
    store<u32>(refs + (kept << 2), ref);
    store<u64>(times + (kept << 3), load<u64>(times + (index << 3)));
    store<u64>(values + (kept << 3), load<u64>(values + (index << 3)));
    kept++;
  }
  store<u32>(body, <u32>kept, B_LENGTH);
  return <u32>kept;
}

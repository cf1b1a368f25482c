import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { SampleBytes } from './samples-bytes.ts';
import { BLOCK_SAMPLES, SampleState } from './samples-state.ts';

/**
 * Refs, each guessed from the one before: the ref that came after it last time, else the next
 * number. Written is how many guesses were right, then how far the wrong one was off, and so on:
 * a request or scrape like an earlier one takes a few bytes, also where it is cut elsewhere.
 */
export function encodeRefs(
  writer: ByteWriter,
  state: SampleState,
  refs: Uint32Array,
  length: number,
): void {
  state.reservePlaces(length);
  let hits = 0;
  for (let from = 0; from < length; from += BLOCK_SAMPLES) {
    hits = encodeBlock(writer, state, refs, from, Math.min(length, from + BLOCK_SAMPLES), hits);
  }
  writer.varint(hits);
}

/** Writes refs `[from, to)`; right guesses that are not written yet. */
function encodeBlock(
  writer: ByteWriter,
  state: SampleState,
  refs: Uint32Array,
  from: number,
  to: number,
  hitsBefore: number,
): number {
  const { places } = state;
  let pageNumber = SampleState.pageNumber(state.lastRef);
  let page = state.page(pageNumber);
  let { successors } = state;
  let before = state.lastRef;
  let placeBefore = page + SampleState.onPage(before);
  let hits = hitsBefore;
  for (let index = from; index < to; index++) {
    const ref = refs[index]!;
    const guess = successors[placeBefore]! || (before + 1) >>> 0;
    if (ref === guess) hits++;
    else {
      writer.varint(hits);
      const distance = (ref - guess) | 0;
      writer.varint(((distance << 1) ^ (distance >> 31)) >>> 0);
      successors[placeBefore] = ref;
      hits = 0;
    }
    const number = SampleState.pageNumber(ref);
    if (number !== pageNumber) {
      pageNumber = number;
      page = state.page(number);
      successors = state.successors;
    }
    placeBefore = page + SampleState.onPage(ref);
    places[index] = placeBefore;
    before = ref;
  }
  state.lastRef = before;
  return hits;
}

/** Reads refs, and the places of their series into `state.places`. */
export function decodeRefs(
  source: SampleBytes,
  state: SampleState,
  into: Uint32Array,
  length: number,
): void {
  state.reservePlaces(length);
  let hits = source.varint();
  for (let from = 0; from < length; from += BLOCK_SAMPLES) {
    hits = decodeBlock(source, state, into, from, Math.min(length, from + BLOCK_SAMPLES), hits);
  }
  if (hits !== 0) throw new RecordFormatError('there are more guessed refs than samples');
}

/** Reads refs `[from, to)`; right guesses that are left. */
function decodeBlock(
  source: SampleBytes,
  state: SampleState,
  into: Uint32Array,
  from: number,
  to: number,
  hitsBefore: number,
): number {
  const { places } = state;
  let pageNumber = SampleState.pageNumber(state.lastRef);
  let page = state.page(pageNumber);
  let { successors } = state;
  let before = state.lastRef;
  let placeBefore = page + SampleState.onPage(before);
  let hits = hitsBefore;
  for (let index = from; index < to; index++) {
    let ref = successors[placeBefore]! || (before + 1) >>> 0;
    if (hits > 0) hits--;
    else {
      const coded = source.varint();
      ref = (ref + ((coded >>> 1) ^ -(coded & 1))) >>> 0;
      successors[placeBefore] = ref;
      hits = source.varint();
    }
    const number = SampleState.pageNumber(ref);
    if (number !== pageNumber) {
      pageNumber = number;
      page = state.page(number);
      successors = state.successors;
    }
    placeBefore = page + SampleState.onPage(ref);
    places[index] = placeBefore;
    into[index] = ref;
    before = ref;
  }
  state.lastRef = before;
  return hits;
}

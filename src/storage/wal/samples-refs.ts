import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { SampleBytes } from './samples-bytes.ts';
import { SampleState } from './samples-state.ts';

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
  const { places } = state;
  let pageNumber = SampleState.pageNumber(state.lastRef);
  let page = state.page(pageNumber);
  let { successors } = state;
  let before = state.lastRef;
  let placeBefore = page + SampleState.onPage(before);
  let hits = 0;
  for (let index = 0; index < length; index++) {
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
  writer.varint(hits);
  state.lastRef = before;
}

/** Reads refs, and the places of their series into `state.places`. */
export function decodeRefs(
  source: SampleBytes,
  state: SampleState,
  into: Uint32Array,
  length: number,
): void {
  state.reservePlaces(length);
  const { places } = state;
  let pageNumber = SampleState.pageNumber(state.lastRef);
  let page = state.page(pageNumber);
  let { successors } = state;
  let before = state.lastRef;
  let placeBefore = page + SampleState.onPage(before);
  let hits = source.varint();
  for (let index = 0; index < length; index++) {
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
  if (hits !== 0) throw new RecordFormatError('there are more guessed refs than samples');
  state.lastRef = before;
}

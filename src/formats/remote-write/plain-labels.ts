import { METRIC_NAME } from '../../model/index.ts';
import { compareUtf8 } from '../../util/index.ts';
import { TextCache } from '../text-cache.ts';

// prometheus.Label (types.proto): 1 name, 2 value.
const KEY_LABEL = 0x0a;
const KEY_NAME = 0x0a;
const KEY_VALUE = 0x12;

/** Labels whose bytes are kept, and room for the bytes of each. */
const PLACES = 64;
const PLACE_BYTES = 256;

/**
 * Reads the label fields of series that are as nearly all are: fields in order and none besides,
 * ASCII, names ascending with a metric name among them, nothing empty. Series that come one after
 * another share most of their labels, so each label is held first against the one at the same place
 * of the series before: what has the same bytes is not looked into.
 */
export class PlainLabels {
  readonly #texts = new TextCache();
  /** The pairs read last. */
  #before: readonly string[] = [];
  /** By place: the bytes of the label that was there last, and how many they are; 0 for none. */
  readonly #bytes = new Uint8Array(PLACES * PLACE_BYTES);
  readonly #lengths = new Uint16Array(PLACES);
  /** What `#readPair` found. */
  #name = '';
  #value = '';

  /** Sorted pairs, which the caller may keep; undefined where the labels are not like that. */
  read(bytes: Uint8Array, start: number, end: number): readonly string[] | undefined {
    const pairs = this.#before.slice();
    const known = pairs.length >>> 1;
    let at = start;
    let place = 0;
    let isOrderKnown = true;
    for (; at < end; place++) {
      if (bytes[at] !== KEY_LABEL) return this.#giveUp();
      // Lengths of up to two bytes; each is bounded by what it lies in before it is used.
      let length = bytes[++at]!;
      if (length >= 0x80) length = longLength(length, bytes[++at]!);
      const labelEnd = ++at + length;
      if (!(labelEnd <= end)) return this.#giveUp();
      if (place >= known || !this.#isSame(place, bytes, at, labelEnd)) {
        if (!this.#readPair(bytes, at, labelEnd)) return this.#giveUp();
        if (pairs[2 * place] !== this.#name) isOrderKnown = false;
        pairs[2 * place] = this.#name;
        pairs[2 * place + 1] = this.#value;
        this.#keep(place, bytes, at, labelEnd);
      }
      at = labelEnd;
    }
    pairs.length = 2 * place;
    if (!isOrderKnown && !isAscending(pairs)) return this.#giveUp();
    if (!hasMetricName(pairs)) return this.#giveUp();
    this.#before = pairs;
    return pairs;
  }

  /** The bytes that are kept no longer belong to the pairs read last. */
  #giveUp(): undefined {
    this.#before = [];
    this.#lengths.fill(0);
    return undefined;
  }

  #isSame(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (place >= PLACES || this.#lengths[place] !== length) return false;
    const kept = this.#bytes;
    // From the end: numbers there tell texts apart that begin alike.
    let own = place * PLACE_BYTES + length;
    for (let at = end - 1; at >= start; at--) if (bytes[at] !== kept[--own]) return false;
    return true;
  }

  #keep(place: number, bytes: Uint8Array, start: number, end: number): void {
    if (place >= PLACES) return;
    const length = end - start;
    this.#lengths[place] = length <= PLACE_BYTES ? length : 0;
    if (length > PLACE_BYTES) return;
    const kept = this.#bytes;
    let own = place * PLACE_BYTES;
    for (let at = start; at < end; at++) kept[own++] = bytes[at]!;
  }

  /** Reads the fields of one label; false where they are not as most are. */
  #readPair(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    if (bytes[at] !== KEY_NAME) return false;
    let length = bytes[++at]!;
    if (length >= 0x80) length = longLength(length, bytes[++at]!);
    const nameStart = ++at;
    const nameEnd = at + length;
    if (length === 0 || !(nameEnd < end) || bytes[nameEnd] !== KEY_VALUE) return false;
    at = nameEnd;
    length = bytes[++at]!;
    if (length >= 0x80) length = longLength(length, bytes[++at]!);
    if (length === 0 || ++at + length !== end) return false;
    const name = this.#texts.ascii(bytes, nameStart, nameEnd);
    const value = this.#texts.ascii(bytes, at, end);
    if (name === undefined || value === undefined) return false;
    this.#name = name;
    this.#value = value;
    return true;
  }
}

function hasMetricName(pairs: readonly string[]): boolean {
  for (let index = 0; index < pairs.length; index += 2) {
    if (pairs[index] === METRIC_NAME) return true;
  }
  return false;
}

function isAscending(pairs: readonly string[]): boolean {
  for (let index = 2; index < pairs.length; index += 2) {
    if (compareUtf8(pairs[index - 2]!, pairs[index]!) >= 0) return false;
  }
  return true;
}

/** A length of two bytes; of more, one that fits nothing. */
function longLength(low: number, high: number): number {
  return high < 0x80 ? (low & 0x7f) | (high << 7) : Infinity;
}

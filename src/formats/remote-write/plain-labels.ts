import { METRIC_NAME } from '../../model/index.ts';
import { compareUtf8 } from '../../util/index.ts';
import { TextCache } from '../text-cache.ts';

// prometheus.Label (types.proto): 1 name, 2 value.
const KEY_LABEL = 0x0a;
const KEY_NAME = 0x0a;
const KEY_VALUE = 0x12;

/**
 * Reads the label fields of series that are as nearly all are: fields in order and none besides,
 * ASCII, names ascending with a metric name among them, nothing empty. Series that come one after
 * another share most of their labels, so each text is held first against the one at the same place
 * of the series before: what is equal costs neither a string nor a look-up.
 */
export class PlainLabels {
  readonly #texts = new TextCache();
  #before: readonly string[] = [];

  /** Sorted pairs, which the caller may keep; undefined where the labels are not like that. */
  read(bytes: Uint8Array, start: number, end: number): readonly string[] | undefined {
    const before = this.#before;
    const pairs = before.slice();
    let at = start;
    let place = 0;
    let hasMetricName = false;
    let isOrderKnown = true;
    while (at < end) {
      if (bytes[at] !== KEY_LABEL) return undefined;
      // Lengths of up to two bytes; each is bounded by what it lies in before it is used.
      let length = bytes[++at]!;
      if (length >= 0x80) length = longLength(length, bytes[++at]!);
      const labelEnd = ++at + length;
      if (labelEnd > end || bytes[at] !== KEY_NAME) return undefined;
      length = bytes[++at]!;
      if (length >= 0x80) length = longLength(length, bytes[++at]!);
      const nameEnd = ++at + length;
      if (length === 0 || nameEnd >= labelEnd || bytes[nameEnd] !== KEY_VALUE) return undefined;
      const name = this.#text(bytes, at, nameEnd, before[place]);
      at = nameEnd;
      length = bytes[++at]!;
      if (length >= 0x80) length = longLength(length, bytes[++at]!);
      if (length === 0 || ++at + length !== labelEnd) return undefined;
      const value = this.#text(bytes, at, labelEnd, before[place + 1]);
      if (name === undefined || value === undefined) return undefined;
      if (name !== before[place]) isOrderKnown = false;
      if (!isOrderKnown && place > 0 && compareUtf8(pairs[place - 2]!, name) >= 0) return undefined;
      if (name === METRIC_NAME) hasMetricName = true;
      pairs[place++] = name;
      pairs[place++] = value;
      at = labelEnd;
    }
    if (!hasMetricName) return undefined;
    pairs.length = place;
    this.#before = pairs;
    return pairs;
  }

  #text(
    bytes: Uint8Array,
    start: number,
    end: number,
    before: string | undefined,
  ): string | undefined {
    return before !== undefined && isText(bytes, start, end, before)
      ? before
      : this.#texts.ascii(bytes, start, end);
  }
}

/** Whether the bytes are an ASCII text. */
function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  // From the end: numbers there tell texts apart that begin alike.
  for (let index = text.length - 1; index >= 0; index--) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/** A length of two bytes; of more, one that fits nothing. */
function longLength(low: number, high: number): number {
  return high < 0x80 ? (low & 0x7f) | (high << 7) : Infinity;
}

import { predictCounter } from '../../formats/tide/index.ts';
import { HIGH_WORD, isStaleAt, LOW_WORD } from '../../model/index.ts';
import { PagedNumbers } from './paged-numbers.ts';

const CAPACITY_MIN = 256;
const NO_PLACE = -1;

/** Not seen yet. */
export const SERIES_NEW = 0;
/** Left unsent only where nothing changed: a bucket that is off by any tolerance is wrong. */
export const SERIES_EXACT = 1;
/** A difference within the tolerance may be left unsent. */
export const SERIES_TOLERANT = 2;
/** A counter: left unsent where it goes on as it went, within the tolerance. */
export const SERIES_PREDICTED = 3;

/**
 * What the sampler remembers of each series: columns that grow together. A series has a place in
 * them until it is forgotten; ids only count up, places are used again.
 */
export class SeriesState {
  readonly #places = new PagedNumbers(NO_PLACE);
  /** Places that were given up. */
  readonly #free: number[] = [];
  #end = 0;
  #capacity = 0;
  /** Words of the value read last. */
  lastWords = new Uint32Array(0);
  lastTimes = new Float64Array(0);
  /** 1 where that was a native histogram, which its words only stand for. */
  lastIsHistogram = new Uint8Array(0);
  /** Words of the value sent last: what the collector carries forward. */
  sentWords = new Uint32Array(0);
  sentValues = new Float64Array(0);
  /** 1 where that was a native histogram, whose words are no number to go by. */
  sentIsHistogram = new Uint8Array(0);
  /** Times of those values. */
  sentTimes = new Float64Array(0);
  /** The value sent before that, and its time. */
  formerValues = new Float64Array(0);
  formerTimes = new Float64Array(0);
  /** Values sent since the series began, of which 2 are remembered: 0, 1 or 2. */
  sentCount = new Uint8Array(0);
  /** The reading that the series was seen in last. */
  seenAt = new Float64Array(0);
  /** 1 while the series is scheduled at each tick of its group. */
  isLive = new Uint8Array(0);
  /** Which part of its group the series belongs to. */
  part = new Uint16Array(0);
  /** One of the constants above. */
  kind = new Uint8Array(0);

  /** Series that something is remembered of. */
  get size(): number {
    return this.#places.size;
  }

  /** The place of a series; a new one, as of a series not seen yet, where it has none. */
  place(id: number): number {
    const known = this.#places.get(id);
    return known === NO_PLACE ? this.#begin(id) : known;
  }

  /** The place of a series; undefined where it has none. */
  placeIfKnown(id: number): number | undefined {
    const known = this.#places.get(id);
    return known === NO_PLACE ? undefined : known;
  }

  /** The part of its group that a series belongs to; 0 where nothing is known of it. */
  partOf(id: number): number {
    const known = this.#places.get(id);
    return known === NO_PLACE ? 0 : this.part[known]!;
  }

  /** Whether the sample of a series read last is a native histogram. */
  isHistogram(id: number): boolean {
    const known = this.#places.get(id);
    return known !== NO_PLACE && this.lastIsHistogram[known] === 1;
  }

  /** Gives up the place of a series. */
  forget(id: number): void {
    const place = this.#places.get(id);
    if (place === NO_PLACE) return;
    this.#places.remove(id);
    this.#free.push(place);
  }

  #begin(id: number): number {
    const place = this.#free.pop() ?? this.#end++;
    this.#reserve(this.#end);
    this.#places.set(id, place);
    this.lastTimes[place] = -Infinity;
    this.lastIsHistogram[place] = 0;
    this.sentIsHistogram[place] = 0;
    this.sentTimes[place] = 0;
    this.sentCount[place] = 0;
    this.seenAt[place] = 0;
    this.isLive[place] = 0;
    this.part[place] = 0;
    this.kind[place] = SERIES_NEW;
    return place;
  }

  #reserve(end: number): void {
    if (end <= this.#capacity) return;
    const capacity = Math.max(end, 2 * this.#capacity, CAPACITY_MIN);
    this.lastTimes = grow(this.lastTimes, new Float64Array(capacity).fill(-Infinity));
    this.lastWords = grow(this.lastWords, new Uint32Array(2 * capacity));
    this.lastIsHistogram = grow(this.lastIsHistogram, new Uint8Array(capacity));
    const sentValues = new Float64Array(capacity);
    const sentWords = new Uint32Array(sentValues.buffer);
    this.sentWords = grow(this.sentWords, sentWords);
    this.sentValues = sentValues;
    this.sentIsHistogram = grow(this.sentIsHistogram, new Uint8Array(capacity));
    this.sentTimes = grow(this.sentTimes, new Float64Array(capacity));
    this.formerValues = grow(this.formerValues, new Float64Array(capacity));
    this.formerTimes = grow(this.formerTimes, new Float64Array(capacity));
    this.sentCount = grow(this.sentCount, new Uint8Array(capacity));
    this.seenAt = grow(this.seenAt, new Float64Array(capacity));
    this.isLive = grow(this.isLive, new Uint8Array(capacity));
    this.part = grow(this.part, new Uint16Array(capacity));
    this.kind = grow(this.kind, new Uint8Array(capacity));
    this.#capacity = capacity;
  }

  /** Takes note of what goes out of a series: a number, or the words of a histogram. */
  send(place: number, time: number, low: number, high: number, isHistogram = false): void {
    const { sentCount, sentWords, sentTimes, sentIsHistogram } = this;
    // A counter's line does not lead through a histogram.
    if (isHistogram || sentIsHistogram[place] === 1) sentCount[place] = 0;
    sentIsHistogram[place] = isHistogram ? 1 : 0;
    if (sentCount[place]! > 0) {
      this.formerValues[place] = this.sentValues[place]!;
      this.formerTimes[place] = sentTimes[place]!;
    }
    if (sentCount[place]! < 2) sentCount[place]!++;
    sentTimes[place] = time;
    sentWords[2 * place + LOW_WORD] = low;
    sentWords[2 * place + HIGH_WORD] = high;
  }

  /** Whether the value sent last has these very bits, and is a histogram or none like it. */
  isSentAs(place: number, low: number, high: number, isHistogram = false): boolean {
    const { sentWords, sentIsHistogram } = this;
    if ((sentIsHistogram[place] === 1) !== isHistogram) return false;
    return sentWords[2 * place + LOW_WORD] === low && sentWords[2 * place + HIGH_WORD] === high;
  }

  /** What a counter is taken to be at `time` from what was sent of it. */
  predict(place: number, time: number): number {
    const lastTime = this.sentTimes[place]!;
    const lastValue = this.sentValues[place]!;
    if (this.sentCount[place]! < 2) return lastValue;
    const previousTime = this.formerTimes[place]!;
    const previousValue = this.formerValues[place]!;
    return predictCounter({ previousTime, previousValue, lastTime, lastValue }, time);
  }

  /** Whether the sample read last is a float that can be told again. */
  hasFloat(place: number): boolean {
    return this.lastIsHistogram[place] === 0 && !this.isGone(place);
  }

  /** Whether the value read last is a staleness marker, or nothing was read. */
  isGone(place: number): boolean {
    return this.lastTimes[place] === -Infinity || isStaleAt(this.lastWords, place);
  }
}

function grow<A extends { set(other: A): void }>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

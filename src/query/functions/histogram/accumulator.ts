import {
  coarserIndex,
  type CounterReset,
  type FloatHistogram,
  reduceSide,
  type Side,
  sideOf,
  spansOf,
} from '../../../model/index.ts';
import { commonBounds, sameBounds, usesCustomBuckets } from './bounds.ts';
import { beyondZeroBucket, widenZeroBucket } from './zero-bucket.ts';

/** Exponential and custom buckets have nothing in common to add up. */
export class IncompatibleHistogramsError extends Error {
  constructor() {
    super(
      'cannot apply this operation on histograms with a mix of exponential and custom bucket schemas',
    );
  }
}

/** A compensated sum as a value: what it has come to, and what rounding lost. */
interface Compensated {
  sum: number;
  rest: number;
}

function addTo(into: Compensated, term: number): void {
  const { sum } = into;
  const next = sum + term;
  if (next === Infinity || next === -Infinity) into.rest = 0;
  else if (Math.abs(sum) >= Math.abs(term)) into.rest += sum - next + term;
  else into.rest += term - next + sum;
  into.sum = next;
}

const totalOf = ({ sum, rest }: Compensated): number => sum + rest;

/** Ascending buckets with compensated counts. */
interface OpenSide {
  indices: number[];
  counts: Compensated[];
}

/** The sum (or difference) of histograms, brought to what all of them can be brought to. */
export class HistogramAccumulator {
  counterReset: CounterReset;
  /** A known reset met a known absence of one. */
  resetCollision = false;
  /** Differing custom bounds were reduced to those in common. */
  boundsReconciled = false;
  #schema: number;
  #zeroThreshold: number;
  #zero: Compensated;
  #count: Compensated;
  #sum: Compensated;
  #positive: OpenSide;
  #negative: OpenSide;
  #customValues: readonly number[];

  constructor(first: FloatHistogram) {
    this.counterReset = first.counterReset;
    this.#schema = first.schema;
    this.#zeroThreshold = first.zeroThreshold;
    this.#zero = { sum: first.zeroCount, rest: 0 };
    this.#count = { sum: first.count, rest: 0 };
    this.#sum = { sum: first.sum, rest: 0 };
    this.#positive = openSide(sideOf(first.positiveSpans, first.positiveBuckets));
    this.#negative = openSide(sideOf(first.negativeSpans, first.negativeBuckets));
    this.#customValues = first.customValues;
  }

  /** Adds `other` times `sign`. @throws IncompatibleHistogramsError, with nothing changed */
  add(other: FloatHistogram, sign: 1 | -1 = 1): void {
    const isCustom = usesCustomBuckets({ schema: this.#schema });
    if (isCustom !== usesCustomBuckets(other)) throw new IncompatibleHistogramsError();
    this.#adjustCounterReset(other.counterReset);
    addTo(this.#count, sign * other.count);
    addTo(this.#sum, sign * other.sum);
    const positive = sideOf(other.positiveSpans, other.positiveBuckets);
    if (isCustom) {
      this.#addCustom(other.customValues, positive, sign);
      return;
    }
    const negative = sideOf(other.negativeSpans, other.negativeBuckets);
    // Before the sum is touched: reconciling may replace it.
    const zeroCount = this.#reconcileZeroBuckets({ ...other, positive, negative });
    addTo(this.#zero, sign * zeroCount);
    this.reduceTo(other.schema);
    const schema = this.#schema;
    const threshold = this.#zeroThreshold;
    const fit = (side: Side): Side =>
      beyondZeroBucket(reduceSide(side, other.schema, schema), schema, threshold);
    mergeSide(this.#positive, fit(positive), sign);
    mergeSide(this.#negative, fit(negative), sign);
  }

  /** Multiplies everything so far. */
  scale(factor: number): void {
    for (const part of this.#parts()) {
      part.sum *= factor;
      part.rest *= factor;
    }
  }

  /** Divides everything so far. */
  divide(divisor: number): void {
    for (const part of this.#parts()) {
      part.sum /= divisor;
      part.rest /= divisor;
    }
  }

  get hasOverflow(): boolean {
    return this.isLargerThan(Number.MAX_VALUE);
  }

  /** Whether any part is beyond a bound, either way. */
  isLargerThan(bound: number): boolean {
    return this.#parts().some(({ sum }) => sum > bound || sum < -bound);
  }

  copy(): HistogramAccumulator {
    const copy = new HistogramAccumulator(this.result());
    copy.resetCollision = this.resetCollision;
    copy.boundsReconciled = this.boundsReconciled;
    copy.#zero = { ...this.#zero };
    copy.#count = { ...this.#count };
    copy.#sum = { ...this.#sum };
    copy.#positive = copySide(this.#positive);
    copy.#negative = copySide(this.#negative);
    return copy;
  }

  result(): FloatHistogram {
    return {
      counterReset: this.counterReset,
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: totalOf(this.#zero),
      count: totalOf(this.#count),
      sum: totalOf(this.#sum),
      positiveSpans: spansOf(this.#positive.indices),
      positiveBuckets: this.#positive.counts.map(totalOf),
      negativeSpans: spansOf(this.#negative.indices),
      negativeBuckets: this.#negative.counts.map(totalOf),
      customValues: this.#customValues,
    };
  }

  #parts(): Compensated[] {
    const own = [this.#zero, this.#count, this.#sum];
    return [...own, ...this.#positive.counts, ...this.#negative.counts];
  }

  #adjustCounterReset(other: CounterReset): void {
    const mine = this.counterReset;
    if (mine === other || mine === 'gauge') return;
    if (other === 'gauge') this.counterReset = 'gauge';
    else {
      if (mine !== 'unknown' && other !== 'unknown') this.resetCollision = true;
      this.counterReset = 'unknown';
    }
  }

  /** Brings both to one zero threshold; returns the other's count within it. */
  #reconcileZeroBuckets(other: Parameters<typeof widenZeroBucket>[0]): number {
    let { zeroCount, zeroThreshold } = other;
    while (zeroThreshold !== this.#zeroThreshold) {
      if (this.#zeroThreshold > zeroThreshold) {
        ({ zeroCount, zeroThreshold } = widenZeroBucket(other, this.#zeroThreshold));
      }
      if (zeroThreshold > this.#zeroThreshold) this.#widenTo(zeroThreshold);
    }
    return zeroCount;
  }

  #widenTo(threshold: number): void {
    const widened = widenZeroBucket(
      {
        schema: this.#schema,
        zeroThreshold: this.#zeroThreshold,
        zeroCount: totalOf(this.#zero),
        positive: closedSide(this.#positive),
        negative: closedSide(this.#negative),
      },
      threshold,
    );
    this.#zero = { sum: widened.zeroCount, rest: 0 };
    this.#zeroThreshold = widened.zeroThreshold;
    for (const side of [this.#positive, this.#negative]) {
      const { indices } = beyondZeroBucket(closedSide(side), this.#schema, this.#zeroThreshold);
      side.counts = side.counts.slice(side.indices.length - indices.length);
      side.indices = [...indices];
    }
  }

  /** Merges buckets to a coarser schema; nothing happens where it is not coarser. */
  reduceTo(schema: number): void {
    if (schema >= this.#schema) return;
    for (const side of [this.#positive, this.#negative]) {
      const reduced: OpenSide = { indices: [], counts: [] };
      for (const [place, finer] of side.indices.entries()) {
        const index = coarserIndex(finer, this.#schema, schema);
        const last = reduced.counts[reduced.counts.length - 1];
        const { sum, rest } = side.counts[place]!;
        if (last !== undefined && reduced.indices[reduced.indices.length - 1] === index) {
          addTo(last, sum);
          addTo(last, rest);
        } else {
          reduced.indices.push(index);
          reduced.counts.push({ sum, rest });
        }
      }
      side.indices = reduced.indices;
      side.counts = reduced.counts;
    }
    this.#schema = schema;
  }

  #addCustom(bounds: readonly number[], other: Side, sign: 1 | -1): void {
    if (sameBounds(this.#customValues, bounds)) {
      mergeSide(this.#positive, other, sign);
      return;
    }
    this.boundsReconciled = true;
    const common = commonBounds(this.#customValues, bounds);
    const mine = this.#positive;
    const mapped: OpenSide = { indices: [], counts: [] };
    for (const [place, index] of mine.indices.entries()) {
      const target = commonIndex(common, this.#customValues, index);
      const { sum, rest } = mine.counts[place]!;
      addAt(mapped, target, sum);
      addAt(mapped, target, rest);
    }
    for (const [place, index] of other.indices.entries()) {
      addAt(mapped, commonIndex(common, bounds, index), sign * other.counts[place]!);
    }
    this.#positive = sortedSide(mapped);
    this.#customValues = common;
  }
}

/** The bucket of the common bounds that holds a bucket of the given ones. */
function commonIndex(common: readonly number[], bounds: readonly number[], index: number): number {
  const upper = bounds[index];
  if (upper === undefined) return common.length;
  const found = common.findIndex((bound) => bound >= upper);
  return found < 0 ? common.length : found;
}

function openSide({ indices, counts }: Side): OpenSide {
  return { indices: [...indices], counts: counts.map((sum) => ({ sum, rest: 0 })) };
}

function closedSide({ indices, counts }: OpenSide): Side {
  return { indices, counts: counts.map(totalOf) };
}

function copySide({ indices, counts }: OpenSide): OpenSide {
  return { indices: [...indices], counts: counts.map((count) => ({ ...count })) };
}

function addAt(side: OpenSide, index: number, term: number): void {
  const place = side.indices.indexOf(index);
  if (place >= 0) addTo(side.counts[place]!, term);
  else {
    side.indices.push(index);
    side.counts.push({ sum: term, rest: 0 });
  }
}

function sortedSide({ indices, counts }: OpenSide): OpenSide {
  const order = indices.map((_, place) => place).filter((place) => totalOf(counts[place]!) !== 0);
  order.sort((a, b) => indices[a]! - indices[b]!);
  return {
    indices: order.map((place) => indices[place]!),
    counts: order.map((place) => counts[place]!),
  };
}

/** Adds ascending buckets to ascending buckets. */
function mergeSide(into: OpenSide, other: Side, sign: 1 | -1): void {
  if (other.indices.length === 0) return;
  const indices: number[] = [];
  const counts: Compensated[] = [];
  let place = 0;
  for (let at = 0; at < other.indices.length; at++) {
    const index = other.indices[at]!;
    while (place < into.indices.length && into.indices[place]! < index) {
      indices.push(into.indices[place]!);
      counts.push(into.counts[place++]!);
    }
    const term = sign * other.counts[at]!;
    if (into.indices[place] === index) {
      const count = into.counts[place++]!;
      addTo(count, term);
      counts.push(count);
    } else {
      counts.push({ sum: term, rest: 0 });
    }
    indices.push(index);
  }
  for (; place < into.indices.length; place++) {
    indices.push(into.indices[place]!);
    counts.push(into.counts[place]!);
  }
  into.indices = indices;
  into.counts = counts;
}

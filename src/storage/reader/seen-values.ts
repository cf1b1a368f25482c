import { compareUtf8 } from '../../util/index.ts';
import { sortTexts } from './label-order.ts';

const NO_PAIRS = new Uint32Array(0);
const NO_TIMES = new Float64Array(0);

/**
 * The values of a label name in one shard, in order, each with the time of a sample that a series
 * with that value was seen to have. What lies within other times is told by these alone, as long as
 * no sample goes.
 */
export class SeenValues {
  static readonly NONE = new SeenValues([], NO_PAIRS, NO_TIMES);

  /** By their UTF-8 bytes. */
  readonly texts: readonly string[];
  /** The pair of each. */
  readonly pairs: Uint32Array;
  /** NaN where none was seen, or its time is not known. */
  readonly #times: Float64Array;
  /** Of all times; NaN where one is NaN. */
  #oldest = NaN;
  #newest = NaN;
  /** What was given last for a part of the values: mostly the next one wants the same. */
  #part: { readonly kept: Uint8Array; readonly texts: readonly string[] } | undefined;

  private constructor(texts: readonly string[], pairs: Uint32Array, times: Float64Array) {
    this.texts = texts;
    this.pairs = pairs;
    this.#times = times;
  }

  get length(): number {
    return this.texts.length;
  }

  /** These and others, whose samples have not been seen. */
  with(pairs: Uint32Array, textOf: (pair: number) => string): SeenValues {
    const byText = new Map<string, number>();
    for (const pair of pairs) byText.set(textOf(pair), pair);
    const texts = sortTexts([...byText.keys()]);
    const added = new SeenValues(
      texts,
      Uint32Array.from(texts, (text) => byText.get(text)!),
      new Float64Array(texts.length).fill(NaN),
    );
    return this.length === 0 ? added : this.#mergedWith(added);
  }

  /** Whether all are known to have a sample within the times. */
  areWithin(minTime: number, maxTime: number): boolean {
    return minTime <= this.#oldest && this.#newest <= maxTime;
  }

  isWithin(index: number, minTime: number, maxTime: number): boolean {
    const time = this.#times[index]!;
    return minTime <= time && time <= maxTime;
  }

  /** The pairs of those that are not known to have a sample within the times. */
  *others(minTime: number, maxTime: number): IterableIterator<number> {
    if (this.areWithin(minTime, maxTime)) return;
    for (let index = 0; index < this.length; index++) {
      if (!this.isWithin(index, minTime, maxTime)) yield this.pairs[index]!;
    }
  }

  /** A series with the value has a sample at that time; NaN: at one that is not known. */
  note(index: number, time: number): void {
    this.#times[index] = time;
  }

  /** The texts of those that `kept` has other than 0; the same list again where it can be. */
  part(kept: Uint8Array): readonly string[] {
    this.#takeBounds();
    if (kept.every((flag) => flag !== 0)) return this.texts;
    const before = this.#part;
    if (before?.kept.every((flag, index) => flag === kept[index]) === true) return before.texts;
    const texts = this.texts.filter((_, index) => kept[index] !== 0);
    this.#part = { kept, texts };
    return texts;
  }

  #takeBounds(): void {
    let oldest = Infinity;
    let newest = -Infinity;
    // NaN stays.
    for (const time of this.#times) {
      oldest = Math.min(oldest, time);
      newest = Math.max(newest, time);
    }
    this.#oldest = oldest;
    this.#newest = newest;
  }

  #mergedWith(others: SeenValues): SeenValues {
    const length = this.length + others.length;
    const texts: string[] = [];
    const pairs = new Uint32Array(length);
    const times = new Float64Array(length);
    let own = 0;
    let other = 0;
    while (texts.length < length) {
      const isOwn =
        other === others.length ||
        (own < this.length && compareUtf8(this.texts[own]!, others.texts[other]!) < 0);
      const from = isOwn ? this : others;
      const at = isOwn ? own++ : other++;
      pairs[texts.length] = from.pairs[at]!;
      times[texts.length] = from.#times[at]!;
      texts.push(from.texts[at]!);
    }
    return new SeenValues(texts, pairs, times);
  }
}

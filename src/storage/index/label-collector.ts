import type { IndexView } from './index-view.ts';

/** The labels of several series: each different text once. */
export interface CollectedLabels {
  readonly texts: readonly string[];
  /** The labels of set i (name, value, …) are `textIds[offsets[i], offsets[i + 1])`. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly textIds: Uint32Array<ArrayBuffer>;
}

/**
 * Collects label sets, in the epoch in which they were found. Each different pair is looked at
 * once, and each different text decoded once; the rest is numbers.
 */
export class LabelCollector {
  readonly #view: IndexView;
  readonly #ofPair: NumberedWords;
  readonly #ofSymbol: NumberedWords;
  /** Texts of name and value, by the number of the pair. */
  #pairTexts = new Uint32Array(512);
  readonly #texts: string[] = [];
  #offsets = new Uint32Array(256);
  #textIds = new Uint32Array(4096);
  #count = 0;

  constructor(view: IndexView) {
    this.#view = view;
    this.#ofPair = new NumberedWords();
    this.#ofSymbol = new NumberedWords();
  }

  /** Adds the labels of a set; 0 has none. */
  add(set: number): void {
    const count = set === 0 ? 0 : this.#view.sets.read(set);
    const { pairs } = this.#view.sets;
    let at = this.#offsets[this.#count]!;
    if (at + 2 * count > this.#textIds.length) this.#textIds = wider(this.#textIds, at + 2 * count);
    for (let index = 0; index < count; index++) {
      const number = this.#numberOf(pairs[index]!);
      this.#textIds[at++] = this.#pairTexts[2 * number]!;
      this.#textIds[at++] = this.#pairTexts[2 * number + 1]!;
    }
    this.#count++;
    if (this.#count === this.#offsets.length) this.#offsets = wider(this.#offsets, this.#count);
    this.#offsets[this.#count] = at;
  }

  /** What was added; the collector must not be used any more. */
  build(): CollectedLabels {
    return {
      texts: this.#texts,
      offsets: this.#offsets.slice(0, this.#count + 1),
      textIds: this.#textIds.slice(0, this.#offsets[this.#count]),
    };
  }

  #numberOf(pair: number): number {
    const known = this.#ofPair.size;
    const number = this.#ofPair.numberOf(pair);
    if (number < known) return number;
    if (2 * number + 2 > this.#pairTexts.length) {
      this.#pairTexts = wider(this.#pairTexts, 2 * number + 2);
    }
    const { pairs } = this.#view;
    this.#pairTexts[2 * number] = this.#textOf(pairs.name(pair));
    this.#pairTexts[2 * number + 1] = this.#textOf(pairs.value(pair));
    return number;
  }

  #textOf(symbol: number): number {
    const number = this.#ofSymbol.numberOf(symbol);
    if (number === this.#texts.length) this.#texts.push(this.#view.symbols.text(symbol));
    return number;
  }
}

/** Numbers different words, none of them 0, from 0 on in the order in which they come. */
class NumberedWords {
  size = 0;
  #slots = new Uint32Array(1024);
  #mask = 511;

  numberOf(word: number): number {
    const slots = this.#slots;
    let at = spread(word) & this.#mask;
    for (; slots[2 * at] !== 0; at = (at + 1) & this.#mask) {
      if (slots[2 * at] === word) return slots[2 * at + 1]!;
    }
    slots[2 * at] = word;
    slots[2 * at + 1] = this.size++;
    if (2 * this.size > this.#mask) this.#grow();
    return this.size - 1;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Uint32Array(2 * old.length);
    const mask = slots.length / 2 - 1;
    for (let index = 0; index < old.length; index += 2) {
      const word = old[index]!;
      if (word === 0) continue;
      let at = spread(word) & mask;
      while (slots[2 * at] !== 0) at = (at + 1) & mask;
      slots[2 * at] = word;
      slots[2 * at + 1] = old[index + 1]!;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

function spread(word: number): number {
  const mixed = Math.imul(word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function wider(words: Uint32Array, wanted: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(Math.max(2 * words.length, wanted));
  grown.set(words);
  return grown;
}

/** Numbers by words other than 0: what a `Map` is, at half the price. */
export class WordMap {
  #size = 0;
  #slots = new Uint32Array(512);
  /** Slots are two words each. */
  #mask = 255;

  /** -1 where the word is not known. */
  get(word: number): number {
    const slots = this.#slots;
    for (let at = spread(word) & this.#mask; ; at = (at + 1) & this.#mask) {
      const known = slots[2 * at]!;
      if (known === word) return slots[2 * at + 1]!;
      if (known === 0) return -1;
    }
  }

  /** Enters a word that is not known. */
  add(word: number, number: number): void {
    if (2 * ++this.#size > this.#mask) this.#grow();
    place(this.#slots, this.#mask, word, number);
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    this.#mask = old.length - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0) place(this.#slots, this.#mask, old[at]!, old[at + 1]!);
    }
  }
}

function place(slots: Uint32Array, mask: number, word: number, number: number): void {
  let at = spread(word) & mask;
  while (slots[2 * at] !== 0) at = (at + 1) & mask;
  slots[2 * at] = word;
  slots[2 * at + 1] = number;
}

function spread(word: number): number {
  const mixed = Math.imul(word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

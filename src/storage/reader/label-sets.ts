/** Collects label sets of several origins, each once. */
export class LabelSets {
  readonly #ordinals = new Map<string, number>();
  readonly #sets: (readonly string[])[] = [];

  get size(): number {
    return this.#sets.length;
  }

  /** The number of the set, which is new if it is the number of sets before. */
  add(pairs: readonly string[]): number {
    const key = pairs.join('\u0000');
    const known = this.#ordinals.get(key);
    // Texts may hold what joins them; then the sets decide, and the key is made longer.
    if (known === undefined) return this.#enter(key, pairs);
    if (samePairs(this.#sets[known]!, pairs)) return known;
    const exact = JSON.stringify(pairs);
    return this.#ordinals.get(exact) ?? this.#enter(exact, pairs);
  }

  pairs(ordinal: number): readonly string[] {
    return this.#sets[ordinal]!;
  }

  #enter(key: string, pairs: readonly string[]): number {
    const ordinal = this.#sets.push(pairs) - 1;
    this.#ordinals.set(key, ordinal);
    return ordinal;
  }
}

function samePairs(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

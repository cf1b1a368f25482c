import type { LabelTableData } from './label-table.ts';
import { readTextTable, TextTableBuilder } from './text-table.ts';

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

  /** The given ones as buffers, in that order. */
  build(ordinals: Iterable<number>): LabelTableData {
    const texts = new TextTableBuilder();
    const ids = new Map<string, number>();
    const offsets: number[] = [0];
    const textIds: number[] = [];
    for (const ordinal of ordinals) {
      for (const text of this.#sets[ordinal]!) {
        let id = ids.get(text);
        if (id === undefined) {
          id = texts.add(text);
          ids.set(text, id);
        }
        textIds.push(id);
      }
      offsets.push(textIds.length);
    }
    return {
      texts: texts.build(),
      offsets: Uint32Array.from(offsets),
      textIds: Uint32Array.from(textIds),
    };
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

/** Calls `visit` with the pairs of each set of a table, in its order. */
export function eachLabelSet(
  { texts, offsets, textIds }: LabelTableData,
  visit: (pairs: readonly string[], index: number) => void,
): void {
  const all = readTextTable(texts);
  for (let index = 0; index + 1 < offsets.length; index++) {
    const pairs: string[] = [];
    for (let at = offsets[index]!; at < offsets[index + 1]!; at++) pairs.push(all[textIds[at]!]!);
    visit(pairs, index);
  }
}

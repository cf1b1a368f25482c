import { sortTexts } from './label-order.ts';

/** Collects texts, each once. A set of many is dear, so there is one only where it takes one. */
export class DistinctTexts {
  #list: string[] = [];
  #set: Set<string> | undefined;

  has(text: string): boolean {
    return this.#distinct().has(text);
  }

  add(text: string): void {
    this.#distinct().add(text);
  }

  /** Adds a text that is known not to be there. */
  addNew(text: string): void {
    if (this.#set === undefined) this.#list.push(text);
    else this.#set.add(text);
  }

  /** By their UTF-8 bytes, the first `limit` when it is given. */
  sorted(limit: number | undefined): readonly string[] {
    const sorted = sortTexts(this.#set === undefined ? this.#list.slice() : [...this.#set]);
    return limit === undefined ? sorted : sorted.slice(0, limit);
  }

  #distinct(): Set<string> {
    this.#set ??= new Set(this.#list);
    return this.#set;
  }
}

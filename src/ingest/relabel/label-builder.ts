import { Labels } from '../../model/index.ts';

/**
 * A label set under change. Labels that were there at the start come first, in their order; what
 * is set later comes after them, in order of setting: `snapshot` keeps that order, on which it
 * depends which of two labels wins that `labelmap` copies to one name.
 */
export class LabelBuilder {
  #names: string[] = [];
  #values: string[] = [];
  /** Of the entries, this many are from the start. */
  #baseCount = 0;
  #changed = false;
  #base: Labels = Labels.EMPTY;

  reset(base: Labels): void {
    this.#base = base;
    this.#changed = false;
    this.#names.length = 0;
    this.#values.length = 0;
    const { pairs } = base;
    for (let index = 0; index < pairs.length; index += 2) {
      this.#names.push(pairs[index] ?? '');
      this.#values.push(pairs[index + 1] ?? '');
    }
    this.#baseCount = this.#names.length;
  }

  /** The value, or '' where there is no such label. */
  get(name: string): string {
    const index = this.#names.indexOf(name);
    return index < 0 ? '' : (this.#values[index] ?? '');
  }

  /** Sets a label; an empty value removes it. */
  set(name: string, value: string): void {
    if (value === '') {
      this.delete(name);
      return;
    }
    const index = this.#names.indexOf(name);
    if (index >= 0 && this.#values[index] === value) return;
    this.#changed = true;
    if (index >= this.#baseCount) {
      this.#values[index] = value;
      return;
    }
    if (index >= 0) this.#remove(index);
    this.#names.push(name);
    this.#values.push(value);
  }

  delete(name: string): void {
    const index = this.#names.indexOf(name);
    if (index >= 0) this.#remove(index);
  }

  /** The labels as they stand, name, value, name, value, …, not sorted. */
  snapshot(): readonly string[] {
    return this.#names.flatMap((name, index) => [name, this.#values[index] ?? '']);
  }

  labels(): Labels {
    return this.#changed ? Labels.fromPairs(this.snapshot()) : this.#base;
  }

  #remove(index: number): void {
    this.#changed = true;
    this.#names.splice(index, 1);
    this.#values.splice(index, 1);
    if (index < this.#baseCount) this.#baseCount--;
  }
}

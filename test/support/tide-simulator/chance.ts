import { seededRandom } from '../../../src/util/index.ts';

/** Numbers that look random and follow from a seed alone. */
export class Chance {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed ^ 0x9e3779b9);
    for (let turn = 0; turn < 4; turn++) this.next();
  }

  /** From 0 to below 1. */
  next(): number {
    return this.#random();
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True that often. */
  hit(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)] as T;
  }

  /** A stream of its own, so that one part's draws do not shift another's. */
  fork(): Chance {
    return new Chance(Math.floor(this.next() * 2 ** 32));
  }
}

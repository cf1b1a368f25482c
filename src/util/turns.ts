/**
 * Goes round the values of a map, some at a time, so that work on each of many is spread over time.
 * What is added or taken out meanwhile does no harm.
 */
export class Turns<T> {
  readonly #map: ReadonlyMap<unknown, T>;
  #rest: Iterator<T, undefined> | undefined;

  constructor(map: ReadonlyMap<unknown, T>) {
    this.#map = map;
  }

  /** The next `count` values, each once; all where there are no more. */
  next(count: number): T[] {
    if (this.#map.size <= count) {
      this.#rest = undefined;
      return [...this.#map.values()];
    }
    const turn: T[] = [];
    while (turn.length < count) {
      this.#rest ??= this.#map.values();
      const { done, value } = this.#rest.next();
      if (done !== true) {
        turn.push(value);
        continue;
      }
      this.#rest = undefined;
      // The round is over: who was first in this turn is not to come twice in it.
      if (turn.length > 0) break;
    }
    return turn;
  }
}

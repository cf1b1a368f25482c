/**
 * Counts the series that have no samples, without asking all of them each time: those that had none
 * when they were last looked at are known, and are looked at again.
 */
export class EmptySeries {
  readonly #hasSamples: (ref: number) => boolean;
  readonly #refs = new Set<number>();
  /** Whether there are series that have not been looked at at all: those of runs. */
  #hasUnseen = false;

  constructor(hasSamples: (ref: number) => boolean) {
    this.#hasSamples = hasSamples;
  }

  add(ref: number): void {
    this.#refs.add(ref);
  }

  delete(ref: number): void {
    this.#refs.delete(ref);
  }

  /** Series came of which none was added here. */
  addUnseen(): void {
    this.#hasUnseen = true;
  }

  /** Looks at new series after their commit: mostly they have samples as soon as they are there. */
  recheck(series: readonly { readonly ref: number }[]): void {
    for (const { ref } of series) {
      if (this.#hasSamples(ref)) this.#refs.delete(ref);
    }
  }

  /** How many there are. `all` gives the refs of all series, in portions; it is seldom asked. */
  count(all: () => Iterable<Uint32Array>): number {
    if (this.#hasUnseen) {
      this.#hasUnseen = false;
      for (const refs of all()) {
        for (const ref of refs) if (!this.#hasSamples(ref)) this.#refs.add(ref);
      }
    }
    for (const ref of this.#refs) {
      if (this.#hasSamples(ref)) this.#refs.delete(ref);
    }
    return this.#refs.size;
  }
}

/**
 * Series of targets that have ended, whose staleness markers are still to be written: that waits,
 * as the target may come back, under another configuration too. Who scrapes such a series in the
 * meantime removes it here, and then no marker cuts through its samples.
 */
export class EndingSeries {
  readonly #refsByOwner = new Map<object, readonly number[]>();
  /** Ref to the target that had the series last. */
  readonly #owners = new Map<number, object>();

  get size(): number {
    return this.#owners.size;
  }

  add(owner: object, refs: readonly number[]): void {
    this.#refsByOwner.set(owner, refs);
    for (const ref of refs) this.#owners.set(ref, owner);
  }

  /** These series go on. */
  remove(refs: readonly number[]): void {
    for (const ref of refs) this.#owners.delete(ref);
  }

  /** The series of `owner` that nobody took over; they are not in here any more. */
  take(owner: object): readonly number[] {
    const refs = this.#refsByOwner.get(owner) ?? [];
    this.#refsByOwner.delete(owner);
    const left = refs.filter((ref) => this.#owners.get(ref) === owner);
    this.remove(left);
    return left;
  }
}

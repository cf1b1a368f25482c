import { DROPPED_REF, IdentityCache } from '../../identity/index.ts';

/** Identities not seen in the last scrape that are kept beside those that were. */
const UNSEEN_IDENTITIES_MAX = 100;

/**
 * The series of one target: the refs by the bytes that name them, and which of them were in the
 * last scrape, so that those that vanish get a staleness marker. One scrape is `begin`, lookups,
 * and one of `succeed`, `fail` and `abandon`.
 */
export class SeriesTracker {
  readonly identities = new IdentityCache();
  /** Entries tracked in the scrape under way, and in the last one that was stored. */
  #current = new Uint32Array(64);
  #currentCount = 0;
  #previous = new Uint32Array(64);
  #previousCount = 0;
  /** By entry: the pass in which it was last tracked. */
  #trackedPasses = new Uint32Array(64);
  /** Refs of the last scrape whose entries are gone, as the rules changed that made them. */
  #orphans: number[] = [];
  #sizeBefore = 0;
  #successPass = 0;
  #seen = 0;

  begin(bytes: Uint8Array): void {
    this.identities.begin(bytes);
    this.#currentCount = 0;
    this.#sizeBefore = this.identities.size;
    this.#seen = 0;
  }

  /**
   * Marks an entry as seen, and says how it is: for the first time (or again, after it was missing
   * from a scrape), as in the last scrape, or already seen in this one.
   */
  see(entry: number): 'new' | 'known' | 'repeated' {
    const before = this.identities.touch(entry);
    if (before === this.identities.pass) return 'repeated';
    this.#seen++;
    return before === 0 || before < this.#successPass ? 'new' : 'known';
  }

  /** Notes that the series of this entry is to get a staleness marker when it vanishes. */
  track(entry: number): void {
    if (entry >= this.#trackedPasses.length)
      this.#trackedPasses = grown(this.#trackedPasses, entry);
    const { pass } = this.identities;
    if (this.#trackedPasses[entry] === pass) return;
    this.#trackedPasses[entry] = pass;
    if (this.#currentCount === this.#current.length) {
      this.#current = grown(this.#current, this.#currentCount);
    }
    this.#current[this.#currentCount++] = entry;
  }

  /** Refs that were in the last scrape and are not in this one. */
  missingRefs(): readonly number[] {
    const { refs, pass } = this.identities;
    const missing = this.#orphans.slice();
    for (let index = 0; index < this.#previousCount; index++) {
      const entry = this.#previous[index]!;
      if (this.#trackedPasses[entry] !== pass) missing.push(refs[entry]!);
    }
    if (missing.length === 0 || this.#currentCount === 0) return missing;
    // A series may go on under another spelling (its labels in another order): that one is there.
    const present = new Set<number>();
    for (let index = 0; index < this.#currentCount; index++)
      present.add(refs[this.#current[index]!]!);
    return missing.filter((ref) => !present.has(ref));
  }

  /** Refs of the last scrape that was stored: what gets a marker when the target ends. */
  previousRefs(): readonly number[] {
    const { refs } = this.identities;
    const list = this.#orphans.slice();
    for (let index = 0; index < this.#previousCount; index++) {
      list.push(refs[this.#previous[index]!]!);
    }
    return list;
  }

  /** Refs of the series that this scrape saw for the first time. */
  addedRefs(): readonly number[] {
    const { identities } = this;
    const added: number[] = [];
    for (let entry = this.#sizeBefore + 1; entry <= identities.size; entry++) {
      const ref = identities.refs[entry]!;
      if (ref !== DROPPED_REF) added.push(ref);
    }
    return added;
  }

  /** The scrape is stored. Returns whether it was needed to cut the cache down. */
  succeed(): boolean {
    [this.#current, this.#previous] = [this.#previous, this.#current];
    this.#previousCount = this.#currentCount;
    this.#orphans = [];
    this.#successPass = this.identities.pass;
    this.identities.end();
    const unseen = this.identities.size - this.#seen;
    if (unseen <= UNSEEN_IDENTITIES_MAX || unseen * 4 <= this.#seen) return false;
    this.#dropUnseen();
    return true;
  }

  /** The scrape failed, and markers for all series of the last one are stored. */
  fail(): void {
    this.#previousCount = 0;
    this.#orphans = [];
    this.#forgetAdded();
  }

  /** Nothing of the scrape is stored, not even markers: all is as before it. */
  abandon(): void {
    this.#forgetAdded();
  }

  /** Forgets all identities; the series of the last scrape are still known as such. */
  resetIdentities(): void {
    this.#orphans = this.previousRefs().slice();
    this.#previousCount = 0;
    this.identities.clear();
    this.#trackedPasses.fill(0);
    this.#successPass = 0;
  }

  // Series that a failed commit would have made are unknown to storage. They came last, so nothing
  // that stays is renumbered.
  #forgetAdded(): void {
    const { identities } = this;
    if (identities.size > this.#sizeBefore) identities.retain((entry) => entry <= this.#sizeBefore);
    identities.end();
  }

  #dropUnseen(): void {
    const { identities } = this;
    const { pass } = identities;
    const renumbered = identities.retain((entry) => identities.lastPass(entry) === pass);
    const tracked = new Uint32Array(this.#trackedPasses.length);
    for (let entry = 1; entry < renumbered.length; entry++) {
      const kept = renumbered[entry]!;
      if (kept > 0) tracked[kept] = this.#trackedPasses[entry] ?? 0;
    }
    this.#trackedPasses = tracked;
    for (let index = 0; index < this.#previousCount; index++) {
      this.#previous[index] = renumbered[this.#previous[index]!]!;
    }
  }
}

/** A copy of at least twice the length that has room for `index`. */
function grown(array: Uint32Array, index: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(Math.max(2 * array.length, index + 1));
  copy.set(array);
  return copy;
}

import { IdentityCache } from '../../identity/index.ts';

/** Label parameters whose series are remembered; beyond that the longest unused are forgotten. */
const CACHES_MAX = 64;

/**
 * Identity caches by label parameters, which decide what series a line of the body names. All of
 * them share one bound of memory, so that one sender of many series may have nearly all of it: a
 * cache that is smaller than a body remembers nothing of it.
 */
export class TextCaches {
  readonly #caches = new Map<string, IdentityCache>();
  readonly #maxBytes: number;

  /** @param maxBytes of all caches together, up to the body that is being decoded. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Number of caches held. */
  get size(): number {
    return this.#caches.size;
  }

  /** The cache for these labels (name, value, … sorted); the last one used from now on. */
  for(labelPairs: readonly string[]): IdentityCache {
    const key = JSON.stringify(labelPairs);
    const cache = this.#caches.get(key) ?? new IdentityCache({ maxBytes: this.#maxBytes });
    this.#caches.delete(key);
    this.#caches.set(key, cache);
    if (this.#caches.size > CACHES_MAX) this.#forgetOldest();
    return cache;
  }

  /** Forgets the longest unused until the bound is kept; to be called after each body. */
  trim(): void {
    let heldBytes = 0;
    for (const cache of this.#caches.values()) heldBytes += cache.memoryBytes;
    while (heldBytes > this.#maxBytes && this.#caches.size > 1) heldBytes -= this.#forgetOldest();
  }

  #forgetOldest(): number {
    for (const [key, cache] of this.#caches) {
      this.#caches.delete(key);
      return cache.memoryBytes;
    }
    return 0;
  }
}

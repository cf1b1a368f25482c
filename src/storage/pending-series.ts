import type { Labels } from '../model/index.ts';
import type { SeriesRef } from './api.ts';

/** A series that appenders have asked for and no commit has made yet. */
export interface PendingSeries {
  readonly ref: SeriesRef;
  readonly labels: Labels;
  /** The source of the appender that asked first. */
  readonly source: string | undefined;
  /** Appenders that may still commit it. */
  holders: number;
  readonly hash: number;
  /** UTF-16 units of all its texts. */
  readonly textUnits: number;
  /** The list of an appender that it was put in last: not again while that asks for it anew. */
  heldBy: readonly PendingSeries[] | undefined;
  /** The list of what an appender commits that it was put in last. */
  listedIn: readonly PendingSeries[] | undefined;
  /** A commit has made it. */
  isApplied: boolean;
  /** The next one with the same hash. */
  nextSameHash: PendingSeries | undefined;
}

/** Pending series by their labels. */
export class PendingTable {
  readonly #byHash = new Map<number, PendingSeries>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The series with these labels, whose hash is `hash`. */
  find(labels: Labels, hash: number): PendingSeries | undefined {
    let pending = this.#byHash.get(hash);
    while (pending !== undefined && !pending.labels.equals(labels)) pending = pending.nextSameHash;
    return pending;
  }

  /** Enters a series, which must not be there. */
  add(ref: SeriesRef, labels: Labels, hash: number, source: string | undefined): PendingSeries {
    const nextSameHash = this.#byHash.get(hash);
    const pending: PendingSeries = {
      ref,
      labels,
      source,
      holders: 0,
      hash,
      textUnits: lastTexts === labels.pairs ? lastUnits : countUnits(labels.pairs),
      heldBy: undefined,
      listedIn: undefined,
      isApplied: false,
      nextSameHash,
    };
    this.#byHash.set(hash, pending);
    this.#size++;
    return pending;
  }

  /** Whether the series was there. */
  remove(gone: PendingSeries): boolean {
    const first = this.#byHash.get(gone.hash);
    if (first === gone) {
      if (gone.nextSameHash === undefined) this.#byHash.delete(gone.hash);
      else this.#byHash.set(gone.hash, gone.nextSameHash);
    } else {
      let before = first;
      while (before !== undefined && before.nextSameHash !== gone) before = before.nextSameHash;
      if (before === undefined) return false;
      before.nextSameHash = gone.nextSameHash;
    }
    this.#size--;
    return true;
  }
}

/** Where hashing begins: senders must not be able to choose label sets that collide. */
const HASH_SEED = (Math.random() * 0x40000000) | 0;

/** The texts of the label set that was hashed last, and the hash of each. */
let lastTexts: readonly string[] = [];
let lastHashes = new Int32Array(64);
let lastUnits = 0;

/** A hash of names and values that fits a small integer. */
export function hashLabels({ pairs }: Labels): number {
  if (pairs.length > lastHashes.length) {
    lastHashes = new Int32Array(2 * pairs.length);
    lastTexts = [];
  }
  // New series come in runs that share most of their texts at the same places.
  const texts = lastTexts;
  const hashes = lastHashes;
  let hash = HASH_SEED;
  let units = 0;
  for (let place = 0; place < pairs.length; place++) {
    const text = pairs[place]!;
    units += text.length;
    if (text !== texts[place]) hashes[place] = hashText(text);
    hash = Math.imul(hash ^ hashes[place]!, 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  lastTexts = pairs;
  lastUnits = units;
  return hash & 0x3fffffff;
}

/** UTF-16 units of texts. */
export function countUnits(texts: readonly string[]): number {
  let units = 0;
  for (const text of texts) units += text.length;
  return units;
}

function hashText(text: string): number {
  let hash = HASH_SEED ^ text.length;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}

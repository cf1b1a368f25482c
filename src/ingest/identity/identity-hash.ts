import { randomFillSync } from 'node:crypto';

/** Where hashing begins, and the odd multipliers of a step. */
export interface IdentityHashKey {
  readonly seed: number;
  readonly first: number;
  readonly second: number;
}

/** A key that nobody can know. */
export function identityHashKey(): IdentityHashKey {
  const [seed = 0, first = 0, second = 0] = randomFillSync(new Int32Array(3));
  return { seed, first: first | 1, second: second | 1 };
}

/**
 * Hashes `[start, end)` to an unsigned 32-bit number, four bytes a step, in the shape of
 * MurmurHash3 (public domain, A. Appleby). Its own multipliers are known, and with them one can
 * write down names that collide whatever the seed; so these are part of the key, as in
 * `ByteHasher`, whose 128 bits take too long here.
 */
export function hashIdentity(
  view: DataView,
  start: number,
  end: number,
  key: IdentityHashKey,
): number {
  const { first, second } = key;
  let hash = key.seed ^ (end - start);
  let position = start;
  for (; position + 4 <= end; position += 4) {
    hash = mix(hash, view.getInt32(position, true), first, second);
  }
  let tail = 0;
  for (; position < end; position++) tail = (tail << 8) | view.getUint8(position);
  hash = mix(hash, tail, first, second);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(hash: number, word: number, first: number, second: number): number {
  const product = Math.imul(word, first);
  const mixed = hash ^ Math.imul((product << 15) | (product >>> 17), second);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

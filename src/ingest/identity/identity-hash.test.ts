import { expect, test } from 'vitest';
import { hashIdentity, type IdentityHashKey, identityHashKey } from './identity-hash.ts';

/** The multipliers of MurmurHash3, which everybody knows. */
const KNOWN = { first: 0xcc9e2d51 | 0, second: 0x1b873593 };

/** Undoes the multiplication by an odd number modulo 2^32 (Newton's iteration). */
function inverse(odd: number): number {
  let found = odd;
  for (let round = 0; round < 5; round++) {
    found = Math.imul(found, 2 - Math.imul(odd, found));
  }
  return found;
}

/** The word whose mixed form, which is XORed into the hash, is `mixed`. */
function wordOf(mixed: number): number {
  const rotated = Math.imul(mixed, inverse(KNOWN.second));
  return Math.imul((rotated >>> 15) | (rotated << 17), inverse(KNOWN.first));
}

/**
 * Names of equal length that collide for every seed: a difference in bit 18 of one word becomes the
 * top bit of the hash, and the next word takes it away.
 */
function collidingNames(pairs: number): Uint8Array[] {
  return Array.from({ length: 2 ** pairs }, (_, choice) => {
    const view = new DataView(new ArrayBuffer(8 * pairs));
    for (let pair = 0; pair < pairs; pair++) {
      const flipped = ((choice >>> pair) & 1) === 1;
      view.setInt32(8 * pair, wordOf(flipped ? 1 << 18 : 0), true);
      view.setInt32(8 * pair + 4, wordOf(flipped ? 1 << 31 : 0), true);
    }
    return new Uint8Array(view.buffer);
  });
}

function hashes(names: readonly Uint8Array[], key: IdentityHashKey): Set<number> {
  return new Set(names.map((name) => hashIdentity(new DataView(name.buffer), 0, name.length, key)));
}

test('names that collide under known multipliers do not under those that are drawn', () => {
  const names = collidingNames(10);
  expect(hashes(names, { ...KNOWN, seed: 0 }).size).toBe(1);
  expect(hashes(names, { ...KNOWN, seed: 0x12345678 }).size).toBe(1);
  expect(hashes(names, identityHashKey()).size).toBeGreaterThan(1000);
});

test('every byte and the length count, wherever the name lies', () => {
  const key: IdentityHashKey = { seed: 1, first: 0x2545f491, second: 0x41c64e6d };
  const names = Array.from({ length: 40 }, (_, length) => new Uint8Array(length));
  for (let at = 0; at < 40; at++) {
    const name = new Uint8Array(40);
    name[at] = 1;
    names.push(name);
  }
  expect(hashes(names, key).size).toBe(names.length);
  const padded = new Uint8Array(50);
  padded.set(names[45] ?? [], 3);
  const [alone] = hashes([names[45] ?? new Uint8Array(0)], key);
  expect(hashIdentity(new DataView(padded.buffer), 3, 43, key)).toBe(alone);
});

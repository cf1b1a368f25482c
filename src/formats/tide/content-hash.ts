import type { Labels } from '../../model/index.ts';
import type { Hash64 } from './schema-change.ts';

const TWO_POWER_32 = 2 ** 32;

/** MurmurHash3's 32-bit finalizer: each input bit flips each output bit half of the time. */
function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/**
 * 64 bits of bytes: two lanes over the bytes that differ in start and multiplier, each finished
 * with the other. The same in every process and version; not against those who prepare collisions.
 */
export function hashBytes(bytes: Uint8Array): Hash64 {
  let low = 0x9747b28c ^ bytes.length;
  let high = 0x3c6ef372 ^ bytes.length;
  for (let index = 0; index < bytes.length; index++) {
    low = Math.imul(low ^ bytes[index]!, 0x01000193);
    low = (low << 5) | (low >>> 27);
    high = Math.imul(high + bytes[index]!, 0x5bd1e995);
    high ^= high >>> 15;
  }
  const first = avalanche(low ^ avalanche(high));
  return { low: first >>> 0, high: avalanche(high + first) >>> 0 };
}

/**
 * The key of a series in content hashes, alike at both ends: of its label set as the agent has it,
 * before any relabelling, each part after its length.
 */
export function seriesKey(labels: Labels): Hash64 {
  const parts: Uint8Array[] = [];
  for (const part of labels.pairs) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    parts.push(length, bytes);
  }
  return hashBytes(Buffer.concat(parts));
}

/**
 * Count and exclusive or over the hashes of samples, for AUDIT: order does not matter, and what
 * was added can be taken out again. Two equal samples cancel out but for the count.
 */
export class ContentHash {
  count = 0;
  #low = 0;
  #high = 0;

  /** Adds one sample, the value as its two words. Allocates nothing. */
  add(key: Hash64, timestamp: number, lowWord: number, highWord: number): void {
    this.#mix(key, timestamp, lowWord, highWord);
    this.count++;
  }

  /** Takes out a sample that was added. */
  remove(key: Hash64, timestamp: number, lowWord: number, highWord: number): void {
    this.#mix(key, timestamp, lowWord, highWord);
    this.count--;
  }

  get hash(): Hash64 {
    return { low: this.#low >>> 0, high: this.#high >>> 0 };
  }

  reset(): void {
    this.count = 0;
    this.#low = 0;
    this.#high = 0;
  }

  // Each step is a bijection of the lane it changes, so that samples that differ in one word alone
  // never meet.
  #mix(key: Hash64, timestamp: number, lowWord: number, highWord: number): void {
    let low = avalanche(key.low ^ (timestamp | 0));
    let high = avalanche(key.high + Math.floor(timestamp / TWO_POWER_32));
    low = avalanche(Math.imul(low, 0x1b873593) ^ lowWord);
    high = avalanche(Math.imul(high, 0x2545f491) ^ highWord);
    low = avalanche(low + Math.imul(high, 0x9e3779b1));
    high = avalanche(high ^ low);
    this.#low ^= low;
    this.#high ^= high;
  }
}

/** Exclusive or of two hashes: what adds to or takes from a sum of such. */
export function xorHash(a: Hash64, b: Hash64): Hash64 {
  return { low: (a.low ^ b.low) >>> 0, high: (a.high ^ b.high) >>> 0 };
}

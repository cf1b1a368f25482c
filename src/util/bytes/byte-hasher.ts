import { randomFillSync } from 'node:crypto';

/** Odd, so that multiplying loses nothing; each process draws its own. */
const PROCESS_KEY = randomFillSync(new Uint32Array(8));

/** Bytes taken in one round: four words, one for each lane. */
const ROUND_BYTES = 16;

/**
 * Hashes byte ranges to 128 bits: for tables whose keys come from outside, and as fingerprints
 * where 2^-64 per pair of keys is rare enough. Four 32-bit lanes of multiply, rotate and add (the
 * shape of MurmurHash3's x86 128-bit form), with multipliers and start drawn anew for each process,
 * so that nobody can prepare keys that collide. Not cryptographic, and not stable across processes
 * unless `key` is given. Allocates nothing per call.
 */
export class ByteHasher {
  /** The hash that the last `hash` made; overwritten by the next. */
  readonly words = new Uint32Array(4);
  readonly #key: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  /** `key`: eight words; hashers with the same key agree. Default: the process's own. */
  constructor(key: Uint32Array = PROCESS_KEY) {
    this.#key = Int32Array.from(key, (word, index) => (index < 4 ? word | 1 : word));
  }

  /** Hashes `[start, end)` of `bytes` into `words`. */
  hash(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#bytes) this.#attach(bytes);
    const view = this.#view;
    const key = this.#key;
    const k0 = key[0]!;
    const k1 = key[1]!;
    const k2 = key[2]!;
    const k3 = key[3]!;
    const length = end - start;
    let a = key[4]! ^ length;
    let b = key[5]! ^ length;
    let c = key[6]! ^ length;
    let d = key[7]! ^ length;
    let position = start;
    for (const last = end - ROUND_BYTES; position <= last; position += ROUND_BYTES) {
      a = mix(a, view.getInt32(position, true), k0, k1) + b;
      b = mix(b, view.getInt32(position + 4, true), k1, k2) + c;
      c = mix(c, view.getInt32(position + 8, true), k2, k3) + d;
      d = mix(d, view.getInt32(position + 12, true), k3, k0) + a;
    }
    for (; position + 4 <= end; position += 4) {
      a = mix(a, view.getInt32(position, true), k0, k1) + b;
      b = mix(b, a, k1, k2) + c;
      c = (c + d) | 0;
      d = mix(d, b, k3, k0);
    }
    let tail = 0;
    for (; position < end; position++) tail = (tail << 8) | bytes[position]!;
    a = mix(a, tail, k0, k1);
    this.#finish(a, b, c, d);
  }

  /** Lets every bit of the lanes reach every word. */
  #finish(first: number, second: number, third: number, fourth: number): void {
    let a = (first + second + third + fourth) | 0;
    let b = (second + a) | 0;
    let c = (third + a) | 0;
    let d = (fourth + a) | 0;
    a = avalanche(a);
    b = avalanche(b);
    c = avalanche(c);
    d = avalanche(d);
    a = (a + b + c + d) | 0;
    const words = this.words;
    words[0] = a;
    words[1] = b + a;
    words[2] = c + a;
    words[3] = d + a;
  }

  #attach(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

function mix(lane: number, word: number, multiplier: number, second: number): number {
  let mixed = Math.imul(word, multiplier);
  mixed = (mixed << 15) | (mixed >>> 17);
  mixed = lane ^ Math.imul(mixed, second);
  mixed = (mixed << 13) | (mixed >>> 19);
  return (Math.imul(mixed, 5) + 0x561ccd1b) | 0;
}

/** MurmurHash3's 32-bit finalizer: each input bit flips each output bit half of the time. */
function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

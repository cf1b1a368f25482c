/**
 * A hash of 32 bits of a text, by its UTF-16 units, in two multiplications a pair of units. Both
 * keys are drawn at random for each index: who sends texts must not be able to choose ones that
 * collide.
 */
export function hashText(text: string, key: number, multiplier: number): number {
  const { length } = text;
  let hash = key ^ length;
  let index = 0;
  for (; index + 1 < length; index += 2) {
    const units = text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16);
    hash = Math.imul(hash ^ units, multiplier);
    hash = (hash << 13) | (hash >>> 19);
  }
  if (index < length) hash = Math.imul(hash ^ text.charCodeAt(index), multiplier);
  return avalanche(hash);
}

/** A hash of two. */
export function combineHashes(first: number, second: number): number {
  return avalanche(Math.imul(first, 0x9e3779b1) ^ second);
}

/** A hash of numbers `[0, count)`; not for numbers that come from outside. */
export function hashNumbers(numbers: Uint32Array, count: number, key: number): number {
  let hash = key ^ count;
  for (let index = 0; index < count; index++) {
    hash = Math.imul(hash ^ numbers[index]!, 0x85ebca6b);
    hash = (hash << 13) | (hash >>> 19);
  }
  return avalanche(hash);
}

/** MurmurHash3's 32-bit finalizer: each input bit flips each output bit half of the time. */
function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Beyond this many bits for each ref, sorting costs less than a bitmap. */
const BITMAP_BITS_PER_REF = 256;

/** Puts refs in ascending order, each once, in place where possible. */
export function sortDistinct(refs: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  let min = 0xffff_ffff;
  let max = 0;
  let isSorted = true;
  for (let index = 0; index < refs.length; index++) {
    const ref = refs[index]!;
    if (index > 0 && ref <= refs[index - 1]!) isSorted = false;
    if (ref < min) min = ref;
    if (ref > max) max = ref;
  }
  if (isSorted) return refs;
  if (max - min > refs.length * BITMAP_BITS_PER_REF) return dropRepeats(refs.sort());
  return throughBitmap(refs, min, max);
}

/** Refs that are in both; each ascending. */
export function intersectRefs(
  a: Uint32Array<ArrayBuffer>,
  b: Uint32Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a];
  const common = new Uint32Array(few.length);
  let count = 0;
  let at = 0;
  for (let index = 0; index < few.length; index++) {
    const ref = few[index]!;
    at = lowerBound(many, ref, at);
    if (at === many.length) break;
    if (many[at] === ref) common[count++] = ref;
  }
  return common.subarray(0, count);
}

/** Refs of the first that are not in the second; each ascending. */
export function subtractRefs(
  refs: Uint32Array<ArrayBuffer>,
  others: Uint32Array,
): Uint32Array<ArrayBuffer> {
  const left = new Uint32Array(refs.length);
  let count = 0;
  let at = 0;
  for (let index = 0; index < refs.length; index++) {
    const ref = refs[index]!;
    at = lowerBound(others, ref, at);
    if (others[at] !== ref) left[count++] = ref;
  }
  return left.subarray(0, count);
}

/** First index from `from` on whose ref is at least `ref`; doubling steps, then halving. */
function lowerBound(refs: Uint32Array, ref: number, from: number): number {
  // Fast path: where both are dense, the next one it is.
  if (from >= refs.length || refs[from]! >= ref) return from;
  let step = 1;
  let low = from;
  while (low + step < refs.length && refs[low + step]! < ref) {
    low += step;
    step *= 2;
  }
  let high = Math.min(refs.length, low + step + 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (refs[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  return low;
}

function dropRepeats(refs: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  let count = 0;
  for (let index = 0; index < refs.length; index++) {
    if (index === 0 || refs[index] !== refs[index - 1]) refs[count++] = refs[index]!;
  }
  return refs.subarray(0, count);
}

function throughBitmap(
  refs: Uint32Array<ArrayBuffer>,
  min: number,
  max: number,
): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(((max - min) >>> 5) + 1);
  for (let index = 0; index < refs.length; index++) {
    const at = refs[index]! - min;
    bits[at >>> 5]! |= 1 << (at & 31);
  }
  let count = 0;
  for (let word = 0; word < bits.length; word++) {
    for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) {
      refs[count++] = min + 32 * word + 31 - Math.clz32(rest & -rest);
    }
  }
  return refs.subarray(0, count);
}

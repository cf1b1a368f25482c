/** Exponents of ten that `kernel/nearest-double.ts` reads numbers with. */
const LEAST = -64;
const GREATEST = 44;

const BITS = 128n;
const WORD = 64n;

/** Below it the reciprocal needs more bits before it is cut, so that its error stays under one. */
const SHORT_RECIPROCAL_LEAST = -27;

/**
 * 5^q for each exponent, as 128 bits of which the highest is set: high word, low word. Positive
 * powers are cut off, reciprocals rounded up (Lemire 2021, section 5).
 */
export function powersOfFive(): BigUint64Array {
  const table = new BigUint64Array(2 * (GREATEST - LEAST + 1));
  for (let exponent = LEAST; exponent <= GREATEST; exponent++) {
    const bits = exponent < 0 ? reciprocal(exponent) : normalize(5n ** BigInt(exponent));
    const at = 2 * (exponent - LEAST);
    table[at] = bits >> WORD;
    table[at + 1] = BigInt.asUintN(64, bits);
  }
  return table;
}

function reciprocal(exponent: number): bigint {
  const power = 5n ** BigInt(-exponent);
  // The smallest power of two that is not below it.
  const width = bitLength(power - 1n);
  const shift = exponent >= SHORT_RECIPROCAL_LEAST ? width + BITS - 1n : 2n * width + BITS;
  return normalize((1n << shift) / power + 1n);
}

function normalize(value: bigint): bigint {
  const excess = bitLength(value) - BITS;
  return excess > 0n ? value >> excess : value << -excess;
}

function bitLength(value: bigint): bigint {
  return value === 0n ? 0n : BigInt(value.toString(2).length);
}

// Doubles that are decimal numbers, as integers over a power of ten.

/** Exponents that packing tries: with more digits the integers are no shorter than the bits. */
export const EXPONENT_MAX: u32 = 15;

/** Powers of ten that a double holds exactly. */
const POWERS = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]);
export const EXACT_POWER_MAX: u32 = 22;

/** Integers up to here are exact in a double. */
export const EXACT_LIMIT: f64 = 9007199254740992.0;

/** 10^exponent, for 0 to `EXACT_POWER_MAX`. */
export function powerOfTen(exponent: u32): f64 {
  return load<f64>(POWERS + ((<usize>exponent) << 3));
}

/** The integer that `integer / 10^exponent` makes `bits` again of, in `decimal`; else false. */
export let decimal: i64 = 0;

export function isDecimal(bits: u64, exponent: u32): bool {
  const power = powerOfTen(exponent);
  const scaled = nearest(reinterpret<f64>(bits) * power);
  // False for NaN too.
  if (!(abs(scaled) <= EXACT_LIMIT)) return false;
  const integer = <i64>scaled;
  decimal = integer;
  return reinterpret<u64>(<f64>integer / power) === bits;
}

/** The smallest exponent above `exponent` with which `bits` is decimal, or `EXPONENT_MAX` + 1. */
export function largerExponent(bits: u64, exponent: u32): u32 {
  const value = reinterpret<f64>(bits);
  let tried = exponent + 1;
  // Minus zero, NaN, infinities and numbers that scaling makes too large fail with every one.
  if (value === 0 || !(abs(value) * powerOfTen(min(tried, EXPONENT_MAX)) <= EXACT_LIMIT)) {
    return EXPONENT_MAX + 1;
  }
  while (tried <= EXPONENT_MAX && !isDecimal(bits, tried)) tried++;
  return tried;
}

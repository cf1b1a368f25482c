import { HIGH_WORD } from '../../model/index.ts';

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/**
 * x to the power y: integer powers by repeated squaring of the mantissa, the fraction by exp and
 * log. JavaScript's own operator is a last digit off for powers of ten, which answers would show.
 */
export function power(base: number, exponent: number): number {
  if (exponent === 0 || base === 1) return 1;
  if (exponent === 1) return base;
  if (exponent === 0.5) return Math.sqrt(base);
  if (exponent === -0.5) return 1 / Math.sqrt(base);
  if (!Number.isFinite(base) || !Number.isFinite(exponent) || base === 0) {
    return base === -1 && exponent === exponent ? 1 : base ** exponent;
  }
  let whole = Math.trunc(Math.abs(exponent));
  let fraction = Math.abs(exponent) - whole;
  if (fraction !== 0 && base < 0) return NaN;
  // From there on every power is 0, 1 or infinite.
  if (whole >= 2 ** 63) {
    if (base === -1) return 1;
    return Math.abs(base) < 1 === exponent > 0 ? 0 : Infinity;
  }
  let result = 1;
  if (fraction !== 0) {
    if (fraction > 0.5) {
      fraction--;
      whole++;
    }
    result = Math.exp(fraction * Math.log(base));
  }
  return raise(base, whole, result, exponent < 0);
}

/** `start` × base^whole, or the inverse of it, with the binary exponent kept apart. */
function raise(base: number, whole: number, start: number, isInverse: boolean): number {
  let mantissa = mantissaOf(base);
  let mantissaExponent = exponentOf(base);
  let result = start;
  let resultExponent = 0;
  for (let rest = whole; rest > 0; rest = Math.floor(rest / 2)) {
    if (mantissaExponent < -4096 || mantissaExponent > 4096) {
      // Over- or underflows whatever follows.
      resultExponent += mantissaExponent;
      break;
    }
    if (rest % 2 === 1) {
      result *= mantissa;
      resultExponent += mantissaExponent;
    }
    mantissa *= mantissa;
    mantissaExponent *= 2;
    if (mantissa < 0.5) {
      mantissa += mantissa;
      mantissaExponent--;
    }
  }
  return isInverse ? scale(1 / result, -resultExponent) : scale(result, resultExponent);
}

/** The e of value = m × 2^e with |m| in [0.5, 1). The value is finite and not zero. */
function exponentOf(value: number): number {
  float[0] = value;
  const biased = (words[HIGH_WORD]! >>> 20) & 0x7ff;
  return biased === 0 ? exponentOf(value * 2 ** 54) - 54 : biased - 1022;
}

function mantissaOf(value: number): number {
  return scale(value, -exponentOf(value));
}

/** value × 2^exponent, without an intermediate that over- or underflows before the result does. */
function scale(value: number, exponent: number): number {
  let result = value;
  let rest = Math.max(-4000, Math.min(4000, exponent));
  for (; rest > 1000; rest -= 1000) result *= 2 ** 1000;
  for (; rest < -1000; rest += 1000) result *= 2 ** -1000;
  return result * 2 ** rest;
}

/** Integers of a chunk stay below this, so that differences of differences are exact. */
const INTEGER_LIMIT = 2 ** 50;
const EXPONENT_MAX = 15;
const POWERS = Float64Array.from({ length: EXPONENT_MAX + 1 }, (_, exponent) => 10 ** exponent);

/** Values of a chunk as integers divided by a power of ten, all but a few. */
export class DecimalForm {
  exponent = 0;
  /** The value at each place times 10^exponent; at exceptions, the one before. */
  integers = new Float64Array(512);
  /** Places whose values are no such integers (staleness markers, -0, …), ascending. */
  exceptions = new Uint32Array(512);
  exceptionCount = 0;

  /**
   * Takes values `[from, to)` apart; false where more than `maxExceptions` do not fit. What fits
   * comes back by `integer / 10^exponent` bit for bit.
   */
  scale(values: Float64Array, from: number, to: number, maxExceptions: number): boolean {
    const length = to - from;
    if (this.integers.length < length) {
      this.integers = new Float64Array(2 * length);
      this.exceptions = new Uint32Array(2 * length);
    }
    const limit = this.#findExponent(values, from, to, maxExceptions);
    if (limit < 0) return false;
    return this.#takeApart(values, from, to, maxExceptions);
  }

  /** The least exponent that suits all values which any exponent suits; -1 to give up. */
  #findExponent(values: Float64Array, from: number, to: number, maxExceptions: number): number {
    let exponent = 0;
    let unfit = 0;
    for (let index = from; index < to; index++) {
      const value = values[index]!;
      const scaled = value * POWERS[exponent]!;
      if (scaled === Math.trunc(scaled) && fits(scaled, exponent, value)) continue;
      const found = exponentOf(value, exponent);
      if (found >= 0) exponent = found;
      else if (++unfit > maxExceptions) return -1;
    }
    this.exponent = exponent;
    return exponent;
  }

  #takeApart(values: Float64Array, from: number, to: number, maxExceptions: number): boolean {
    const { integers, exceptions, exponent } = this;
    const power = POWERS[exponent]!;
    let previous = 0;
    let count = 0;
    for (let index = from; index < to; index++) {
      const value = values[index]!;
      const integer = Math.round(value * power);
      if (fits(integer, exponent, value)) {
        previous = integer;
      } else {
        if (count === maxExceptions) return false;
        exceptions[count++] = index - from;
      }
      integers[index - from] = previous;
    }
    this.exceptionCount = count;
    return true;
  }
}

/** Whether `integer / 10^exponent` is the value, bit for bit. */
function fits(integer: number, exponent: number, value: number): boolean {
  if (!(integer < INTEGER_LIMIT && integer > -INTEGER_LIMIT)) return false;
  if (integer === 0) return Object.is(value, 0);
  return value === integer / POWERS[exponent]!;
}

/** The least exponent from `least` on that suits the value, -1 where none does. */
function exponentOf(value: number, least: number): number {
  for (let exponent = least; exponent <= EXPONENT_MAX; exponent++) {
    const scaled = value * POWERS[exponent]!;
    if (!(scaled < INTEGER_LIMIT && scaled > -INTEGER_LIMIT)) return -1;
    if (fits(Math.round(scaled), exponent, value)) return exponent;
  }
  return -1;
}

/** Turns integers back into values `into[at, at + length)`. */
export function unscale(
  integers: Float64Array,
  length: number,
  exponent: number,
  into: Float64Array,
  at: number,
): void {
  if (exponent === 0) {
    into.set(integers.subarray(0, length), at);
    return;
  }
  const power = POWERS[exponent]!;
  for (let index = 0; index < length; index++) into[at + index] = integers[index]! / power;
}

/** Whether this version knows the exponent. */
export function isExponent(exponent: number): boolean {
  return exponent <= EXPONENT_MAX;
}

/**
 * How the values of one series stand in a batch: bits 0 to 2 of its descriptor. The first series
 * follows a descriptor of 0.
 */
export const FORM_CONSTANT = 0;
/** Whole numbers that do not fall: unsigned deltas. */
export const FORM_RISING = 1;
/** Whole numbers: zigzag deltas. */
export const FORM_MOVING = 2;
/** Bits of the first value, then the exclusive or of each with the one before. */
export const FORM_BITS = 3;
/** The same bits each time. */
export const FORM_SAME_BITS = 4;
/** Staleness markers only. */
export const FORM_STALE = 5;
/** Native histograms, which stand between the extras and the bits. */
export const FORM_HISTOGRAMS = 6;
export const FORM_MAX = FORM_HISTOGRAMS;

/** The first whole number is a difference to that of the whole-number series before. */
export const RELATIVE = 0x08;

/** Bit of a series' lead: it has a descriptor of its own, else that of the series before. */
export const CHANGED = 0x80;

/** Bit of a lead, beside the width of the first whole number: that is below 0. */
export const NEGATIVE = 0x40;

/** Whole numbers, so that deltas and their zigzag forms are exact. */
export const MANTISSA_MAX = 2 ** 50;

/**
 * Bits 4 to 7 of a descriptor: a value is its whole number divided by the first, times the second.
 * Division by a power of ten rounds as reading the decimal does, so it gives back what was parsed.
 */
export const SCALE_DIVISORS = Float64Array.of(
  ...[1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9],
  ...[1, 1, 1, 1, 1],
);
export const SCALE_FACTORS = Float64Array.of(
  ...[1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  ...[2 ** 20, 1e6, 4096, 1024, 1000],
);
export const DECIMAL_SCALE_MAX = 9;
export const SCALE_COUNT = 15;

/** The 20 bits of a double's high word below its sign and exponent. */
export const FRACTION_HIGH_MASK = 0xf_ffff;

export const POWERS_OF_TWO = Float64Array.from({ length: 64 }, (_, power) => 2 ** power);

/** Whether the form has whole numbers, and so a width of the first. */
export function isWhole(form: number): boolean {
  return form <= FORM_MOVING;
}

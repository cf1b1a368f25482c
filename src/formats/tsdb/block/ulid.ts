/** Crockford's base 32. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** That many bytes that nobody can foresee. */
export type RandomBytes = (count: number) => Uint8Array;

/** A ULID, the name of a block: 48 bits of time and 80 random ones. */
export function createUlid(timeMs: number, random: RandomBytes): string {
  let time = '';
  let rest = timeMs;
  for (let digit = 0; digit < TIME_DIGITS; digit++) {
    time = DIGITS.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  // Five bits of a byte each: 16 digits are the 80 bits.
  const chance = [...random(RANDOM_DIGITS)].map((byte) => DIGITS.charAt(byte & 31)).join('');
  return time + chance;
}

export function isUlid(text: string): boolean {
  return ULID.test(text);
}

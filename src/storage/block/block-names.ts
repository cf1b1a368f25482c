import { randomBytes } from 'node:crypto';

/** Digits without those that look like others (Crockford). */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;
const NAME = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** A name that no other block has, in the manner of a ULID: later ones sort later. */
export function blockName(nowMs: number): string {
  let name = '';
  let rest = Math.max(0, Math.floor(nowMs));
  for (let digit = 0; digit < TIME_DIGITS; digit++) {
    name = DIGITS.charAt(rest % 32) + name;
    rest = Math.floor(rest / 32);
  }
  for (const byte of randomBytes(RANDOM_DIGITS)) name += DIGITS.charAt(byte & 31);
  return name;
}

export function isBlockName(name: string): boolean {
  return NAME.test(name);
}

/** Suffix of a folder that is being written, or removed. */
export const UNFINISHED_SUFFIX = '.tmp';
export const DELETED_SUFFIX = '.deleted';

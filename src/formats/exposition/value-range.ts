import { CHARACTER_CLASS, METRIC_START, SPACE, TAB } from './characters.ts';

const SIGNS: ReadonlySet<number> = new Set([0x2b, 0x2d]);

/** Whether the value behind a series is infinite though it is written with digits: `1e400`. */
export function isOutOfRange(bytes: Uint8Array, identityEnd: number, value: number): boolean {
  if (value !== Infinity && value !== -Infinity) return false;
  let at = identityEnd;
  while (bytes[at] === SPACE || bytes[at] === TAB) at++;
  if (SIGNS.has(bytes[at] ?? 0)) at++;
  // `Inf` begins with a letter, a number with a digit or a point.
  return ((CHARACTER_CLASS[bytes[at] ?? 0] ?? 0) & METRIC_START) === 0;
}

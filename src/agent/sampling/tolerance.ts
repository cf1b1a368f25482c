import type { Tolerance } from '../../formats/tide/index.ts';

/**
 * Whether `value` is so near to `sent` that it need not be sent: |value - sent| within the
 * tolerance. QUANTUM: both fall into the same step of that width. What is not finite is never near.
 */
export function withinTolerance({ kind, value: size }: Tolerance, sent: number, value: number) {
  const difference = Math.abs(value - sent);
  if (!(difference < Infinity)) return false;
  switch (kind) {
    case 'ABSOLUTE':
      return difference <= size;
    case 'RELATIVE':
      return difference <= size * Math.abs(value);
    case 'QUANTUM':
      return size > 0 && Math.floor(value / size) === Math.floor(sent / size);
  }
}

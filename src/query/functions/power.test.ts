import { expect, test } from 'vitest';
import { power } from './power.ts';

function check(base: number, exponent: number, want: number): void {
  expect(power(base, exponent), `${base} ^ ${exponent}`).toBe(want);
}

test('powers of ten are the nearest floats', () => {
  for (let exponent = -22; exponent <= 22; exponent++) {
    check(10, exponent, Number(`1e${exponent}`));
  }
});

test('whole and broken powers', () => {
  check(2, 10, 1024);
  check(2, -1074, 5e-324);
  check(-3, 3, -27);
  check(1.1, 2, 1.1 * 1.1);
  check(9, 0.5, 3);
  check(4, -0.5, 0.5);
  check(-8, 1 / 3, NaN);
  expect(power(2, 1.5)).toBeCloseTo(2 * Math.SQRT2, 14);
  expect(power(7, -2.75)).toBeCloseTo(7 ** -2.75, 14);
});

test('the edges are those of C', () => {
  check(NaN, 0, 1);
  check(1, NaN, 1);
  check(-1, Infinity, 1);
  check(-1, -Infinity, 1);
  check(0, -1, Infinity);
  check(-0, -3, -Infinity);
  check(0.5, Infinity, 0);
  check(2, Infinity, Infinity);
  check(2, -Infinity, 0);
  check(-Infinity, 3, -Infinity);
  check(2, 1e10, Infinity);
  check(2, -1e10, 0);
  check(0.5, 1e300, 0);
  check(-1, 1e300, 1);
  check(2, NaN, NaN);
});

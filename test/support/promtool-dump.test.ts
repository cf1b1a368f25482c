import { expect, test } from 'vitest';
import { goFloat } from './promtool-dump.ts';

test('doubles as Go prints them with %g', () => {
  const check = (value: number, text: string): void => expect(goFloat(value)).toBe(text);
  check(0, '0');
  check(-0, '-0');
  check(NaN, 'NaN');
  check(Infinity, '+Inf');
  check(-Infinity, '-Inf');
  check(100_000, '100000');
  check(1_000_000, '1e+06');
  check(-1_234_567.5, '-1.2345675e+06');
  check(0.0001, '0.0001');
  check(0.00001, '1e-05');
  check(5e-324, '5e-324');
  check(1e100, '1e+100');
});

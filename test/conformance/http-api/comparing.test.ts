import { describe, expect, it } from 'vitest';
import { describeDifference } from './difference.ts';
import { shapeFault } from './shape.ts';

describe('describeDifference', () => {
  const check = (got: unknown, wanted: unknown, want: string | undefined) =>
    it(`${JSON.stringify(got)} for ${JSON.stringify(wanted)}`, () =>
      expect(describeDifference(got, wanted, 'x')).toBe(want));
  check({ a: [1, 'b'] }, { a: [1, 'b'] }, undefined);
  check({ a: [1, 'b'] }, { a: [1, 'c'] }, 'x.a.1');
  check({ a: 1 }, { a: 1, b: 1 }, 'x.b');
  check({ a: 1, b: 1 }, { a: 1 }, 'x.b');
  check([1], { 0: 1 }, 'x');
  check('1.0000000001', '1', undefined);
  check('1.00000001', '1', 'x');
  check('1e-7', '1e-07', 'x');
  check('1', 1, 'x');
  check(0.5, '(clock)', undefined);
  check('0.5', '(clock)', 'x');
  check(null, undefined, 'x');
});

describe('shapeFault', () => {
  const check = (got: unknown, example: unknown, want: string | undefined) =>
    it(`${JSON.stringify(got)} as ${JSON.stringify(example)}`, () =>
      expect(shapeFault(got, example, 'x', new Set(['new']))).toBe(want));
  check({ a: 1 }, { a: 2 }, undefined);
  check({ a: '1' }, { a: 2 }, 'x.a');
  check({}, { a: 2 }, 'x.a');
  check({ a: 1, b: 1 }, { a: 2 }, 'x.b');
  check({ a: 1, new: 1 }, { a: 2 }, undefined);
  check([], [{ a: 1 }], undefined);
  check([{ a: 1 }, { b: 'x' }], [{ a: 1 }, { b: 'y' }], undefined);
  check([{ c: 1 }], [{ a: 1 }], 'x[0].a');
  check([1, 'a'], [2, 'b'], undefined);
  check([1, 2], [2, 'b'], 'x');
  check([1], [2, 'b'], 'x');
  check({ metric: { a: 'b' } }, { metric: { c: 'd' } }, undefined);
  check({ metric: { a: 1 } }, { metric: { c: 'd' } }, 'x.metric');
});

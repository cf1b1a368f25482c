import { expect, test } from 'vitest';
import { greater, lesser } from './math.ts';

test('an infinity at the end it stands for goes before NaN, any other number after it', () => {
  expect(lesser(NaN, -Infinity)).toBe(-Infinity);
  expect(lesser(-Infinity, NaN)).toBe(-Infinity);
  expect(lesser(NaN, Infinity)).toBeNaN();
  expect(lesser(1, NaN)).toBeNaN();
  expect(lesser(0, -0)).toBe(-0);
  expect(greater(NaN, Infinity)).toBe(Infinity);
  expect(greater(Infinity, NaN)).toBe(Infinity);
  expect(greater(NaN, -Infinity)).toBeNaN();
  expect(greater(NaN, 1)).toBeNaN();
  expect(greater(-0, 0)).toBe(0);
});

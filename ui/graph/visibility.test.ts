import { expect, test } from 'vitest';
import { isolate, toggle } from './visibility.ts';

test('a click shows one series alone, a second one all', () => {
  const alone = isolate(new Set(), 1, 3);
  expect([...alone]).toEqual([0, 2]);
  expect(isolate(alone, 1, 3).size).toBe(0);
  expect([...isolate(alone, 2, 3)]).toEqual([0, 1]);
});

test('the only series cannot be hidden', () => {
  expect(isolate(new Set(), 0, 1).size).toBe(0);
  expect(toggle(new Set(), 0, 1).size).toBe(0);
});

test('a switch hides and shows one series', () => {
  const hidden = toggle(new Set(), 1, 3);
  expect([...hidden]).toEqual([1]);
  expect(toggle(hidden, 1, 3).size).toBe(0);
});

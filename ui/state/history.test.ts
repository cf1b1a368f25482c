import { expect, test } from 'vitest';
import { remember } from './history.ts';

test('the newest expression stands first, once', () => {
  expect(remember(['a', 'b'], ' b ')).toEqual(['b', 'a']);
  expect(remember(['a'], '  ')).toEqual(['a']);
});

test('only the last hundred are kept', () => {
  const many = Array.from({ length: 100 }, (_, i) => `e${i}`);
  const kept = remember(many, 'new');
  expect([kept.length, kept[0], kept[99]]).toEqual([100, 'new', 'e98']);
});

import { expect, test } from 'vitest';
import { TopHeap } from './top-heap.ts';

function pick(values: readonly number[], capacity: number, least = false): number[] {
  const heap = new TopHeap(capacity, least);
  for (const [index, value] of values.entries()) heap.offer(index, value);
  return heap.ranked().map((index) => values[index]!);
}

test('the greatest or least are kept, best first', () => {
  const values = [5, 1, 4, 2, 3, 9, -1];
  expect(pick(values, 3)).toEqual([9, 5, 4]);
  expect(pick(values, 3, true)).toEqual([-1, 1, 2]);
  expect(pick(values, 10)).toEqual([9, 5, 4, 3, 2, 1, -1]);
});

test('NaN is kept only where there is nothing better, and comes last', () => {
  expect(pick([NaN, 1, NaN, 2], 2)).toEqual([2, 1]);
  expect(pick([NaN, 1, NaN], 2)).toEqual([1, NaN]);
  expect(pick([NaN, 1, NaN], 2, true)).toEqual([1, NaN]);
});

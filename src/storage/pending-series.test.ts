import { expect, test } from 'vitest';
import { Labels } from '../model/index.ts';
import { hashLabels, PendingTable } from './pending-series.ts';

test('series with the same hash are told apart, in whatever order they go', () => {
  const table = new PendingTable();
  const labels = ['a', 'b', 'c'].map((job) => Labels.fromObject({ job }));
  const pending = labels.map((each, index) => table.add(index + 1, each, 7, undefined));
  expect(labels.map((each) => table.find(each, 7)?.ref)).toEqual([1, 2, 3]);
  expect(table.remove(pending[1]!)).toBe(true);
  expect(table.remove(pending[1]!)).toBe(false);
  expect(labels.map((each) => table.find(each, 7)?.ref)).toEqual([1, undefined, 3]);
  expect(table.remove(pending[2]!)).toBe(true);
  expect(table.remove(pending[0]!)).toBe(true);
  expect([table.size, table.find(labels[0]!, 7)]).toEqual([0, undefined]);
});

test('the hash is of what the labels say, and of where texts end', () => {
  const hash = (object: Record<string, string>): number => hashLabels(Labels.fromObject(object));
  expect(hash({ a: 'bc' })).toBe(hash({ a: 'bc' }));
  expect(hash({ a: 'bc' })).not.toBe(hash({ ab: 'c' }));
  expect(hash({ a: 'b', c: 'd' })).not.toBe(hash({ a: 'd', c: 'b' }));
});

import { expect, test } from 'vitest';
import { giveColumns, newColumns, takeColumns } from './value-columns.ts';

test('columns that were given back are taken again, each once, and never shorter than wanted', () => {
  const first = takeColumns(1000);
  expect(first.ids.length).toBe(1024);
  giveColumns(first);
  // Longer than wanted will do, shorter not.
  const longer = takeColumns(1025);
  expect(longer).not.toBe(first);
  expect(longer.ids.length).toBeGreaterThanOrEqual(1025);
  expect(takeColumns(200)).toBe(first);
  const another = takeColumns(200);
  expect(another).not.toBe(first);
  for (const { ids, timestamps, values, words } of [first, longer, another]) {
    expect([timestamps.length, values.length]).toEqual([ids.length, ids.length]);
    expect([words.length, words.buffer]).toEqual([2 * ids.length, values.buffer]);
  }
});

test('columns far too long for what is wanted are left to others', () => {
  const long = takeColumns(100_000);
  giveColumns(long);
  expect(takeColumns(100)).not.toBe(long);
  expect(takeColumns(65_537)).toBe(long);
});

test('what is kept is bounded, in one piece and in all', () => {
  const huge = newColumns(2 ** 18);
  giveColumns(huge);
  expect(takeColumns(2 ** 18)).not.toBe(huge);
  const given = Array.from({ length: 40 }, () => newColumns(2 ** 16));
  for (const columns of given) giveColumns(columns);
  const taken = Array.from({ length: 40 }, () => takeColumns(2 ** 16));
  const again = taken.filter((columns) => given.includes(columns));
  expect(again.length).toBeGreaterThan(16);
  expect(again.length).toBeLessThanOrEqual(32);
});

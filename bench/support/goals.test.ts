import { expect, test, vi } from 'vitest';
import { Goals } from './goals.ts';

test('a goal is met up to its bound; what was not measured is missed', () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const goals = new Goals();
  goals.add({ title: 'delay', unit: 'ms', value: 100, max: 100 });
  goals.add({ title: 'stored', unit: '%', value: 94.96, min: 95, digits: 2 });
  expect(goals.missed).toBe(1);
  goals.add({ title: 'back', unit: 's', value: Number.NaN, max: 15 });
  expect(goals.missed).toBe(2);
  expect(goals.table().split('\n')).toEqual([
    '            measured    goal',
    'delay   ms       100  <= 100     met',
    'stored  %      94.96   >= 95  MISSED',
    'back    s        NaN   <= 15  MISSED',
    '1 of 3 goals met',
  ]);
  vi.restoreAllMocks();
});

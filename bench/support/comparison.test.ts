import { expect, test } from 'vitest';
import { Comparison } from './comparison.ts';

const LINE = { title: 'cost', unit: 's', digits: 2, targetMax: 1 } as const;

test('a line has medians, ratios over Tidegauge and whether the target is met', () => {
  const comparison = new Comparison();
  for (const value of [0.5, 9, 0.6]) comparison.add(LINE, 'tidegauge', value);
  comparison.add(LINE, 'prometheus', 3);
  const [, row] = comparison.table().split('\n');
  expect(row?.split(/ {2,}/)).toEqual(['cost', 's', '0.60', '3.00', '5.00', '<= 1', 'met']);
  expect(comparison.toJson()).toMatchObject([
    { title: 'cost', met: true, servers: [{ median: 0.6 }, { median: 3, ratio: 5 }] },
  ]);
});

test('a missed target says so, and a line without one says nothing', () => {
  const comparison = new Comparison();
  comparison.add(LINE, 'tidegauge', 1.01);
  comparison.add({ title: 'size', unit: 'B', digits: 0, note: 'with care' }, 'tidegauge', 7);
  const text = comparison.table();
  expect(text).toMatch(/cost +s +1\.01 +<= 1 +MISSED/);
  expect(text).toMatch(/size \[1\] +B +7$/m);
  expect(text).toContain('[1] with care');
});

test('without Tidegauge there are figures and no ratios', () => {
  const comparison = new Comparison();
  comparison.add(LINE, 'prometheus', 3);
  expect(comparison.table()).toMatch(/cost +s +3\.00 +- +<= 1$/m);
});

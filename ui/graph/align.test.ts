import { expect, test } from 'vitest';
import { alignMatrix, isolatedPoints, stackColumns, valueAt } from './align.ts';

const RANGE = { start: 100, end: 140, step: 10 };

test('samples land on their step and missing steps stay null', () => {
  const aligned = alignMatrix(
    [
      {
        metric: {},
        values: [
          [100, '1'],
          [120, '3'],
          [140, '5'],
        ],
      },
      { metric: {}, values: [[110, '2.5']] },
    ],
    RANGE,
  );
  expect(aligned.times).toEqual([100, 110, 120, 130, 140]);
  expect(aligned.columns).toEqual([
    [1, null, 3, null, 5],
    [null, 2.5, null, null, null],
  ]);
});

test('values without height are gaps and samples outside the range are left out', () => {
  const aligned = alignMatrix(
    [
      {
        metric: {},
        values: [
          [90, '9'],
          [100, 'NaN'],
          [110, '+Inf'],
          [120, '-Inf'],
          [130, '0'],
          [150, '9'],
        ],
      },
    ],
    RANGE,
  );
  expect(aligned.columns).toEqual([[null, null, null, 0, null]]);
});

test('a step that binary fractions cannot hold keeps its points', () => {
  const range = { start: 0, end: 0.3, step: 0.1 };
  const aligned = alignMatrix([{ metric: {}, values: [[0.3, '7']] }], range);
  expect(aligned.columns).toEqual([[null, null, null, 7]]);
});

test('a histogram-only series has no drawable sample', () => {
  const entry = { metric: {}, histograms: [] };
  expect(alignMatrix([entry], RANGE).columns[0]?.every((value) => value === null)).toBe(true);
});

test('isolated points are those without neighbours', () => {
  expect(isolatedPoints([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(isolatedPoints([null, null])).toEqual([]);
});

test('a stack sums what is shown and known', () => {
  const columns = [
    [1, null, null],
    [10, 20, null],
    [100, 100, null],
  ];
  expect(stackColumns(columns, (index) => index !== 2)).toEqual([
    [1, 0, null],
    [11, 20, null],
    [100, 100, null],
  ]);
});

test('the value without a cursor is the last known', () => {
  expect(valueAt([1, 2, null], null)).toBe(2);
  expect(valueAt([1, 2, null], 2)).toBeNull();
  expect(valueAt(undefined, null)).toBeNull();
});

import { expect, test } from 'vitest';
import type { QueryData } from '../api/prometheus.ts';
import { countResult } from './result-size.ts';
import { resultRows, rowsAsText, sortRows } from './rows.ts';

const VECTOR: QueryData = {
  resultType: 'vector',
  result: [
    { metric: { __name__: 'up', instance: 'a10' }, value: [1, '3'] },
    { metric: { __name__: 'up', instance: 'a9' }, value: [1, 'NaN'] },
    { metric: { __name__: 'up', instance: 'b' }, value: [1, '-1'] },
  ],
};

function instances(by: string, descending = false) {
  return sortRows(resultRows(VECTOR), { by, descending }).map((row) => row.labels['instance']);
}

test('rows sort by value with NaN last, both ways', () => {
  expect(instances('value')).toEqual(['b', 'a10', 'a9']);
  expect(instances('value', true)).toEqual(['a10', 'b', 'a9']);
});

test('labels sort with their numbers as numbers', () => {
  expect(instances('instance')).toEqual(['a9', 'a10', 'b']);
  expect(instances('labels')).toEqual(['a9', 'a10', 'b']);
});

test('scalars, strings, histograms and matrices make rows', () => {
  expect(resultRows({ resultType: 'scalar', result: [1, '+Inf'] })[0]).toMatchObject({
    title: 'scalar',
    text: '+Inf',
    value: Number.POSITIVE_INFINITY,
  });
  const histogram: QueryData = {
    resultType: 'vector',
    result: [{ metric: {}, histogram: [1, { count: '4', sum: '2.5' }] }],
  };
  expect(resultRows(histogram)[0]?.text).toBe('count 4, sum 2.5');
  const matrix: QueryData = {
    resultType: 'matrix',
    result: [
      {
        metric: {},
        values: [
          [0, '1'],
          [1, '2'],
        ],
      },
    ],
  };
  expect(resultRows(matrix)[0]).toMatchObject({ text: '2 samples', value: 2 });
  expect(resultRows(matrix)[0]?.details).toHaveLength(2);
  expect(countResult(matrix)).toEqual({ seriesCount: 1, sampleCount: 2 });
});

test('copied text has one line a row and no stray tabs', () => {
  const rows = resultRows({
    resultType: 'vector',
    result: [{ metric: { a: 'x\ty' }, value: [1, '2'] }],
  });
  expect(rowsAsText(rows, ['a'])).toBe('a\tvalue\nx y\t2');
});

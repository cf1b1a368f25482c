import { expect, test } from 'vitest';
import { factorLabels, formatSelector, labelColumns } from './labels.ts';

test('labels with one value everywhere are factored out', () => {
  const factored = factorLabels([
    { __name__: 'up', job: 'node', instance: 'a' },
    { __name__: 'up', job: 'node', instance: 'b', zone: 'x' },
  ]);
  expect(factored.common).toEqual({ __name__: 'up', job: 'node' });
  expect(factored.distinct).toEqual([{ instance: 'a' }, { instance: 'b', zone: 'x' }]);
});

test('a single series keeps all its labels', () => {
  expect(factorLabels([{ __name__: 'up' }])).toEqual({
    common: {},
    distinct: [{ __name__: 'up' }],
  });
  expect(factorLabels([])).toEqual({ common: {}, distinct: [] });
});

test.each([
  [{ __name__: 'up' }, 'up'],
  [{}, '{}'],
  [{ __name__: 'up', job: 'a"b', az: 'c' }, 'up{az="c", job="a\\"b"}'],
  [{ __name__: 'http.size', 'a.b': 'c' }, '{"http.size", "a.b"="c"}'],
  [{ mode: 'idle' }, '{mode="idle"}'],
])('%j is written as selector %s', (labels, text) => {
  expect(formatSelector(labels)).toBe(text);
});

test('label columns start with the metric name', () => {
  expect(labelColumns([{ b: '1' }, { __name__: 'up', a: '2' }])).toEqual(['__name__', 'a', 'b']);
});

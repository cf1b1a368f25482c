import { expect, test } from 'vitest';
import { knownToServer } from './known-functions.ts';

const RATE = { label: 'rate', type: 'function', detail: 'function' };
const ABS = { label: 'abs', type: 'function', detail: 'function' };
const SNIPPET = { label: 'sum(rate(x[5m]))', type: 'function', detail: 'snippet' };
const METRIC = { label: 'up', type: 'constant' };

test('functions are those of the collector, in the order they were offered', () => {
  const options = knownToServer([ABS, METRIC, RATE, SNIPPET], new Set(['rate', 'info']));
  expect(options.map(({ label }) => label)).toEqual(['up', 'rate', SNIPPET.label, 'info']);
});

test('a collector that does not tell changes nothing', () => {
  expect(knownToServer([ABS, METRIC], null)).toEqual([ABS, METRIC]);
});

test('where no function fits, none is added', () => {
  expect(knownToServer([METRIC], new Set(['rate']))).toEqual([METRIC]);
});

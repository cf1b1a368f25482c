import { expect, test } from 'vitest';
import { complete, matchRank, metricItems, wordAt } from './completion.ts';

const ITEMS = ['up', 'node_cpu_seconds_total', 'node_load1', 'process_cpu_seconds_total'].map(
  (text) => ({ text, kind: 'metric', help: '' }),
);

function names(text: string, caret = text.length): string[] {
  return complete(text, caret, ITEMS)?.items.map((item) => item.text) ?? [];
}

test('names that start with the word come first', () => {
  expect(names('sum(node')).toEqual(['node_cpu_seconds_total', 'node_load1']);
  expect(names('cpu')).toEqual(['node_cpu_seconds_total', 'process_cpu_seconds_total']);
});

test('letters in order are enough', () => {
  expect(names('ncst')).toEqual(['node_cpu_seconds_total']);
  expect(matchRank('node_load1', 'zzz')).toBeNull();
});

test('a finished name offers nothing more', () => {
  expect(names('up')).toEqual([]);
});

test('the replaced range covers the whole word around the caret', () => {
  expect(complete('rate(node_l[5m])', 9, ITEMS)).toMatchObject({ from: 5, to: 11 });
});

test.each(['up{job="no', 'up{no', 'rate(up[5', '# node', '"node', '5m'])(
  'nothing is offered in %s',
  (text) => {
    expect(wordAt(text, text.length)).toBeNull();
  },
);

test('after matchers, strings and comments names are offered again', () => {
  expect(wordAt('up{a="}"} + no', 14)?.word).toBe('no');
  expect(wordAt('# x\nno', 6)?.word).toBe('no');
});

test('series of a family take its metadata', () => {
  const metadata = { req_seconds: [{ type: 'histogram', help: 'Time.', unit: '' }] };
  expect(metricItems(['req_seconds_bucket', 'up'], metadata)).toEqual([
    { text: 'req_seconds_bucket', kind: 'histogram', help: 'Time.' },
    { text: 'up', kind: 'metric', help: '' },
  ]);
});

import { expect, test } from 'vitest';
import type { Metadata } from '../../model/index.ts';
import { SampleBatch } from '../api.ts';
import { Head } from './head.ts';
import { METADATA_UNITS_MAX, MetadataTable } from './metadata-table.ts';

function gauge(help: string): Metadata {
  return { type: 'gauge', help, unit: '' };
}

test('families are taken until their texts are too much, and known ones may change', () => {
  const table = new MetadataTable(400);
  expect(table.set('a', gauge('x'.repeat(100)))).toBe(true);
  expect(table.set('b', gauge(''))).toBe(true);
  expect(table.set('c', gauge(''))).toBe(false);
  expect(table.set('a', gauge('x'.repeat(200)))).toBe(false);
  expect(table.set('a', gauge('y'))).toBe(true);
  expect(table.set('c', gauge(''))).toBe(true);
  expect([...table.families]).toEqual([
    ['a', gauge('y')],
    ['b', gauge('')],
    ['c', gauge('')],
  ]);
});

test('a head has no room for more families than that', () => {
  const head = new Head({ maxExemplars: 0, shardCount: 1, shardBytes: 2 ** 24 });
  const help = 'x'.repeat(METADATA_UNITS_MAX / 4);
  const families = ['a', 'b', 'c', 'd', 'e'].map((name): [string, Metadata] => [name, gauge(help)]);
  head.apply({
    bounds: { minTime: 0, maxTime: 1, windowMs: 0 },
    series: [],
    samples: new SampleBatch(0),
    histograms: [],
    exemplars: [],
    metadata: families,
    state: [],
  });
  expect([...head.metadata.families.keys()]).toEqual(['a', 'b', 'c']);
});

import { expect, test } from 'vitest';
import type { Source } from '../api/contract.ts';
import { DEFAULT_SOURCES } from './route.ts';
import {
  countStates,
  countTroubled,
  samplesPerSecond,
  selectSources,
  sourceTitle,
} from './source-list.ts';

function source(fields: Partial<Source> & { id: string }): Source {
  return {
    kind: 'pull',
    name: 'node',
    labels: {},
    state: 'live',
    lastContact: '2026-01-01T00:00:00Z',
    lastError: '',
    intervalSeconds: 15,
    samplesPerContact: 10,
    samplesTotal: 100,
    rejectedTotal: 0,
    lastDurationSeconds: 0.01,
    endpoint: 'http://a:9100/metrics',
    problems: [],
    ...fields,
  };
}

const SOURCES = [
  source({ id: 'a', name: 'node', labels: { zone: 'north' } }),
  source({ id: 'b', name: 'app', state: 'silent', lastError: 'connection refused' }),
  source({ id: 'c', kind: 'push', name: 'batch', state: 'late', lastContact: null }),
];

function ids(filter: Partial<typeof DEFAULT_SOURCES>): string[] {
  return selectSources(SOURCES, { ...DEFAULT_SOURCES, ...filter }).map(({ id }) => id);
}

test('what needs a look comes first by default', () => {
  expect(ids({})).toEqual(['b', 'c', 'a']);
});

test('filters by state, kind and every word of the text', () => {
  expect(ids({ states: ['live', 'late'] })).toEqual(['c', 'a']);
  expect(ids({ kind: 'push' })).toEqual(['c']);
  expect(ids({ text: 'ZONE="north" node' })).toEqual(['a']);
  expect(ids({ text: 'refused' })).toEqual(['b']);
  expect(ids({ text: 'nothing such' })).toEqual([]);
});

test('sorts by any column, both ways', () => {
  expect(ids({ sort: 'name' })).toEqual(['b', 'c', 'a']);
  expect(ids({ sort: 'name', descending: true })).toEqual(['a', 'c', 'b']);
  expect(ids({ sort: 'contact' })[0]).toBe('c');
});

test('states are counted', () => {
  expect(countStates(SOURCES)).toEqual({ expected: 0, live: 1, late: 1, silent: 1, ended: 0 });
});

test('sources that something is wrong with come before those that are well', () => {
  const problem = { code: 'clock', since: null, text: 'Its clock is 3s behind', advice: '' };
  const agent = { kind: 'push', name: 'tide' } as const;
  const sources = [
    source({ id: 'd', ...agent, labels: { agent: 'edge-1' } }),
    source({ id: 'e', ...agent, labels: { agent: 'edge-2' }, problems: [problem] }),
    source({ id: 'f', state: 'expected' }),
    source({ id: 'g', state: 'late' }),
  ];
  const found = (filter: Partial<typeof DEFAULT_SOURCES>) =>
    selectSources(sources, { ...DEFAULT_SOURCES, ...filter }).map(({ id }) => id);
  expect(found({})).toEqual(['g', 'e', 'f', 'd']);
  expect(found({ states: ['troubled'] })).toEqual(['e']);
  expect(found({ states: ['troubled', 'late'] })).toEqual(['g', 'e']);
  expect(found({ text: 'clock behind' })).toEqual(['e']);
  expect(countTroubled(sources)).toBe(1);
  // Agents are told apart by their ids, and sorted by them.
  expect(sources.map(sourceTitle)).toEqual(['edge-1', 'edge-2', 'node', 'node']);
  expect(found({ sort: 'name' })).toEqual(['d', 'e', 'f', 'g']);
});

test('the rate counts growth, new sources, and restarts', () => {
  const before = { atMs: 0, sources: [source({ id: 'a' }), source({ id: 'b' })] };
  const after = {
    atMs: 10_000,
    sources: [
      source({ id: 'a', samplesTotal: 150 }),
      source({ id: 'b', samplesTotal: 20 }),
      source({ id: 'c', samplesTotal: 30 }),
    ],
  };
  expect(samplesPerSecond(before, after)).toBe(10);
  expect(samplesPerSecond(before, { ...after, atMs: 100 })).toBeNull();
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DEFAULT_QUERY,
  DEFAULT_SOURCES,
  formatRoute,
  parseInstant,
  parseRoute,
  QUERY_TABS,
  type Route,
  SOURCE_COLUMNS,
} from './route.ts';

function reread(route: Route): Route {
  const [path = '', search = ''] = formatRoute(route).split(/\?(.*)/s);
  return parseRoute(path, search);
}

test('the bare address is an empty query', () => {
  expect(parseRoute('', '')).toEqual(DEFAULT_QUERY);
  expect(formatRoute(DEFAULT_QUERY)).toBe('query');
});

test('an address written by hand is read', () => {
  const route = parseRoute(
    'query',
    '?expr=rate(a%5B1m%5D)&range=6h&end=2026-01-02T03:04:05Z&step=30s&tab=table&refresh=15s',
  );
  expect(route).toEqual({
    ...DEFAULT_QUERY,
    expression: 'rate(a[1m])',
    rangeSeconds: 21_600,
    endMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    stepSeconds: 30,
    tab: 'table',
    refreshSeconds: 15,
  });
});

test('what cannot be read falls back to the defaults', () => {
  expect(
    parseRoute('query', '?range=x&end=yesterday-ish&step=-3&tab=z&limit=-1&lookback=x'),
  ).toEqual(DEFAULT_QUERY);
  expect(parseRoute('sources', '?kind=z&sort=z')).toEqual(DEFAULT_SOURCES);
  expect(parseRoute('nowhere', '')).toEqual({ page: 'unknown' });
  expect(parseInstant('1700000000.5')).toBe(1_700_000_000_500);
});

test('every query route survives its address', () => {
  const routes = fc.record({
    page: fc.constant('query' as const),
    expression: fc.string({ unit: 'grapheme' }),
    tab: fc.constantFrom(...QUERY_TABS),
    limit: fc.integer({ min: 0, max: 999_999_999 }),
    lookbackSeconds: fc.option(fc.integer({ min: 1, max: 86_400 })),
    rangeSeconds: fc.integer({ min: 1, max: 40_000_000 }),
    endMs: fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 })),
    stepSeconds: fc.option(fc.integer({ min: 1, max: 1_000_000 }).map((ms) => ms / 1000)),
    stacked: fc.boolean(),
    refreshSeconds: fc.constantFrom(0, 5, 15, 60),
  });
  fc.assert(
    fc.property(routes, (route) => {
      expect(reread(route)).toEqual(route);
    }),
  );
});

test('every sources route survives its address', () => {
  const routes = fc.record({
    page: fc.constant('sources' as const),
    text: fc.string({ unit: 'grapheme' }),
    states: fc.subarray(['live', 'late', 'silent']),
    kind: fc.constantFrom('' as const, 'pull' as const, 'push' as const),
    sort: fc.constantFrom(...SOURCE_COLUMNS),
    descending: fc.boolean(),
  });
  fc.assert(
    fc.property(routes, (route) => {
      expect(reread(route)).toEqual(route);
    }),
  );
});

import { formatDuration, parseDuration } from '../format/duration.ts';

/** How an answer is shown; a plan is what its evaluation took. */
export const QUERY_TABS = ['graph', 'table', 'plan'] as const;
export type QueryTab = (typeof QUERY_TABS)[number];

/** Everything the query page shows, as far as it can be shared by its address. */
export interface QueryRoute {
  page: 'query';
  /** Empty when nothing was asked yet. */
  expression: string;
  tab: QueryTab;
  rangeSeconds: number;
  /** Unix milliseconds; null follows the clock. */
  endMs: number | null;
  /** Null chooses by the range. */
  stepSeconds: number | null;
  stacked: boolean;
  /** Most series of the answer; 0 for all. */
  limit: number;
  /** How far back an instant vector looks; null leaves it to the collector. */
  lookbackSeconds: number | null;
  /** 0 does not refresh. */
  refreshSeconds: number;
}

/** Columns that the list of sources sorts by. */
export const SOURCE_COLUMNS = [
  'state',
  'name',
  'kind',
  'endpoint',
  'contact',
  'interval',
  'samples',
  'rejected',
] as const;
export type SourceColumn = (typeof SOURCE_COLUMNS)[number];

/** What the list of sources is narrowed to and sorted by; empty texts and lists mean all. */
export interface SourcesRoute {
  page: 'sources';
  text: string;
  states: string[];
  kind: '' | 'pull' | 'push';
  sort: SourceColumn;
  descending: boolean;
}

export type Route = QueryRoute | SourcesRoute | { page: 'status' } | { page: 'unknown' };

export const DEFAULT_QUERY: QueryRoute = {
  page: 'query',
  expression: '',
  tab: 'graph',
  rangeSeconds: 3600,
  endMs: null,
  stepSeconds: null,
  stacked: false,
  limit: 0,
  lookbackSeconds: null,
  refreshSeconds: 0,
};

export const DEFAULT_SOURCES: SourcesRoute = {
  page: 'sources',
  text: '',
  states: [],
  kind: '',
  sort: 'state',
  descending: false,
};

/** Reads a path below the page's base (no slash in front) and its search part. */
export function parseRoute(path: string, search: string): Route {
  const params = new URLSearchParams(search);
  switch (path.replace(/\/$/, '')) {
    case '':
    case 'query':
      return parseQuery(params);
    case 'sources':
      return parseSources(params);
    case 'status':
      return { page: 'status' };
    default:
      return { page: 'unknown' };
  }
}

function parseQuery(params: URLSearchParams): QueryRoute {
  return {
    page: 'query',
    expression: params.get('expr') ?? '',
    tab: QUERY_TABS.find((tab) => tab === params.get('tab')) ?? DEFAULT_QUERY.tab,
    rangeSeconds: parseDuration(params.get('range') ?? '') ?? DEFAULT_QUERY.rangeSeconds,
    endMs: parseInstant(params.get('end') ?? ''),
    stepSeconds: parseDuration(params.get('step') ?? ''),
    stacked: params.get('stacked') === '1',
    limit: parseLimit(params.get('limit') ?? ''),
    lookbackSeconds: parseDuration(params.get('lookback') ?? ''),
    refreshSeconds: parseDuration(params.get('refresh') ?? '') ?? 0,
  };
}

function parseLimit(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function parseSources(params: URLSearchParams): SourcesRoute {
  const kind = params.get('kind');
  const sort = SOURCE_COLUMNS.find((column) => column === params.get('sort'));
  return {
    page: 'sources',
    text: params.get('q') ?? '',
    states: (params.get('state') ?? '').split(',').filter((state) => state !== ''),
    kind: kind === 'pull' || kind === 'push' ? kind : '',
    sort: sort ?? DEFAULT_SOURCES.sort,
    descending: params.get('order') === 'desc',
  };
}

/** Unix seconds or any date the platform reads, as milliseconds; null for `now` and the rest. */
export function parseInstant(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const ms = /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) * 1000 : Date.parse(trimmed);
  return Number.isFinite(ms) ? Math.round(ms) : null;
}

/** The address of a route below the base; parseRoute reads it back. Defaults are left out. */
export function formatRoute(route: Route): string {
  const params = new URLSearchParams();
  if (route.page === 'query') writeQuery(route, params);
  else if (route.page === 'sources') writeSources(route, params);
  const search = params.toString();
  const path = route.page === 'unknown' ? '' : route.page;
  return search === '' ? path : `${path}?${search}`;
}

function writeQuery(route: QueryRoute, params: URLSearchParams): void {
  if (route.expression !== '') params.set('expr', route.expression);
  if (route.tab !== DEFAULT_QUERY.tab) params.set('tab', route.tab);
  if (route.rangeSeconds !== DEFAULT_QUERY.rangeSeconds) {
    params.set('range', formatDuration(route.rangeSeconds));
  }
  if (route.endMs !== null) params.set('end', String(route.endMs / 1000));
  if (route.stepSeconds !== null) params.set('step', formatDuration(route.stepSeconds));
  if (route.stacked) params.set('stacked', '1');
  if (route.limit > 0) params.set('limit', String(route.limit));
  if (route.lookbackSeconds !== null) params.set('lookback', formatDuration(route.lookbackSeconds));
  if (route.refreshSeconds > 0) params.set('refresh', formatDuration(route.refreshSeconds));
}

function writeSources(route: SourcesRoute, params: URLSearchParams): void {
  if (route.text !== '') params.set('q', route.text);
  if (route.states.length > 0) params.set('state', route.states.join(','));
  if (route.kind !== '') params.set('kind', route.kind);
  if (route.sort !== DEFAULT_SOURCES.sort) params.set('sort', route.sort);
  if (route.descending) params.set('order', 'desc');
}

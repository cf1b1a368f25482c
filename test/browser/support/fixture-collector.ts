import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import {
  FIXTURE_ANALYSIS,
  FIXTURE_FUNCTIONS,
  FIXTURE_METADATA,
  FIXTURE_NAMES,
  fixtureCompleteness,
  type FixtureSeries,
  fixtureSeries,
  fixtureSources,
} from './fixture-data.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** As strict as the collector's own: nothing inline, nothing from elsewhere. */
const POLICY = "default-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'";
const PAGES = new Set(['/', '/query', '/sources', '/status']);

export interface FixtureCollector {
  /** Without a slash at its end. */
  readonly url: string;
  /** Paths and queries of the API calls so far. */
  readonly calls: URL[];
  /** Until set back, every API call is refused with 503. */
  setAvailable(available: boolean): void;
  close(): Promise<void>;
}

/** Serves the built page from a folder, and answers its API calls from generated data. */
export async function startFixtureCollector(folder: string): Promise<FixtureCollector> {
  const calls: URL[] = [];
  const state = { available: true, readings: 0 };
  const startedMs = Date.now() - 11_000_000;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fixture');
    response.setHeader('Content-Security-Policy', POLICY);
    if (!url.pathname.startsWith('/api/')) return sendFile(response, folder, url.pathname);
    calls.push(url);
    if (!state.available) return sendError(response, 503, 'unavailable', 'starting up');
    answer(response, url, { startedMs, reading: () => ++state.readings });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    setAvailable: (available) => {
      state.available = available;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendFile(response: ServerResponse, folder: string, path: string): void {
  const name = PAGES.has(path) ? 'index.html' : normalize(path).replace(/^[/.]+/, '');
  try {
    const body = readFileSync(join(folder, name));
    response.setHeader('Content-Type', TYPES[extname(name)] ?? 'application/octet-stream');
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end('not found');
  }
}

function answer(
  response: ServerResponse,
  url: URL,
  run: { startedMs: number; reading: () => number },
): void {
  switch (url.pathname) {
    case '/api/v1/query':
    case '/api/v1/query_range':
      return answerQuery(response, url);
    case '/api/v1/analyze':
      return sendData(response, FIXTURE_ANALYSIS);
    case '/api/v1/parse_query':
      return answerParse(response, url);
    case '/api/v1/features':
      return sendData(response, { promql_functions: FIXTURE_FUNCTIONS });
    case '/api/v1/label/__name__/values':
      return sendData(response, FIXTURE_NAMES);
    case '/api/v1/labels':
      return sendData(response, ['__name__', 'instance', 'job']);
    case '/api/v1/label/job/values':
      return sendData(response, ['node', 'tidegauge']);
    case '/api/v1/metadata':
      return sendData(response, FIXTURE_METADATA);
    case '/api/v1/sources':
      return sendData(response, { sources: fixtureSources(Date.now(), run.reading()) });
    case '/api/v1/completeness':
      return sendData(response, fixtureCompleteness(Date.now()));
    case '/api/v1/status/buildinfo':
      return sendData(response, { version: '0.1.0', revision: 'abc1234', goVersion: '' });
    case '/api/v1/status/runtimeinfo':
      return sendData(response, {
        startTime: new Date(run.startedMs).toISOString(),
        CWD: '/srv/tidegauge',
        reloadConfigSuccess: true,
        timeSeriesCount: 1834,
        GOMAXPROCS: 2,
        storageRetention: '15d',
      });
    default:
      return sendError(response, 404, 'not_found', `no route ${url.pathname}`);
  }
}

/** The one mistake that this collector finds: a second call of a call. */
function parseErrorOf(query: string): string | null {
  if (!query.startsWith('sum(') || !query.includes(')(')) return null;
  const column = query.indexOf(')(') + 2;
  return `invalid parameter "query": 1:${column}: parse error: unexpected left parenthesis`;
}

function answerParse(response: ServerResponse, url: URL): void {
  const text = parseErrorOf(url.searchParams.get('query') ?? '');
  if (text !== null) return sendError(response, 400, 'bad_data', text);
  sendData(response, { type: 'vectorSelector' });
}

function answerQuery(response: ServerResponse, url: URL): void {
  const query = url.searchParams.get('query') ?? '';
  const text = parseErrorOf(query);
  if (text !== null) return sendError(response, 400, 'bad_data', text);
  const found = fixtureSeries(query) ?? [];
  const warnings = query === 'with_gaps' ? ['a source was silent for a part of this range'] : [];
  const data =
    url.pathname === '/api/v1/query'
      ? vector(found, Number(url.searchParams.get('time') ?? Date.now() / 1000))
      : matrix(found, url.searchParams);
  const stats = { samples: { totalQueryableSamples: 4321, peakSamples: 120 } };
  sendData(response, { ...data, stats }, warnings);
}

function vector(found: readonly FixtureSeries[], time: number) {
  const result = found.flatMap(({ labels, at }) => {
    const value = at(time);
    return value === null ? [] : [{ metric: labels, value: [time, String(value)] }];
  });
  return { resultType: 'vector', result };
}

function matrix(found: readonly FixtureSeries[], params: URLSearchParams) {
  const [start = 0, end = 0, step = 1] = ['start', 'end', 'step'].map((name) =>
    Number(params.get(name)),
  );
  const result = found.map(({ labels, at }) => {
    const values: [number, string][] = [];
    for (let i = 0; start + i * step <= end; i++) {
      const time = start + i * step;
      const value = at(time);
      if (value !== null) values.push([time, String(value)]);
    }
    return { metric: labels, values };
  });
  return { resultType: 'matrix', result };
}

function sendData(response: ServerResponse, data: unknown, warnings: string[] = []): void {
  const body = { status: 'success', data, ...(warnings.length > 0 ? { warnings } : {}) };
  sendJson(response, 200, body);
}

function sendError(response: ServerResponse, status: number, errorType: string, error: string) {
  sendJson(response, status, { status: 'error', errorType, error });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}

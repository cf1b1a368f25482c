import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestApi, type TestApi } from '../../support/api-app.ts';
import { fixedOpenStorage, loadOpenMetrics } from '../../support/captured-data.ts';
import type { TemporaryStorage } from '../../support/temporary-storage.ts';
import { type ConformanceArea, type ConformanceCase, ConformanceFailure } from '../area.ts';
import { liveCases } from '../http-api/live-cases.ts';
import { describeDifference } from '../http-api/difference.ts';

/** Requests to the query API with the answers of Prometheus 2.42. */
export const area: ConformanceArea = {
  name: 'http-api',
  notes:
    'where Prometheus 3 answers otherwise than 2.42, its answer is wanted; of live/ the shapes ' +
    'are compared',
  async cases(root) {
    return [...(await fixedCases(root)), ...(await liveCases(root))];
  },
};

/** A request and its answer, as captured. */
interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string | number | readonly string[]>>;
  readonly status: number;
  readonly content_type: string | null;
  readonly body: unknown;
}

const DATA = 'promql-queries/demo-data.om.gz';

const RANGE_TYPE = 'Prometheus 3 names the parameter in the error';

/** What Prometheus 3 answers instead, and why. */
const CHANGED: Readonly<Record<string, { why: string; status?: number; body: unknown }>> = {
  'label-values-bad.json': {
    why: 'a-b is a legal label name since 3.0 (UTF-8)',
    status: 200,
    body: { status: 'success', data: [] },
  },
  'range-string.json': {
    why: RANGE_TYPE,
    body: {
      status: 'error',
      errorType: 'bad_data',
      error:
        'invalid parameter "query": invalid expression type "string" for range query, ' +
        'must be Scalar or instant Vector',
    },
  },
  'range-as-instant-of-range.json': {
    why: RANGE_TYPE,
    body: {
      status: 'error',
      errorType: 'bad_data',
      error:
        'invalid parameter "query": invalid expression type "range vector" for range query, ' +
        'must be Scalar or instant Vector',
    },
  },
};

async function fixedCases(root: string): Promise<ConformanceCase[]> {
  const folder = join(root, 'http-api/fixed-data');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  // One store for all: opened by the first case, closed by the last.
  const server = new DemoServer(join(root, DATA), names.length);
  return Promise.all(
    names.map(async (name) => {
      const exchange = JSON.parse(await readFile(join(folder, name), 'utf8')) as Exchange;
      return {
        file: `fixed-data/${name}`,
        name: `${exchange.method} ${exchange.path}`,
        run: () => server.use((api) => check(name, exchange, api)),
      };
    }),
  );
}

class DemoServer {
  readonly #dataFile: string;
  #casesLeft: number;
  #opened: Promise<{ api: TestApi; store: TemporaryStorage }> | undefined;

  constructor(dataFile: string, caseCount: number) {
    this.#dataFile = dataFile;
    this.#casesLeft = caseCount;
  }

  async use(run: (api: TestApi) => Promise<void>): Promise<void> {
    this.#opened ??= this.#open();
    const { api, store } = await this.#opened;
    try {
      await run(api);
    } finally {
      if (--this.#casesLeft === 0) {
        this.#opened = undefined;
        await api.close();
        await store.remove();
      }
    }
  }

  async #open(): Promise<{ api: TestApi; store: TemporaryStorage }> {
    const store = await fixedOpenStorage();
    await loadOpenMetrics(store.storage, this.#dataFile);
    return { api: createTestApi({ storage: store.storage }), store };
  }
}

async function check(file: string, exchange: Exchange, api: TestApi): Promise<void> {
  const wanted = { ...exchange, ...CHANGED[file] };
  const response = await ask(exchange, api);
  const type = response.headers.get('Content-Type');
  const text = await response.text();
  const got = type === 'application/json' ? (JSON.parse(text) as unknown) : text;
  const difference =
    describeDifference(response.status, wanted.status, 'status') ??
    describeDifference(type, wanted.content_type, 'content type') ??
    describeDifference(got, wanted.body, 'body');
  if (difference === undefined) return;
  throw new ConformanceFailure(`${JSON.stringify(wanted.body)} (${difference})`, text);
}

function ask({ method, path, params }: Exchange, api: TestApi): Promise<Response> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  if (method !== 'POST') return api.fetch(text === '' ? path : `${path}?${text}`, { method });
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return api.fetch(path, { method, headers, body: text });
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';

/**
 * What Grafana's Prometheus data source asks, request by request as it builds them, and the fields
 * that it reads of the answers. The plug-in itself is written in Go and runs inside Grafana only.
 */

/** Grafana's own limit of names and series. */
const LIMIT = '40000';

const EXPOSITION = `# TYPE http_request_seconds histogram
# HELP http_request_seconds Time of requests.
# UNIT http_request_seconds seconds
http_request_seconds_bucket{route="/a",le="0.1"} 3 # {trace_id="7ac1"} 0.07
http_request_seconds_bucket{route="/a",le="+Inf"} 4 # {trace_id="9be2"} 0.5
http_request_seconds_sum{route="/a"} 0.8
http_request_seconds_count{route="/a"} 4
# TYPE queue_length gauge
# HELP queue_length Waiting jobs.
queue_length{shard="0"} 7
queue_length{shard="1"} 9
# EOF
`;

interface Envelope {
  status: string;
  data?: unknown;
  error?: string;
  errorType?: string;
  warnings?: unknown;
}

type Params = readonly (readonly [string, string])[];

/** Names may be repeated, as those of matchers are. */
function encode(params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of params) search.append(name, value);
  return search.toString();
}

describe("Grafana's Prometheus data source", () => {
  let collector: Collector;
  let nowSeconds: number;

  beforeAll(async () => {
    collector = await startCollector();
    const pushed = await fetch(`${collector.url}/api/v1/push?job=web`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' },
      body: EXPOSITION,
    });
    if (pushed.status !== 204) throw new Error(`push: ${pushed.status} ${await pushed.text()}`);
    nowSeconds = Date.now() / 1000;
  });

  afterAll(async () => {
    await collector?.stop();
  });

  async function get(path: string, params: Params = []): Promise<[number, Envelope]> {
    const response = await fetch(`${collector.url}/${path}?${encode(params)}`);
    return [response.status, (await response.json()) as Envelope];
  }

  async function post(path: string, params: Params): Promise<[number, Envelope]> {
    const body = encode(params);
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const response = await fetch(`${collector.url}/${path}`, { method: 'POST', headers, body });
    return [response.status, (await response.json()) as Envelope];
  }

  /** Both of the methods that a data source may be set to, which must agree. */
  async function ask(path: string, params: Params): Promise<unknown> {
    const [[getStatus, byGet], [postStatus, byPost]] = await Promise.all([
      get(path, params),
      post(path, params),
    ]);
    expect([getStatus, byGet.status]).toEqual([200, 'success']);
    expect([postStatus, byPost]).toEqual([200, byGet]);
    return byGet.data;
  }

  /** The last half hour, in Unix seconds. */
  function window(): Params {
    return [
      ['start', String(Math.floor(nowSeconds) - 1800)],
      ['end', String(Math.ceil(nowSeconds) + 5)],
    ];
  }

  it('takes the collector for a Prometheus without a ruler of its own', async () => {
    const [status, { data }] = await get('api/v1/status/buildinfo');
    expect(status).toBe(200);
    const texts = ['version', 'revision', 'branch', 'buildUser', 'buildDate', 'goVersion'];
    expect(data).toMatchObject(Object.fromEntries(texts.map((name) => [name, expect.any(String)])));
    // With features in it, Grafana would take the server for Mimir and call Mimir's own routes.
    expect(data).not.toHaveProperty('features');
  });

  it('finds the source healthy by adding one and one', async () => {
    const params: Params = [
      ['query', '1+1'],
      ['time', '4'],
    ];
    expect(await ask('api/v1/query', params)).toEqual({ resultType: 'scalar', result: [4, '2'] });
  });

  it('reads vectors and scalars of instant queries, with the timeout it sends', async () => {
    const params: Params = [
      ['query', 'queue_length'],
      ['time', nowSeconds.toString()],
      ['timeout', '60s'],
    ];
    const data = await ask('api/v1/query', params);
    const series = (shard: string, value: string) => ({
      metric: { __name__: 'queue_length', job: 'web', shard },
      value: [expect.any(Number), value],
    });
    expect(data).toMatchObject({ resultType: 'vector' });
    expect((data as { result: unknown[] }).result).toEqual([
      expect.objectContaining(series('0', '7')),
      expect.objectContaining(series('1', '9')),
    ]);
    const text = await ask('api/v1/query', [
      ['query', '"tide"'],
      ['time', '4'],
    ]);
    expect(text).toEqual({ resultType: 'string', result: [4, 'tide'] });
  });

  it('reads matrices, with warnings and statistics beside them', async () => {
    const start = Math.floor(nowSeconds / 15) * 15 - 60;
    const params: Params = [
      ['query', 'quantile(2, queue_length)'],
      ['start', String(start)],
      ['end', String(start + 120)],
      ['step', '15'],
      ['stats', 'all'],
    ];
    const [status, answer] = await post('api/v1/query_range', params);
    expect([status, answer.status]).toEqual([200, 'success']);
    expect(answer.data).toMatchObject({
      resultType: 'matrix',
      result: expect.any(Array),
      stats: { samples: { totalQueryableSamples: expect.any(Number) } },
    });
    // Grafana shows the remark on the panel.
    expect(answer.warnings).toEqual([expect.stringContaining('quantile')]);
    // The kind stands before the result, so that Grafana reads it in one pass.
    const response = await fetch(`${collector.url}/api/v1/query_range?${encode(params)}`);
    const text = await response.text();
    expect(text.indexOf('"resultType"')).toBeLessThan(text.indexOf('"result":'));
    const range = await ask('api/v1/query_range', [
      ['query', 'queue_length'],
      ...params.slice(1, 4),
    ]);
    const [first] = (range as { result: { metric: object; values: unknown[][] }[] }).result;
    expect(first?.metric).toMatchObject({ shard: '0' });
    expect(first?.values.at(-1)).toEqual([start + 120, '7']);
  });

  it('shows the error of a wrong query', async () => {
    for (const [status, answer] of [
      await get('api/v1/query', [['query', 'sum(']]),
      await post('api/v1/query', [['query', 'sum(']]),
    ]) {
      expect(status).toBe(400);
      expect(answer).toMatchObject({ status: 'error', errorType: 'bad_data' });
      expect(answer.error).toContain('parse error');
    }
  });

  it('finds out whether there are exemplars, by times in milliseconds', async () => {
    const nowMs = Math.round(nowSeconds * 1000);
    const params: Params = [
      ['query', 'test'],
      ['start', String(nowMs - 1_800_000)],
      ['end', String(nowMs)],
    ];
    expect(await ask('api/v1/query_exemplars', params)).toEqual([]);
  });

  it('reads exemplars', async () => {
    const query = 'histogram_quantile(0.9, rate(http_request_seconds_bucket[5m]))';
    const data = await ask('api/v1/query_exemplars', [['query', query], ...window()]);
    const bounds = (data as { seriesLabels: { le: string } }[]).map(
      ({ seriesLabels }) => seriesLabels.le,
    );
    expect(bounds.toSorted()).toEqual(['+Inf', '0.1']);
    expect(data).toContainEqual({
      seriesLabels: expect.objectContaining({ __name__: 'http_request_seconds_bucket', le: '0.1' }),
      exemplars: [{ labels: { trace_id: '7ac1' }, value: '0.07', timestamp: expect.any(Number) }],
    });
  });

  it('lists label names, all or those of a selector', async () => {
    const all = await ask('api/v1/labels', [['limit', LIMIT], ...window()]);
    expect(all).toEqual(expect.arrayContaining(['__name__', 'job', 'route', 'shard']));
    const some = await ask('api/v1/labels', [
      ...window(),
      ['match[]', '{__name__="queue_length"}'],
    ]);
    expect(some).toContain('shard');
    expect(some).not.toContain('route');
    expect(await ask('api/v1/labels', [['limit', '1']])).toHaveLength(1);
  });

  it('lists values of a label by GET, with match[] and limit, and names that it escapes', async () => {
    const path = 'api/v1/label/__name__/values';
    const [, all] = await get(path, [['limit', LIMIT], ...window()]);
    // Grafana finds histograms by the ending.
    expect(all.data).toEqual(
      expect.arrayContaining(['queue_length', 'http_request_seconds_bucket']),
    );
    const [, found] = await get(path, [['match[]', '{__name__=~"queue.*"}'], ...window()]);
    expect(found.data).toEqual(['queue_length']);
    const [, shards] = await get('api/v1/label/shard/values', [
      ['limit', '1'],
      ['match[]', 'queue_length{shard!=""}'],
      ['match[]', '{job="web"}'],
    ]);
    expect(shards.data).toHaveLength(1);
    const [status, escaped] = await get('api/v1/label/U__http_2e_status/values', [
      ['limit', LIMIT],
    ]);
    expect([status, escaped.data]).toEqual([200, []]);
  });

  it('lists series', async () => {
    const params: Params = [...window(), ['match[]', '{__name__="queue_length",shard!=""}']];
    const data = await ask('api/v1/series', [...params, ['limit', LIMIT]]);
    expect(data).toEqual([
      expect.objectContaining({ __name__: 'queue_length', job: 'web', shard: '0' }),
      expect.objectContaining({ __name__: 'queue_length', job: 'web', shard: '1' }),
    ]);
    expect(await ask('api/v1/series', [...params, ['limit', '1']])).toHaveLength(1);
  });

  it('reads type, help and unit of metrics', async () => {
    const [, all] = await get('api/v1/metadata', [['limit', LIMIT]]);
    expect(all.data).toHaveProperty('queue_length');
    const [, one] = await get('api/v1/metadata', [['metric', 'http_request_seconds']]);
    expect(one.data).toEqual({
      http_request_seconds: [{ type: 'histogram', help: 'Time of requests.', unit: 'seconds' }],
    });
  });

  it('reads rules and alerts, and notices none where there are none', async () => {
    const [, rules] = await get('api/v1/rules');
    expect(rules.data).toMatchObject({ groups: expect.any(Array) });
    const [, alerts] = await get('api/v1/alerts');
    expect(alerts.data).toMatchObject({ alerts: expect.any(Array) });
    const [, notices] = await get('api/v1/notifications');
    expect(notices.data).toEqual(expect.any(Array));
  });

  it('reads the status pages', async () => {
    for (const page of ['config', 'flags', 'runtimeinfo', 'tsdb', 'walreplay']) {
      const [status, answer] = await get(`api/v1/status/${page}`);
      expect([page, status, answer.status]).toEqual([page, 200, 'success']);
      expect(answer.data).toEqual(expect.any(Object));
    }
    const [, tsdb] = await get('api/v1/status/tsdb');
    expect(tsdb.data).toMatchObject({
      headStats: { numSeries: expect.any(Number) },
      seriesCountByMetricName: expect.any(Array),
    });
    const [, config] = await get('api/v1/status/config');
    expect(config.data).toMatchObject({ yaml: expect.any(String) });
    const [, features] = await get('api/v1/features');
    expect(features.data).toMatchObject({ promql_functions: { rate: true } });
  });

  it('formats and parses a query', async () => {
    const query: Params = [['query', 'sum(rate(queue_length[5m]))by(shard)']];
    expect(await ask('api/v1/format_query', query)).toBe('sum by (shard) (rate(queue_length[5m]))');
    expect(await ask('api/v1/parse_query', query)).toMatchObject({
      type: 'aggregation',
      op: 'sum',
      grouping: ['shard'],
      expr: { type: 'call', func: { name: 'rate' } },
    });
  });

  it('may ask from a page of another origin', async () => {
    const origin = 'http://grafana.example';
    const asked = await fetch(`${collector.url}/api/v1/query`, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type',
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('Access-Control-Allow-Methods')).toMatch(/GET.*POST/);
    expect(asked.headers.get('Access-Control-Allow-Headers')).toMatch(/content-type/i);
    const answered = await fetch(`${collector.url}/api/v1/query?query=1`, {
      headers: { Origin: origin },
    });
    expect(['*', origin]).toContain(answered.headers.get('Access-Control-Allow-Origin'));
  });

  it('gets its answers compressed when it takes gzip', async () => {
    const response = await fetch(`${collector.url}/api/v1/metadata?limit=${LIMIT}`, {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect(response.headers.get('Content-Encoding')).toBe('gzip');
    expect(await response.json()).toMatchObject({ status: 'success' });
  });
});

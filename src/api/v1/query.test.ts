import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../../test/support/api-app.ts';
import { openExampleStore } from '../../../test/support/example-store.ts';

let store: Awaited<ReturnType<typeof openExampleStore>>;
let api: TestApi;

beforeAll(async () => {
  store = await openExampleStore();
  api = createTestApi({ storage: store.storage, clock: store.clock });
});

afterAll(async () => {
  await api.close();
  await store.remove();
});

async function ask(path: string, params: Record<string, string> = {}): Promise<unknown> {
  const { body } = await api.json(`/api/v1/${path}?${new URLSearchParams(params).toString()}`);
  return body;
}

function failing(path: string, params: Record<string, string>, error: string): void {
  it(`${path} ${JSON.stringify(params)}`, async () => {
    expect(await ask(path, params)).toEqual({ status: 'error', errorType: 'bad_data', error });
  });
}

it('has no time left where the timeout is none', async () => {
  for (const path of ['query', 'query_range']) {
    const params = { query: '1', start: '1', end: '2', step: '1', timeout: '0' };
    expect(await ask(path, params)).toEqual({
      status: 'error',
      errorType: 'timeout',
      error: 'query timed out in query queue',
    });
  }
});

describe('parameters that are wrong', () => {
  failing(
    'query',
    { query: '1', lookback_delta: 'x' },
    'error parsing lookback delta duration: cannot parse "x" to a valid duration',
  );
  failing(
    'query',
    { query: '1', limit: '-1' },
    'invalid parameter "limit": limit must be non-negative',
  );
  failing(
    'query_range',
    { query: '1', start: '2', end: '1', step: '1' },
    'invalid parameter "end": end timestamp must not be before start time',
  );
  failing(
    'query_range',
    { query: '1', start: '1', end: '2', step: '0' },
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. ' +
      'Try a positive integer',
  );
  failing(
    'query_range',
    { query: '1', end: '2', step: '1' },
    'invalid parameter "start": cannot parse "" to a valid timestamp',
  );
  failing(
    'format_query',
    { query: '(' },
    'invalid parameter "query": 1:2: parse error: unclosed left parenthesis',
  );
  failing('query_exemplars', { query: '(' }, '1:2: parse error: unclosed left parenthesis');
  failing(
    'query_exemplars',
    { query: 'up', start: '2', end: '1' },
    'end timestamp must not be before start timestamp',
  );
});

describe('query', () => {
  it('cuts an answer at its limit and says so', async () => {
    expect(await ask('query', { query: 'up', limit: '1' })).toMatchObject({
      data: { result: [{ metric: { job: 'tidegauge' } }] },
      warnings: ['results truncated due to limit'],
    });
    expect(await ask('query', { query: 'up', limit: '2' })).not.toHaveProperty('warnings');
  });

  it('looks back as far as it is told', async () => {
    const query = { query: 'count(up)', time: '1700000090' };
    expect(await ask('query', query)).toMatchObject({ data: { result: [{ value: [{}, '2'] }] } });
    expect(await ask('query', { ...query, lookback_delta: '10s' })).toMatchObject({
      data: { result: [] },
    });
  });

  it('ends at its timeout', async () => {
    const answer = await api.json('/api/v1/query?query=up&timeout=0');
    expect(answer).toMatchObject({ status: 503, body: { errorType: 'timeout' } });
  });

  it('gives infos and warnings', async () => {
    expect(await ask('query', { query: 'rate(up[1m])' })).toMatchObject({
      infos: [expect.stringContaining('metric might not be a counter')],
    });
    expect(await ask('query', { query: 'quantile(2, up)' })).toMatchObject({
      warnings: [expect.stringContaining('quantile value should be between 0 and 1')],
    });
  });

  it('fails with 422 where the evaluation does', async () => {
    const search = new URLSearchParams({ query: 'label_replace(up, "instance", "", "job", ".*")' });
    search.set('query', 'label_replace(up, "job", "", "job", ".*") + on() up');
    const answer = await api.json(`/api/v1/query?${search.toString()}`);
    expect(answer).toMatchObject({ status: 422, body: { errorType: 'execution' } });
  });
});

describe('statistics by step', () => {
  const steps = { start: '1700000000', end: '1700000060', step: '30', stats: 'all' };
  const check = (query: string, want: unknown) =>
    it(query, async () => {
      const other = createTestApi({
        storage: store.storage,
        clock: store.clock,
        query: { per_step_stats: true },
      });
      const search = new URLSearchParams({ query, ...steps });
      const { body } = await other.json(`/api/v1/query_range?${search.toString()}`);
      await other.close();
      const { data } = body as { data: { stats: { samples: Record<string, unknown> } } };
      expect(data.stats.samples['totalQueryableSamplesPerStep']).toEqual(want);
    });
  const at = (...counts: number[]) =>
    counts.map((count, index) => [1_700_000_000 + 30 * index, count]);
  check('up', at(2, 2, 2));
  check('sum_over_time(up{job="node"}[1m])', at(1, 3, 4));
  check('up + on(job) up offset 45s', at(2, 2, 4));
  check('up{job="node"} @ 1700000060', at(1, 1, 1));
  check('1', at(0, 0, 0));

  it('are left out unless a setting says so', async () => {
    const { data } = (await ask('query', { query: 'up', stats: 'all' })) as {
      data: { stats: { samples: unknown } };
    };
    expect(data.stats.samples).toEqual({ totalQueryableSamples: 2, peakSamples: 2 });
  });
});

describe('explain and analyze', () => {
  it('give the plan, of one time or of a range', async () => {
    const query = 'sum(up)';
    expect(await ask('explain', { query })).toMatchObject({
      data: { operator: 'aggregate', detail: 'sum', steps: 1 },
    });
    const range = { query, start: '1700000000', end: '1700000060', step: '30' };
    expect(await ask('explain', range)).toMatchObject({ data: { steps: 3 } });
    expect(await ask('analyze', range)).toMatchObject({
      data: { plan: { measured: { series: 1, samples: 3 } }, stats: { seriesRead: 2 } },
    });
  });

  failing(
    'explain',
    { query: '"a"', start: '1', end: '2', step: '1' },
    'invalid parameter "query": invalid expression type "string" for range query, ' +
      'must be Scalar or instant Vector',
  );
});

describe('what is experimental', () => {
  it('is refused where the setting says so', async () => {
    const query = { experimental_functions: false };
    const strict = createTestApi({ storage: store.storage, clock: store.clock, query });
    const answer = await strict.json('/api/v1/query?query=limitk(1,up)');
    const { body } = await strict.json('/api/v1/features');
    await strict.close();
    expect(answer).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('invalid parameter "query": 1:1') as unknown },
    });
    expect(body).toMatchObject({
      data: { promql_operators: { limitk: false, topk: true }, promql_functions: { info: false } },
    });
  });
});

describe('parse_query', () => {
  const parsed = async (query: string): Promise<unknown> => {
    const { data } = (await ask('parse_query', { query })) as { data: unknown };
    return data;
  };

  it('gives binary operators with their matching', async () => {
    expect(await parsed('a / on(x) group_left(y) fill_right(2) b')).toMatchObject({
      type: 'binaryExpr',
      op: '/',
      bool: false,
      lhs: { type: 'vectorSelector', name: 'a' },
      matching: {
        card: 'many-to-one',
        fillValues: { lhs: null, rhs: 2 },
        include: ['y'],
        labels: ['x'],
        on: true,
      },
    });
    expect(await parsed('1 == bool 2e-9')).toEqual({
      type: 'binaryExpr',
      op: '==',
      bool: true,
      lhs: { type: 'numberLiteral', val: '1' },
      rhs: { type: 'numberLiteral', val: '0.000000002' },
      matching: null,
    });
  });

  it('gives calls with the signature of the function', async () => {
    expect(await parsed('round(-(up), Inf)')).toEqual({
      type: 'call',
      func: {
        name: 'round',
        argTypes: ['vector', 'scalar'],
        variadic: 1,
        returnType: 'vector',
      },
      args: [
        {
          type: 'unaryExpr',
          op: '-',
          expr: { type: 'parenExpr', expr: expect.objectContaining({ name: 'up' }) as unknown },
        },
        { type: 'numberLiteral', val: '+Inf' },
      ],
    });
    expect(await parsed('label_join(up, "a", "b")')).toMatchObject({ func: { variadic: -1 } });
  });

  it('gives selectors with what moves them', async () => {
    expect(await parsed('rate(up{b!~"c"}[5m] offset -1m @ 2.5)')).toMatchObject({
      args: [
        {
          type: 'matrixSelector',
          name: 'up',
          range: 300_000,
          rangeExpr: null,
          offset: -60_000,
          timestamp: 2500,
          startOrEnd: null,
          anchored: false,
          smoothed: false,
          matchers: [
            { name: 'b', type: '!~', value: 'c' },
            { name: '__name__', type: '=', value: 'up' },
          ],
        },
      ],
    });
  });

  it('gives subqueries and arithmetic of durations', async () => {
    expect(await parsed('max_over_time(up[step() * 2:1m] @ end())')).toMatchObject({
      args: [
        {
          type: 'subquery',
          range: 0,
          rangeExpr: {
            type: 'durationExpr',
            op: '*',
            lhs: { type: 'durationExpr', op: 'step', lhs: null, rhs: null },
            rhs: { type: 'numberLiteral', val: '2', duration: false },
          },
          step: 60_000,
          stepExpr: null,
          startOrEnd: 'end',
          timestamp: null,
        },
      ],
    });
  });

  it('gives aggregations', async () => {
    expect(await parsed('topk by (a) (3, up)')).toMatchObject({
      type: 'aggregation',
      op: 'topk',
      grouping: ['a'],
      without: false,
      param: { val: '3' },
    });
    expect(await parsed('"x"')).toEqual({ type: 'stringLiteral', val: 'x' });
  });
});

describe('query_exemplars', () => {
  it('has nothing to say of a query without selectors', async () => {
    const response = await api.fetch('/api/v1/query_exemplars?query=1');
    expect([response.status, await response.text()]).toEqual([204, '']);
  });
});

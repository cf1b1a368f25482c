import { z } from 'zod';
import type { Expr, JsonQuery } from '../../query/index.ts';
import { prettyPrint, selectorsOf } from '../../query/index.ts';
import type { TimeRange } from '../../storage/api.ts';
import type { Answer } from '../answer.ts';
import { instantData, parsedExpression, rangeData } from '../contract/query.ts';
import type { Params } from '../params.ts';
import { success } from '../respond.ts';
import type { ApiRequest, ParamSpec, Route, RouteSpec } from '../route.ts';
import { LIMIT } from '../route.ts';
import { runQuery } from '../run-query.ts';
import { expressionJson } from './expression-json.ts';
import { asksForCoverage, COVERAGE, coverageInfos } from './query-coverage.ts';
import {
  evaluationParams,
  refuseOverdue,
  LOOKBACK,
  parseQuery,
  QUERY,
  refuseUnlessOverTime,
  stepParams,
  STEPS,
  TIME,
  TIMEOUT,
} from './query-params.ts';

/** How far back a value counts, where nothing else is said. */
const DEFAULT_LOOKBACK_MS = 300_000;

const COMMON: readonly ParamSpec[] = [
  QUERY,
  TIMEOUT,
  LIMIT,
  LOOKBACK,
  COVERAGE,
  {
    name: 'stats',
    in: 'query',
    type: 'string',
    choices: ['true', 'all'],
    text: 'Adds what the evaluation took; `all` adds samples by step where `per_step_stats` is on.',
  },
];

const FAILURES: RouteSpec['failures'] = {
  400: 'The expression does not parse, or a parameter is wrong.',
  422: 'The evaluation failed, or reached a limit.',
  503: 'The evaluation took too long, or too many queries wait.',
};

/** Evaluates, formats and parses PromQL. */
export const queryRoutes: readonly Route[] = [
  {
    path: '/api/v1/query',
    methods: ['GET', 'POST'],
    tag: 'query',
    summary: 'Evaluate a query at one time',
    params: [...COMMON, TIME],
    answer: { kind: 'json', data: instantData },
    failures: FAILURES,
    example: '/api/v1/query?query=up',
    exampleData: {
      resultType: 'vector',
      result: [
        {
          metric: { __name__: 'up', instance: '127.0.0.1:9095', job: 'tidegauge' },
          value: [1_700_000_060, '1'],
        },
        {
          metric: { __name__: 'up', instance: '127.0.0.1:9100', job: 'node' },
          value: [1_700_000_060, '1'],
        },
      ],
    },
    handle: instantQuery,
  },
  {
    path: '/api/v1/query_range',
    methods: ['GET', 'POST'],
    tag: 'query',
    summary: 'Evaluate a query over a range of times',
    description: 'At most 11,000 steps; both ends are evaluated.',
    params: [...COMMON, ...STEPS],
    answer: { kind: 'json', data: rangeData },
    failures: FAILURES,
    example: '/api/v1/query_range?query=sum(up)&start=1700000000&end=1700000060&step=30s',
    exampleData: {
      resultType: 'matrix',
      result: [
        {
          metric: {},
          values: [
            [1_700_000_000, '2'],
            [1_700_000_030, '2'],
            [1_700_000_060, '2'],
          ],
        },
      ],
    },
    handle: rangeQuery,
  },
  {
    path: '/api/v1/format_query',
    methods: ['GET', 'POST'],
    tag: 'query',
    summary: 'Print a query in its usual form',
    params: [QUERY],
    answer: { kind: 'json', data: z.string() },
    example: '/api/v1/format_query?query=sum(rate(up%5B5m%5D))by(job)',
    exampleData: 'sum by (job) (rate(up[5m]))',
    handle: (request) => success(prettyPrint(parseQuery(request.params)), request),
  },
  {
    path: '/api/v1/parse_query',
    methods: ['GET', 'POST'],
    tag: 'query',
    summary: 'The syntax tree of a query',
    params: [QUERY],
    answer: { kind: 'json', data: parsedExpression },
    example: '/api/v1/parse_query?query=-up',
    exampleData: {
      expr: {
        anchored: false,
        matchers: [{ name: '__name__', type: '=', value: 'up' }],
        name: 'up',
        offset: 0,
        offsetExpr: null,
        startOrEnd: null,
        timestamp: null,
        smoothed: false,
        type: 'vectorSelector',
      },
      op: '-',
      type: 'unaryExpr',
    },
    handle: (request) => success(expressionJson(parseQuery(request.params)), request),
  },
];

function instantQuery(request: ApiRequest): Answer | Promise<Answer> {
  const { params, deps } = request;
  const limit = params.limit();
  const timeMs = params.time('time', deps.clock.now());
  const common = { ...evaluationParams(params), stats: statsParam(params) };
  const expr = parseQuery(params);
  refuseOverdue(common);
  const minTime = timeMs - (common.lookbackMs ?? DEFAULT_LOOKBACK_MS);
  const query = { kind: 'instant', timeMs, ...common, limit } as const;
  return withCoverage(request, expr, { minTime, maxTime: timeMs }, query);
}

function rangeQuery(request: ApiRequest): Answer | Promise<Answer> {
  const { params } = request;
  const limit = params.limit();
  const steps = stepParams(params);
  const common = { ...evaluationParams(params), stats: statsParam(params) };
  const expr = parseQuery(params);
  refuseUnlessOverTime(expr);
  refuseOverdue(common);
  const range = { minTime: steps.startMs, maxTime: steps.endMs };
  const query = { kind: 'range', ...steps, ...common, limit } as const;
  return withCoverage(request, expr, range, query);
}

function withCoverage(
  request: ApiRequest,
  expr: Expr,
  range: TimeRange,
  query: JsonQuery,
): Answer | Promise<Answer> {
  if (!asksForCoverage(request)) return runQuery(request, query);
  return coverageInfos(request, selectorsOf(expr), range).then((infos) =>
    runQuery(request, query, infos),
  );
}

function statsParam(params: Params): string | undefined {
  const stats = params.text('stats');
  return stats === '' ? undefined : stats;
}

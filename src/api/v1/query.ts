import { z } from 'zod';
import type { Expr } from '../../query/index.ts';
import {
  MAX_POINTS_PER_SERIES,
  ParseError,
  parseExpr,
  prettyPrint,
  valueTypeOf,
} from '../../query/index.ts';
import { instantData, parsedExpression, rangeData } from '../contract/query.ts';
import { ApiError, badParameter } from '../errors.ts';
import type { Params } from '../params.ts';
import { parseDurationParam } from '../params.ts';
import { success } from '../respond.ts';
import type { ApiRequest, ParamSpec, Route, RouteSpec } from '../route.ts';
import { LIMIT } from '../route.ts';
import { runQuery } from '../run-query.ts';
import { expressionJson } from './expression-json.ts';

/** Two minutes, as Prometheus has it; `timeout` may ask for less. */
const MAX_TIMEOUT_MS = 120_000;

const QUERY: ParamSpec = {
  name: 'query',
  in: 'query',
  type: 'string',
  required: true,
  text: 'PromQL expression.',
};

const COMMON: readonly ParamSpec[] = [
  QUERY,
  {
    name: 'timeout',
    in: 'query',
    type: 'duration',
    text: 'Longest the evaluation may take; two minutes where missing or larger.',
  },
  LIMIT,
  {
    name: 'lookback_delta',
    in: 'query',
    type: 'duration',
    text: 'How far back an instant vector looks for a sample; else as configured.',
  },
  {
    name: 'stats',
    in: 'query',
    type: 'string',
    choices: ['true', 'all'],
    text: 'Adds what the evaluation took; `all` adds samples by step.',
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
    params: [
      ...COMMON,
      {
        name: 'time',
        in: 'query',
        type: 'time',
        text: 'The time of evaluation; now where missing.',
      },
    ],
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
    params: [
      ...COMMON,
      { name: 'start', in: 'query', type: 'time', required: true, text: 'The first time.' },
      { name: 'end', in: 'query', type: 'time', required: true, text: 'The last time.' },
      {
        name: 'step',
        in: 'query',
        type: 'duration',
        required: true,
        text: 'Between two times of evaluation.',
      },
    ],
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

function instantQuery(request: ApiRequest): Promise<Response> {
  const { params, deps } = request;
  const limit = params.limit();
  const timeMs = params.time('time', deps.clock.now());
  const common = commonParams(params);
  parseQuery(params);
  return runQuery(request, { kind: 'instant', timeMs, ...common, limit });
}

async function rangeQuery(request: ApiRequest): Promise<Response> {
  const { params } = request;
  const limit = params.limit();
  const startMs = params.requiredTime('start');
  const endMs = params.requiredTime('end');
  if (endMs < startMs) throw badParameter('end', 'end timestamp must not be before start time');
  const stepMs = params.requiredDuration('step');
  if (stepMs <= 0) {
    const problem =
      'zero or negative query resolution step widths are not accepted. Try a positive integer';
    throw badParameter('step', problem);
  }
  // One point more than the limit is let through, as Prometheus counts steps, not points.
  if (Math.floor((endMs - startMs) / stepMs) > MAX_POINTS_PER_SERIES) {
    throw new ApiError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. ' +
        'Try decreasing the query resolution (?step=XX)',
    );
  }
  const common = commonParams(params);
  refuseUnlessOverTime(parseQuery(params));
  return runQuery(request, { kind: 'range', startMs, endMs, stepMs, ...common, limit });
}

function commonParams(params: Params) {
  const timeoutMs = Math.min(params.duration('timeout') ?? MAX_TIMEOUT_MS, MAX_TIMEOUT_MS);
  const stats = params.text('stats');
  return {
    query: params.text('query'),
    timeoutMs,
    lookbackMs: lookback(params.text('lookback_delta')),
    stats: stats === '' ? undefined : stats,
  };
}

/** Undefined, which means the configured one, also for 0. */
function lookback(text: string): number | undefined {
  if (text === '') return undefined;
  const lookbackMs = parseDurationParam(text);
  if (lookbackMs === undefined) {
    const problem = `cannot parse ${JSON.stringify(text)} to a valid duration`;
    throw new ApiError('bad_data', `error parsing lookback delta duration: ${problem}`);
  }
  return lookbackMs > 0 ? lookbackMs : undefined;
}

function parseQuery(params: Params): Expr {
  try {
    return parseExpr(params.text('query'));
  } catch (error) {
    if (error instanceof ParseError) throw badParameter('query', error.message);
    throw error;
  }
}

function refuseUnlessOverTime(expr: Expr): void {
  const type = valueTypeOf(expr);
  if (type === 'scalar' || type === 'vector') return;
  const named = type === 'matrix' ? 'range vector' : type;
  throw badParameter(
    'query',
    `invalid expression type "${named}" for range query, must be Scalar or instant Vector`,
  );
}

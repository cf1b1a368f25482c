import type { Answer } from '../answer.ts';
import { analysis, planNode } from '../contract/explain.ts';
import type { ApiRequest, ParamSpec, Route } from '../route.ts';
import { runQuery } from '../run-query.ts';
import {
  evaluationParams,
  LOOKBACK,
  parseQuery,
  QUERY,
  refuseUnlessOverTime,
  stepParams,
  STEPS,
  TIME,
  TIMEOUT,
} from './query-params.ts';

const PARAMS: readonly ParamSpec[] = [
  QUERY,
  TIME,
  ...STEPS.map((param) => ({
    ...param,
    required: false,
    text: `${param.text} With it, of a range query.`,
  })),
  TIMEOUT,
  LOOKBACK,
];

/** How queries are evaluated. */
export const explainRoutes: readonly Route[] = [
  {
    path: '/api/v1/explain',
    methods: ['GET', 'POST'],
    tag: 'query',
    summary: 'How a query would be evaluated',
    description: 'The plan as a tree; nothing is read. Prometheus has no such route.',
    params: PARAMS,
    answer: { kind: 'json', data: planNode },
    example: '/api/v1/explain?query=sum(rate(up%5B5m%5D))',
    handle: (request) => explain(request, 'explain'),
  },
  {
    path: '/api/v1/analyze',
    methods: ['GET', 'POST'],
    tag: 'query',
    summary: 'What the evaluation of a query takes, by operator',
    description: 'Evaluates it and gives the plan with time, series and samples of each node.',
    params: PARAMS,
    answer: { kind: 'json', data: analysis },
    failures: { 422: 'The evaluation failed, or reached a limit.' },
    example: '/api/v1/analyze?query=sum(up)',
    handle: (request) => explain(request, 'analyze'),
  },
];

async function explain(request: ApiRequest, kind: 'explain' | 'analyze'): Promise<Answer> {
  const { params, deps } = request;
  const expr = parseQuery(params);
  if (params.text('start') !== '') {
    refuseUnlessOverTime(expr);
    return runQuery(request, { kind, ...stepParams(params), ...evaluationParams(params) });
  }
  const timeMs = params.time('time', deps.clock.now());
  // Equal times stand for an instant query.
  const times = { startMs: timeMs, endMs: timeMs, stepMs: 1 };
  return runQuery(request, { kind, ...times, ...evaluationParams(params) });
}

import type { Hono } from 'hono';
import { messageOf } from '../../model/index.ts';
import {
  MAX_POINTS_PER_SERIES,
  ParseError,
  parseExpr,
  prettyPrint,
  valueTypeOf,
} from '../../query/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError, badParameter } from '../errors.ts';
import { success } from '../respond.ts';
import type { ApiContext, ApiEnv } from '../routing.ts';
import { runQuery } from '../run-query.ts';

/** Two minutes, as Prometheus has it; `timeout` may ask for less. */
const MAX_TIMEOUT_MS = 120_000;

/** `/api/v1/query`, `/api/v1/query_range`, `/api/v1/format_query`. */
export function queryRoutes(app: Hono<ApiEnv>, deps: ApiDependencies): void {
  app.on(['GET', 'POST'], '/query', (context) => instantQuery(context, deps));
  app.on(['GET', 'POST'], '/query_range', (context) => rangeQuery(context, deps));
  app.on(['GET', 'POST'], '/format_query', (context) => {
    return success(prettyPrint(parseQuery(context.var.params.text('query'))));
  });
}

async function instantQuery(context: ApiContext, deps: ApiDependencies): Promise<Response> {
  const { params } = context.var;
  const timeMs = params.time('time', deps.clock.now());
  const limit = params.limit();
  const common = commonParams(context);
  const query = params.text('query');
  parseQuery(query);
  return runQuery(context, deps, { kind: 'instant', query, timeMs, ...common, limit });
}

async function rangeQuery(context: ApiContext, deps: ApiDependencies): Promise<Response> {
  const { params } = context.var;
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
  if ((endMs - startMs) / stepMs > MAX_POINTS_PER_SERIES) {
    throw new ApiError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. ' +
        'Try decreasing the query resolution (?step=XX)',
    );
  }
  const limit = params.limit();
  const common = commonParams(context);
  const query = params.text('query');
  refuseUnlessOverTime(parseQuery(query));
  return runQuery(context, deps, {
    kind: 'range',
    query,
    startMs,
    endMs,
    stepMs,
    ...common,
    limit,
  });
}

function commonParams({ var: { params } }: ApiContext) {
  const timeoutMs = Math.min(params.duration('timeout') ?? MAX_TIMEOUT_MS, MAX_TIMEOUT_MS);
  const lookbackMs = params.duration('lookback_delta');
  const stats = params.text('stats');
  return { timeoutMs, lookbackMs, stats: stats === '' ? undefined : stats };
}

function parseQuery(text: string): ReturnType<typeof parseExpr> {
  try {
    return parseExpr(text);
  } catch (error) {
    if (error instanceof ParseError) throw badParameter('query', messageOf(error));
    throw error;
  }
}

function refuseUnlessOverTime(expr: ReturnType<typeof parseExpr>): void {
  const type = valueTypeOf(expr);
  if (type === 'scalar' || type === 'vector') return;
  const named = type === 'matrix' ? 'range vector' : type;
  throw new ApiError(
    'bad_data',
    `invalid expression type "${named}" for range query, must be Scalar or instant Vector`,
  );
}

import type { Expr } from '../../query/index.ts';
import {
  MAX_POINTS_PER_SERIES,
  ParsedTexts,
  ParseError,
  parseExpr,
  valueTypeOf,
} from '../../query/index.ts';
import { ApiError, badParameter } from '../errors.ts';
import type { Params } from '../params.ts';
import { durationProblem, parseDurationParam } from '../params.ts';
import type { ParamSpec } from '../route.ts';

/** Two minutes, as Prometheus has it; `timeout` may ask for less. */
const MAX_TIMEOUT_MS = 120_000;

export const QUERY: ParamSpec = {
  name: 'query',
  in: 'query',
  type: 'string',
  required: true,
  text: 'PromQL expression.',
};

export const TIMEOUT: ParamSpec = {
  name: 'timeout',
  in: 'query',
  type: 'duration',
  text: 'Longest the evaluation may take; two minutes where missing or larger.',
};

export const LOOKBACK: ParamSpec = {
  name: 'lookback_delta',
  in: 'query',
  type: 'duration',
  text: 'How far back an instant vector looks for a sample; else as configured.',
};

export const TIME: ParamSpec = {
  name: 'time',
  in: 'query',
  type: 'time',
  text: 'The time of evaluation; now where missing.',
};

/** The times of a range query. */
export const STEPS: readonly ParamSpec[] = [
  { name: 'start', in: 'query', type: 'time', required: true, text: 'The first time.' },
  { name: 'end', in: 'query', type: 'time', required: true, text: 'The last time.' },
  {
    name: 'step',
    in: 'query',
    type: 'duration',
    required: true,
    text: 'Between two times of evaluation.',
  },
];

/** Query, timeout and lookback. @throws ApiError */
export function evaluationParams(params: Params): {
  readonly query: string;
  readonly timeoutMs: number;
  readonly lookbackMs: number | undefined;
} {
  const timeoutMs = Math.min(params.duration('timeout') ?? MAX_TIMEOUT_MS, MAX_TIMEOUT_MS);
  const lookbackMs = lookback(params.text('lookback_delta'));
  return { query: params.text('query'), timeoutMs, lookbackMs };
}

/** @throws ApiError where no time is left to answer in, as `timeout=0` has it */
export function refuseOverdue({ timeoutMs }: { readonly timeoutMs: number }): void {
  if (timeoutMs <= 0) throw new ApiError('timeout', 'query timed out in query queue');
}

/** Undefined, which means the configured one, also for 0. */
function lookback(text: string): number | undefined {
  if (text === '') return undefined;
  const lookbackMs = parseDurationParam(text);
  if (lookbackMs === undefined) {
    throw new ApiError(
      'bad_data',
      `error parsing lookback delta duration: ${durationProblem(text)}`,
    );
  }
  return lookbackMs > 0 ? lookbackMs : undefined;
}

/** The steps of a range query. @throws ApiError */
export function stepParams(params: Params): {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
} {
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
  return { startMs, endMs, stepMs };
}

const parsedQueries = new ParsedTexts(parseExpr);

/** The query, parsed. @throws ApiError */
export function parseQuery(params: Params): Expr {
  try {
    return parsedQueries.of(params.text('query'));
  } catch (error) {
    if (error instanceof ParseError) throw badParameter('query', error.message);
    throw error;
  }
}

/** @throws ApiError for a query that has no value at each of many steps */
export function refuseUnlessOverTime(expr: Expr): void {
  const type = valueTypeOf(expr);
  if (type === 'scalar' || type === 'vector') return;
  const named = type === 'matrix' ? 'range vector' : type;
  throw badParameter(
    'query',
    `invalid expression type "${named}" for range query, must be Scalar or instant Vector`,
  );
}

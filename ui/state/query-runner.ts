import { signal } from '@preact/signals';
import type { ApiClient } from '../api/client.ts';
import { type ApiError, asApiError } from '../api/errors.ts';
import type { Analysis, Answer, QueryData } from '../api/prometheus.ts';
import { countResult } from './result-size.ts';
import type { QueryRoute } from './route.ts';
import { type ResolvedRange, resolveRange } from './time-range.ts';

/** A query's result with what it was asked for and what it took. */
export interface ResultOutcome extends Answer<QueryData> {
  tab: 'graph' | 'table';
  expression: string;
  /** Set for the graph only. */
  range: ResolvedRange | null;
  /** From sending to having read the answer. */
  durationMs: number;
  seriesCount: number;
  sampleCount: number;
}

/** What the operators of a range query took. */
export interface PlanOutcome extends Answer<Analysis> {
  tab: 'plan';
  expression: string;
  range: ResolvedRange;
  durationMs: number;
}

export type QueryOutcome = ResultOutcome | PlanOutcome;

/** What went wrong, and with which expression: the box may hold another one by now. */
export interface QueryFailure {
  error: ApiError;
  expression: string;
}

/** Runs the query that a route describes and keeps the newest outcome. */
export function createQueryRunner(client: ApiClient) {
  const outcome = signal<QueryOutcome | null>(null);
  const failure = signal<QueryFailure | null>(null);
  const running = signal(false);

  const clear = () => {
    client.cancel('query');
    outcome.value = null;
    failure.value = null;
    running.value = false;
  };

  const run = async (route: QueryRoute): Promise<void> => {
    const { expression } = route;
    if (expression.trim() === '') return clear();
    running.value = true;
    try {
      outcome.value = await ask(client, route);
      failure.value = null;
      running.value = false;
    } catch (thrown) {
      const error = asApiError(thrown);
      // The newer request owns the signals now.
      if (error.code === 'superseded') return;
      outcome.value = null;
      failure.value = { error, expression };
      running.value = false;
    }
  };
  return { outcome, failure, running, run, clear };
}

async function ask(client: ApiClient, route: QueryRoute): Promise<QueryOutcome> {
  const { expression, tab, limit, lookbackSeconds } = route;
  const startedMs = performance.now();
  const took = () => performance.now() - startedMs;
  const evaluation = { query: expression, lookback_delta: lookbackSeconds ?? undefined };
  if (tab === 'plan') {
    const range = resolveRange({ ...route, nowMs: Date.now() });
    const answer = await client.analyze({ ...evaluation, ...range });
    return { ...answer, tab, expression, range, durationMs: took() };
  }
  const limited = { ...evaluation, limit: limit === 0 ? undefined : limit };
  if (tab === 'graph') {
    const range = resolveRange({ ...route, nowMs: Date.now() });
    const answer = await client.queryRange({ ...limited, ...range });
    return { ...answer, ...countResult(answer.data), tab, expression, range, durationMs: took() };
  }
  const time = route.endMs === null ? undefined : route.endMs / 1000;
  const answer = await client.query({ ...limited, time });
  const counts = countResult(answer.data);
  return { ...answer, ...counts, tab, expression, range: null, durationMs: took() };
}

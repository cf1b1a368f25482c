import { signal } from '@preact/signals';
import type { ApiClient } from '../api/client.ts';
import { type ApiError, asApiError } from '../api/errors.ts';
import type { Answer, QueryData } from '../api/prometheus.ts';
import { countResult } from './result-size.ts';
import type { QueryRoute } from './route.ts';
import { type ResolvedRange, resolveRange } from './time-range.ts';

/** A query's result with what it was asked for and what it took. */
export interface QueryOutcome extends Answer<QueryData> {
  expression: string;
  tab: QueryRoute['tab'];
  /** Set for the graph only. */
  range: ResolvedRange | null;
  /** From sending to having read the answer. */
  durationMs: number;
  seriesCount: number;
  sampleCount: number;
}

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
    const { expression, tab } = route;
    if (expression.trim() === '') return clear();
    running.value = true;
    const startedMs = performance.now();
    const range = tab === 'graph' ? resolveRange({ ...route, nowMs: Date.now() }) : null;
    try {
      const answer = await send(client, route, range);
      const durationMs = performance.now() - startedMs;
      const counts = countResult(answer.data);
      outcome.value = { ...answer, ...counts, expression, tab, range, durationMs };
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

export type QueryRunner = ReturnType<typeof createQueryRunner>;

function send(client: ApiClient, route: QueryRoute, range: ResolvedRange | null) {
  const query = route.expression;
  if (range !== null) return client.queryRange({ query, ...range });
  return client.query({ query, time: route.endMs === null ? undefined : route.endMs / 1000 });
}

import type { Hono } from 'hono';
import type { Matcher } from '../../model/index.ts';
import { formatFloat, Labels, messageOf } from '../../model/index.ts';
import { ParseError, parseExpr, selectorsOf } from '../../query/index.ts';
import type { ExemplarSeries } from '../../storage/api.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { badParameter } from '../errors.ts';
import { success } from '../respond.ts';
import type { ApiEnv } from '../routing.ts';

/** `/api/v1/query_exemplars`: the exemplars of the series that a query selects. */
export function exemplarRoutes(app: Hono<ApiEnv>, { storage }: ApiDependencies): void {
  app.on(['GET', 'POST'], '/query_exemplars', (context) => {
    const { params } = context.var;
    const minTime = params.time('start', Number.MIN_SAFE_INTEGER);
    const maxTime = params.time('end', Number.MAX_SAFE_INTEGER);
    if (maxTime < minTime) {
      throw badParameter('end', 'end timestamp must not be before start timestamp');
    }
    const selectors = parseSelectors(params.text('query'));
    return success(storage.exemplars(selectors, { minTime, maxTime }).map(toJson));
  });
}

function parseSelectors(query: string): (readonly Matcher[])[] {
  try {
    return selectorsOf(parseExpr(query));
  } catch (error) {
    if (error instanceof ParseError) throw badParameter('query', messageOf(error));
    throw error;
  }
}

function toJson({ labels, exemplars }: ExemplarSeries): Record<string, unknown> {
  return {
    seriesLabels: labels.toObject(),
    exemplars: exemplars.map(({ labelPairs, value, timestamp }) => ({
      labels: Labels.fromPairs(labelPairs).toObject(),
      value: formatFloat(value),
      timestamp: (timestamp ?? 0) / 1000,
    })),
  };
}

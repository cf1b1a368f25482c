import type { Matcher } from '../../model/index.ts';
import { formatFloat, Labels } from '../../model/index.ts';
import { ParseError, parseExpr, selectorsOf } from '../../query/index.ts';
import type { ExemplarSeries } from '../../storage/api.ts';
import type { Answer } from '../answer.ts';
import { exemplarData } from '../contract/query.ts';
import { ApiError } from '../errors.ts';
import { noContent, success } from '../respond.ts';
import type { ApiRequest, Route } from '../route.ts';
import { END, START } from '../route.ts';
import { MAX_TIME_MS, MIN_TIME_MS } from './labels.ts';

/** The exemplars of the series that a query selects. */
export const exemplarRoutes: readonly Route[] = [
  {
    path: '/api/v1/query_exemplars',
    methods: ['GET', 'POST'],
    tag: 'query',
    summary: 'Find exemplars of the series that a query selects',
    description: 'A query that selects nothing, such as `1`, is answered with 204 and no body.',
    params: [
      {
        name: 'query',
        in: 'query',
        type: 'string',
        required: true,
        text: 'PromQL expression; its selectors are looked up, the rest does not matter.',
      },
      START,
      END,
    ],
    answer: { kind: 'json', data: exemplarData },
    example: '/api/v1/query_exemplars?query=http_request_duration_seconds_bucket',
    handle: findExemplars,
  },
];

function findExemplars(request: ApiRequest): Answer | Promise<Answer> {
  const { params, deps } = request;
  const minTime = params.time('start', MIN_TIME_MS);
  const maxTime = params.time('end', MAX_TIME_MS);
  if (maxTime < minTime) {
    throw new ApiError('bad_data', 'end timestamp must not be before start timestamp');
  }
  const selectors = parseSelectors(params.text('query'));
  if (selectors.length === 0) return noContent();
  return success(deps.storage.exemplars(selectors, { minTime, maxTime }).map(toJson), request);
}

function parseSelectors(query: string): (readonly Matcher[])[] {
  try {
    return selectorsOf(parseExpr(query));
  } catch (error) {
    if (error instanceof ParseError) throw new ApiError('bad_data', error.message);
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

import { z } from 'zod';
import type { Answer } from '../answer.ts';
import { labelSet } from '../contract/query.ts';
import { ApiError, badParameter } from '../errors.ts';
import type { Params } from '../params.ts';
import type { ApiRequest, Route } from '../route.ts';
import { END, LIMIT, MATCH, START } from '../route.ts';
import { runQuery } from '../run-query.ts';
import { parseSelector } from './parse-selector.ts';
import { unescapeName } from './unescape-name.ts';

/** Times beyond which no sample lies: what `start` and `end` mean where they are missing. */
export const MIN_TIME_MS = -9_000_000_000_000_000;
export const MAX_TIME_MS = 9_000_000_000_000_000;

const LONE_SURROGATE = /\p{Surrogate}/u;

const SELECTION = [MATCH, START, END, LIMIT];

/** Which series there are, which labels, and which values these have. */
export const labelRoutes: readonly Route[] = [
  {
    path: '/api/v1/series',
    methods: ['GET', 'POST'],
    tag: 'metadata',
    summary: 'Find series by selectors',
    params: [{ ...MATCH, required: true }, START, END, LIMIT],
    answer: { kind: 'json', data: z.array(labelSet) },
    example: '/api/v1/series?match%5B%5D=up',
    exampleData: [
      { __name__: 'up', instance: '127.0.0.1:9095', job: 'tidegauge' },
      { __name__: 'up', instance: '127.0.0.1:9100', job: 'node' },
    ],
    handle: seriesOf,
  },
  {
    path: '/api/v1/labels',
    methods: ['GET', 'POST'],
    tag: 'metadata',
    summary: 'List label names',
    params: SELECTION,
    answer: { kind: 'json', data: z.array(z.string()) },
    example: '/api/v1/labels',
    exampleData: ['__name__', 'instance', 'job'],
    handle: (request) =>
      runQuery(request, { kind: 'label_names', ...selection(request.params, asItIs) }),
  },
  {
    path: '/api/v1/label/{name}/values',
    methods: ['GET'],
    tag: 'metadata',
    summary: 'List the values of a label',
    params: [
      {
        name: 'name',
        in: 'path',
        type: 'string',
        required: true,
        text: 'Name of the label; `U__` with code points in hexadecimal writes one of any letters.',
      },
      ...SELECTION,
    ],
    answer: { kind: 'json', data: z.array(z.string()) },
    example: '/api/v1/label/job/values',
    exampleData: ['node', 'tidegauge'],
    handle: valuesOf,
  },
];

function seriesOf(request: ApiRequest): Answer | Promise<Answer> {
  const { params } = request;
  if (params.all('match[]').length === 0) {
    throw new ApiError('bad_data', 'no match[] parameter provided');
  }
  return runQuery(request, { kind: 'series', ...selection(params, asParameter) });
}

function valuesOf(request: ApiRequest): Answer | Promise<Answer> {
  const name = unescapeName(request.params.text('name'));
  if (name === '' || LONE_SURROGATE.test(name)) {
    throw new ApiError('bad_data', `invalid label name: ${JSON.stringify(name)}`);
  }
  return runQuery(request, { kind: 'label_values', name, ...selection(request.params, asItIs) });
}

// `series` names the parameter in its errors, the others do not: so does Prometheus.
const asParameter = (problem: string): ApiError => badParameter('match[]', problem);
const asItIs = (problem: string): ApiError => new ApiError('bad_data', problem);

function selection(params: Params, refusal: (problem: string) => ApiError) {
  const limit = params.limit();
  const minTime = params.time('start', MIN_TIME_MS);
  const maxTime = params.time('end', MAX_TIME_MS);
  const matchers = params.all('match[]');
  checkMatchers(matchers, refusal);
  return { matchers, minTime, maxTime, limit };
}

/** @throws what `refusal` makes of the first selector that is wrong or selects everything */
export function checkMatchers(
  selectors: readonly string[],
  refusal: (problem: string) => ApiError = asItIs,
): void {
  for (const text of selectors) {
    const matchers = parseSelector(text, refusal);
    if (matchers.every((matcher) => matcher.matches(''))) {
      throw refusal('match[] must contain at least one non-empty matcher');
    }
  }
}

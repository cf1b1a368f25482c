import { negotiateExposition } from '../../formats/index.ts';
import type { Answer } from '../answer.ts';
import { ApiError } from '../errors.ts';
import { plainFailure } from '../respond.ts';
import type { ApiRequest, Route } from '../route.ts';
import { MATCH } from '../route.ts';
import { askWorkers } from '../run-query.ts';
import type { FederateInput } from '../tasks/federate.ts';
import { parseSelector } from './parse-selector.ts';

/** The newest samples of chosen series, for another server to scrape. */
export const federateRoutes: readonly Route[] = [
  {
    path: '/federate',
    methods: ['GET'],
    tag: 'transfer',
    summary: 'The newest sample of chosen series, as an exposition with timestamps',
    description:
      'Families are untyped. Exponential native histograms have no form in text and are left ' +
      'out; those with custom buckets are written as classic ones.',
    params: [MATCH],
    answer: {
      kind: 'body',
      types: ['text/plain', 'application/openmetrics-text'],
      text: 'Text 0.0.4, or OpenMetrics where the Accept header prefers it.',
    },
    example: '/federate?match%5B%5D=up',
    handle: federate,
  },
];

async function federate(request: ApiRequest): Promise<Answer> {
  const { params, deps, gzipFromBytes } = request;
  const { format, escaping, contentType } = negotiateExposition(request.header('accept'));
  const isGzipped = gzipFromBytes !== undefined;
  try {
    const selectors = params.all('match[]');
    for (const selector of selectors)
      parseSelector(selector, (text) => new ApiError('bad_data', text));
    const input: FederateInput = {
      selectors,
      timeMs: deps.clock.now(),
      externalLabels: deps.control.externalLabels().pairs,
      format,
      escaping,
      isGzipped,
    };
    const { data } = await askWorkers(request, { kind: 'task', task: 'federate', input });
    const headers = {
      'Content-Type': contentType,
      Vary: 'Accept, Accept-Encoding',
      ...(isGzipped ? { 'Content-Encoding': 'gzip' } : {}),
    };
    return { status: 200, headers, body: data };
  } catch (error) {
    if (error instanceof ApiError) return plainFailure(error.message, error.status);
    throw error;
  }
}

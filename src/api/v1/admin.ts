import { z } from 'zod';
import type { Answer } from '../answer.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError, badParameter } from '../errors.ts';
import { noContent, success } from '../respond.ts';
import type { ApiRequest, Route, RouteSpec } from '../route.ts';
import { END, MATCH, START } from '../route.ts';
import { MAX_TIME_MS, MIN_TIME_MS } from './labels.ts';
import { parseSelector } from './parse-selector.ts';

const FAILURES: RouteSpec['failures'] = {
  503: 'The setting `enable_admin_api` is off, as it is by default.',
};

/** What changes or copies stored data; refused unless a setting allows it. */
export const adminRoutes: readonly Route[] = [
  {
    path: '/api/v1/admin/tsdb/delete_series',
    methods: ['POST', 'PUT'],
    tag: 'admin',
    summary: 'Delete samples of series',
    params: [{ ...MATCH, required: true }, START, END],
    answer: { kind: 'empty', status: 204 },
    failures: FAILURES,
    handle: deleteSeries,
  },
  {
    path: '/api/v1/admin/tsdb/clean_tombstones',
    methods: ['POST', 'PUT'],
    tag: 'admin',
    summary: 'Free the room of deleted samples',
    params: [],
    answer: { kind: 'empty', status: 204 },
    failures: FAILURES,
    handle: async ({ deps }) => {
      refuseUnlessEnabled(deps);
      await deps.storage.cleanTombstones();
      return noContent();
    },
  },
  {
    path: '/api/v1/admin/tsdb/snapshot',
    methods: ['POST', 'PUT'],
    tag: 'admin',
    summary: 'Copy all stored data into a folder',
    description:
      'The folder is `snapshots/NAME` in the data folder, a data folder of its own. What is in ' +
      'memory is always part of it.',
    params: [
      {
        name: 'skip_head',
        in: 'query',
        type: 'boolean',
        text: 'Accepted as false only: everything is copied.',
      },
    ],
    answer: { kind: 'json', data: z.strictObject({ name: z.string() }) },
    failures: FAILURES,
    handle: snapshot,
  },
];

function refuseUnlessEnabled({ options }: ApiDependencies): void {
  if (!options.enable_admin_api) throw new ApiError('unavailable', 'admin APIs disabled');
}

async function deleteSeries({ params, deps }: ApiRequest): Promise<Answer> {
  refuseUnlessEnabled(deps);
  const selectors = params.all('match[]');
  if (selectors.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
  const range = {
    minTime: params.time('start', MIN_TIME_MS),
    maxTime: params.time('end', MAX_TIME_MS),
  };
  // All are read before any is carried out: a fault in the last must not delete by the first.
  const matcherLists = selectors.map((selector) =>
    parseSelector(selector, (problem) => badParameter('match[]', problem)),
  );
  for (const matchers of matcherLists) await deps.storage.deleteSeries(matchers, range);
  return noContent();
}

async function snapshot(request: ApiRequest): Promise<Answer> {
  const { params, deps } = request;
  refuseUnlessEnabled(deps);
  const skipHead = params.text('skip_head');
  if (skipHead !== '' && !/^(?:1|0|t|f|true|false)$/i.test(skipHead)) {
    throw badParameter('skip_head', `unable to parse boolean: ${JSON.stringify(skipHead)}`);
  }
  if (/^(?:1|t|true)$/i.test(skipHead)) {
    throw badParameter('skip_head', 'snapshots without the head are not supported');
  }
  return success({ name: await deps.storage.snapshot() }, request);
}

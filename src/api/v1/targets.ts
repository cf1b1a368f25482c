import type { TargetStatus } from '../../ingest/index.ts';
import type { Answer } from '../answer.ts';
import { scrapePoolList, targetList } from '../contract/status.ts';
import { success } from '../respond.ts';
import type { ApiRequest, Route } from '../route.ts';

/** What is scraped, and how it went. */
export const targetRoutes: readonly Route[] = [
  {
    path: '/api/v1/targets',
    methods: ['GET'],
    tag: 'targets',
    summary: 'List scrape targets with their state',
    params: [
      {
        name: 'state',
        in: 'query',
        type: 'string',
        choices: ['any', 'active', 'dropped'],
        text: 'Which targets; both kinds where missing.',
      },
      { name: 'scrapePool', in: 'query', type: 'string', text: 'Only targets of this pool.' },
    ],
    answer: { kind: 'json', data: targetList },
    example: '/api/v1/targets?state=active',
    handle: listTargets,
  },
  {
    path: '/api/v1/scrape_pools',
    methods: ['GET'],
    tag: 'targets',
    summary: 'List the names of scrape pools',
    params: [],
    answer: { kind: 'json', data: scrapePoolList },
    example: '/api/v1/scrape_pools',
    handle: (request) => success({ scrapePools: request.deps.scrapePools() }, request),
  },
];

function listTargets(request: ApiRequest): Answer | Promise<Answer> {
  const { params, deps } = request;
  const state = params.text('state').toLowerCase();
  const pool = params.text('scrapePool');
  const shows = (kind: string): boolean => state === '' || state === 'any' || state === kind;
  const isAsked = ({ scrapePool }: { readonly scrapePool: string }): boolean =>
    pool === '' || scrapePool === pool;
  const all: TargetStatus = deps.targets();
  return success(
    {
      activeTargets: shows('active') ? all.activeTargets.filter(isAsked) : [],
      droppedTargets: shows('dropped') ? all.droppedTargets.filter(isAsked) : [],
      droppedTargetCounts: shows('dropped') ? all.droppedTargetCounts : null,
    },
    request,
  );
}

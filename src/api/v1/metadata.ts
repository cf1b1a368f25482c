import type { Matcher, Metadata } from '../../model/index.ts';
import type { Answer } from '../answer.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { metadataByFamily, targetMetadataList } from '../contract/status.ts';
import { ApiError, badParameter } from '../errors.ts';
import type { Params } from '../params.ts';
import { success } from '../respond.ts';
import type { ApiRequest, ParamSpec, Route } from '../route.ts';
import { parseSelector } from './parse-selector.ts';

const METRIC: ParamSpec = {
  name: 'metric',
  in: 'query',
  type: 'string',
  text: 'Metric family to look up; all where missing.',
};

/** Type, help and unit of metric families. */
export const metadataRoutes: readonly Route[] = [
  {
    path: '/api/v1/metadata',
    methods: ['GET'],
    tag: 'metadata',
    summary: 'Type, help and unit of metric families',
    description:
      'What the store knows, pushed or pulled, and where targets say different things, each of ' +
      'these.',
    params: [
      METRIC,
      { name: 'limit', in: 'query', type: 'integer', text: 'Most families; without it all.' },
      {
        name: 'limit_per_metric',
        in: 'query',
        type: 'integer',
        text: 'Most entries of a family; 0 for all.',
      },
    ],
    answer: { kind: 'json', data: metadataByFamily },
    example: '/api/v1/metadata?limit=2',
    exampleData: { up: [{ type: 'gauge', help: 'Whether the last scrape went well.', unit: '' }] },
    handle: familyMetadata,
  },
  {
    path: '/api/v1/targets/metadata',
    methods: ['GET'],
    tag: 'metadata',
    summary: 'Metadata as each scrape target gives it',
    params: [
      {
        name: 'match_target',
        in: 'query',
        type: 'string',
        text: "Selector of targets by their labels, such as `{job='node'}`; all where missing.",
      },
      METRIC,
      {
        name: 'limit',
        in: 'query',
        type: 'integer',
        text: 'How many entries are enough: no target is looked at beyond.',
      },
    ],
    answer: { kind: 'json', data: targetMetadataList },
    example: '/api/v1/targets/metadata?metric=up',
    handle: targetMetadata,
  },
];

function familyMetadata(request: ApiRequest): Answer | Promise<Answer> {
  const { params, deps } = request;
  const limit = countLimit(params, 'limit') ?? -1;
  const perMetric = countLimit(params, 'limit_per_metric') ?? 0;
  const metric = params.text('metric');
  const families = collectFamilies(deps, metric);
  const answer: Record<string, readonly Metadata[]> = {};
  let count = 0;
  for (const [family, entries] of families) {
    if (limit >= 0 && count++ >= limit) break;
    answer[family] = perMetric > 0 ? entries.slice(0, perMetric) : entries;
  }
  return success(answer, request);
}

function collectFamilies(
  { storage, targetMetadata }: ApiDependencies,
  metric: string,
): Map<string, Metadata[]> {
  const families = new Map<string, Metadata[]>();
  const add = (family: string, { type, help, unit }: Metadata): void => {
    const entries = families.get(family) ?? [];
    families.set(family, entries);
    const isKnown = (one: Metadata): boolean =>
      one.type === type && one.help === help && one.unit === unit;
    if (!entries.some(isKnown)) entries.push({ type, help, unit });
  };
  const stored = storage.metadata();
  const known = stored.get(metric);
  if (metric === '') for (const [family, metadata] of stored) add(family, metadata);
  else if (known !== undefined) add(metric, known);
  for (const target of targetMetadata()) {
    for (const entry of target.metadata) {
      if (metric === '' || metric === entry.metricFamily) add(entry.metricFamily, entry);
    }
  }
  return families;
}

function targetMetadata(request: ApiRequest): Answer | Promise<Answer> {
  const { params, deps } = request;
  const limit = countLimit(params, 'limit') ?? -1;
  const matchers = targetMatchers(params.text('match_target'));
  const metric = params.text('metric');
  const entries: Record<string, unknown>[] = [];
  for (const { targetLabels, metadata } of deps.targetMetadata()) {
    if (limit >= 0 && entries.length >= limit) break;
    if (!matchers.every((matcher) => matcher.matches(targetLabels[matcher.name] ?? ''))) continue;
    for (const { metricFamily, type, help, unit } of metadata) {
      if (metric !== '' && metric !== metricFamily) continue;
      const named = metric === '' ? { metric: metricFamily } : {};
      entries.push({ target: targetLabels, ...named, type, help, unit });
    }
  }
  return success(entries, request);
}

function targetMatchers(selector: string): readonly Matcher[] {
  if (selector === '') return [];
  return parseSelector(selector, (problem) => badParameter('match_target', problem));
}

function countLimit(params: Params, name: string): number | undefined {
  const text = params.text(name);
  if (text === '') return undefined;
  const limit = params.integer(name);
  if (limit === undefined) throw new ApiError('bad_data', `${name} must be a number`);
  return limit;
}

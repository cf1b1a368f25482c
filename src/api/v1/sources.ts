import type { Source } from '../../sources/index.ts';
import { pushSourceId } from '../../sources/index.ts';
import { sourceList } from '../contract/status.ts';
import { success } from '../respond.ts';
import type { Route } from '../route.ts';
import { problemJson } from './problem-json.ts';

/** Everything samples come from, scraped or pushing, side by side. */
export const sourceRoutes: readonly Route[] = [
  {
    path: '/api/v1/sources',
    methods: ['GET'],
    tag: 'targets',
    summary: 'List everything that samples come from, scraped or pushing',
    params: [],
    answer: { kind: 'json', data: sourceList },
    example: '/api/v1/sources',
    handle: (request) => {
      const { agents, sources } = request.deps;
      const problems = new Map<string, object[]>();
      for (const entry of agents?.entries() ?? []) {
        const id = pushSourceId('tide', entry.agentId);
        problems.set(id, agents?.problemsOf(entry).map(problemJson) ?? []);
      }
      const list = sources.list().map((source) => ({
        ...toJson(source),
        problems: problems.get(source.id) ?? [],
      }));
      return success({ sources: list }, request);
    },
  },
];

function toJson(source: Source): Record<string, unknown> {
  const { lastContactMs, intervalMs, lastDurationMs } = source;
  return {
    id: source.id,
    kind: source.kind,
    name: source.name,
    labels: source.labels.toObject(),
    state: source.state,
    lastContact: lastContactMs === undefined ? null : new Date(lastContactMs).toISOString(),
    lastError: source.lastError,
    intervalSeconds: toSeconds(intervalMs),
    samplesPerContact: source.lastSamples,
    samplesTotal: source.samplesTotal,
    rejectedTotal: source.rejectedTotal,
    lastDurationSeconds: toSeconds(lastDurationMs),
    endpoint: source.endpoint,
  };
}

function toSeconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1000;
}

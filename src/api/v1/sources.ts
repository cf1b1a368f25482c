import type { Hono } from 'hono';
import type { Source } from '../../sources/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { success } from '../respond.ts';
import type { ApiEnv } from '../routing.ts';

/** `/api/v1/sources`: everything samples come from, scraped or pushing, side by side. */
export function sourceRoutes(app: Hono<ApiEnv>, { sources }: ApiDependencies): void {
  app.get('/sources', () => success({ sources: sources.list().map(toJson) }));
}

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

import type { Hono } from 'hono';
import type { Metadata } from '../../model/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { success } from '../respond.ts';
import type { ApiEnv } from '../routing.ts';

/** `/api/v1/metadata`: type, help and unit by metric family. */
export function metadataRoutes(app: Hono<ApiEnv>, { storage }: ApiDependencies): void {
  app.on(['GET'], '/metadata', (context) => {
    const { params } = context.var;
    const metric = params.text('metric');
    const limit = params.limit() ?? Number.POSITIVE_INFINITY;
    const answer: Record<string, Metadata[]> = {};
    let count = 0;
    for (const [family, metadata] of selectFamilies(storage.metadata(), metric)) {
      if (count++ >= limit) break;
      const { type, help, unit } = metadata;
      answer[family] = [{ type, help, unit }];
    }
    return success(answer);
  });
}

function selectFamilies(
  all: ReadonlyMap<string, Metadata>,
  metric: string,
): Iterable<readonly [string, Metadata]> {
  if (metric === '') return all;
  const found = all.get(metric);
  return found === undefined ? [] : [[metric, found]];
}

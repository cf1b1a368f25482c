import { createMatcher, isStaleAt, SampleColumns } from '../../model/index.ts';
import type { Queryable, SeriesSet, TimeRange } from '../../storage/api.ts';
import type { AgentSeries } from './agent-series.ts';
import { AGENT_LABEL } from './liveness.ts';
import type { SchemaCatalog } from './schema-catalog.ts';

/**
 * Looks up in the store, of series that this process has stored nothing of, which sample was the
 * newest within `range`: what a process before it knew. Series without any stay unknown.
 */
export async function recallNewest(
  store: Queryable,
  catalog: SchemaCatalog,
  series: readonly AgentSeries[],
  range: TimeRange,
): Promise<void> {
  const byKey = new Map<string, AgentSeries[]>();
  for (const one of series) {
    const alike = byKey.get(one.labels.key);
    if (alike === undefined) byKey.set(one.labels.key, [one]);
    else alike.push(one);
  }
  const querier = store.querier();
  try {
    const matcher = createMatcher('=', AGENT_LABEL, catalog.agentId);
    const lookupTimes = Float64Array.of(range.maxTime);
    const found = await querier.select([matcher], { ...range, unordered: true, lookupTimes });
    const columns = new SampleColumns();
    for (let index = 0; index < found.length; index++) {
      const newest = newestOf(found, index, columns);
      for (const one of byKey.get(found.labels(index).key) ?? []) {
        // What was stored meanwhile is newer.
        if (newest === undefined || one.lastMs > Number.NEGATIVE_INFINITY) continue;
        catalog.advance(one, newest.timestamp, newest.isStale);
      }
    }
  } finally {
    querier.close();
  }
}

function newestOf(
  found: SeriesSet,
  index: number,
  columns: SampleColumns,
): { timestamp: number; isStale: boolean } | undefined {
  columns.reset();
  found.samples(index, columns);
  const last = columns.length - 1;
  const float = { timestamp: columns.timestamps[last] ?? -Infinity, isStale: false };
  if (last >= 0) float.isStale = isStaleAt(columns.words, last);
  const histogram = found.histograms(index).at(-1);
  if (histogram === undefined) return last < 0 ? undefined : float;
  if (float.timestamp > histogram.timestamp) return float;
  return { timestamp: histogram.timestamp, isStale: histogram.histogram === undefined };
}

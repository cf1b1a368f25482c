import { computed, signal } from '@preact/signals';
import type { ApiClient } from '../api/client.ts';
import type { MetricMetadata } from '../api/prometheus.ts';
import { PROMQL_ITEMS } from './promql-items.ts';
import { metricItems } from './completion.ts';

const MAX_AGE_MS = 30_000;

/** What the query box offers: metric names of the store, functions and aggregations. */
export function createCatalog(client: ApiClient) {
  const names = signal<string[]>([]);
  const metadata = signal<Record<string, MetricMetadata[]>>({});
  const items = computed(() => [...metricItems(names.value, metadata.value), ...PROMQL_ITEMS]);
  let loadedMs = Number.NEGATIVE_INFINITY;

  /** Reads names anew when they are older than half a minute. Failing leaves the old ones. */
  const refresh = async (): Promise<void> => {
    const nowMs = performance.now();
    if (nowMs - loadedMs < MAX_AGE_MS) return;
    loadedMs = nowMs;
    const [newNames, newMetadata] = await Promise.allSettled([
      client.metricNames(),
      client.metadata(),
    ]);
    if (newNames.status === 'fulfilled') names.value = newNames.value;
    // Completion is a convenience: the query itself will say what is wrong with the server.
    else loadedMs = Number.NEGATIVE_INFINITY;
    if (newMetadata.status === 'fulfilled') metadata.value = newMetadata.value;
  };
  return { items, metadata, refresh };
}

export type Catalog = ReturnType<typeof createCatalog>;

/** What is asked of each server; see `docs` of the load in `load/node-series.ts` for the series. */
export type BenchQuery =
  | { readonly title: string; readonly kind: 'instant'; readonly query: string }
  | {
      readonly title: string;
      readonly kind: 'range';
      readonly query: string;
      readonly steps: number;
      /** Undefined: over all of the data but the first five minutes. */
      readonly stepMs?: number;
    }
  | {
      readonly title: string;
      readonly kind: 'label_values';
      readonly label: string;
    }
  | { readonly title: string; readonly kind: 'series'; readonly selector: string };

const CPU = 'node_cpu_seconds_total';
const BUCKETS = 'http_request_duration_seconds_bucket';
const MEMORY = 'container_memory_working_set_bytes';
const ONE_NODE = 'node="worker-000001"';

function ranges(title: string, query: string): BenchQuery[] {
  return [60, 240].map((steps) => ({
    title: `${title}, ${steps} steps`,
    kind: 'range',
    query,
    steps,
  }));
}

/**
 * The part of the better peer's time and CPU that a query may take: half where columns are gone
 * through (rates over ranges, histograms, everything), else all of it.
 */
export function shareOfBetterPeer(query: BenchQuery): number {
  const isRate = query.kind === 'range' && query.query.includes('rate(');
  const isHeavy = isRate || /histogram_quantile|count of all/.test(query.title);
  return isHeavy ? 0.5 : 1;
}

/** The queries of the comparison; counts in the titles are those of 100,000 series. */
export const QUERIES: readonly BenchQuery[] = [
  { title: 'one series', kind: 'instant', query: `${CPU}{${ONE_NODE},cpu="3",mode="user"}` },
  { title: 'sum by, 12.8k series', kind: 'instant', query: `sum by (mode) (${CPU})` },
  {
    title: 'sum by rate, 12.8k series',
    kind: 'instant',
    query: `sum by (mode) (rate(${CPU}[5m]))`,
  },
  {
    title: '100 gauges, 15 m at 15 s',
    kind: 'range',
    query: `${MEMORY}{container="service-3"}`,
    steps: 60,
    stepMs: 15_000,
  },
  ...ranges('sum by rate, 1k series', `sum by (cpu) (rate(${CPU}{mode="user",cpu=~"."}[5m]))`),
  ...ranges('sum by rate, 12.8k series', `sum by (mode) (rate(${CPU}[5m]))`),
  {
    title: 'histogram_quantile, 26k buckets',
    kind: 'instant',
    query: `histogram_quantile(0.9, sum by (le, handler) (rate(${BUCKETS}[5m])))`,
  },
  ...ranges(
    'histogram_quantile, 1.3k',
    `histogram_quantile(0.9, sum by (le) (rate(${BUCKETS}{handler="/api/v1/orders/3"}[5m])))`,
  ),
  { title: 'topk, 3.5k series', kind: 'instant', query: `topk(10, ${MEMORY})` },
  {
    title: 'regex, 1k series',
    kind: 'instant',
    query: 'sum(container_cpu_usage_seconds_total{pod=~"service-1[0-9]-.*"})',
  },
  { title: 'label values, 3.6k', kind: 'label_values', label: 'pod' },
  { title: 'series, 350', kind: 'series', selector: `{${ONE_NODE},job="kubelet"}` },
  { title: 'count of all', kind: 'instant', query: 'count({__name__=~".+"})' },
  {
    title: 'subquery, 128 series',
    kind: 'instant',
    query: `max_over_time(rate(${CPU}{${ONE_NODE}}[2m])[10m:1m])`,
  },
  { title: 'max_over_time, 3.5k series', kind: 'instant', query: `max_over_time(${MEMORY}[10m])` },
];

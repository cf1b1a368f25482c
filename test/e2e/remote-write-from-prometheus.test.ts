import { afterAll, beforeAll, expect, it } from 'vitest';
import { requires } from '../support/requirements.ts';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';
import type { Peer } from './support/peers.ts';
import { startNodeExporter, startPrometheus } from './support/peers.ts';
import type { RangeSeries } from './support/query-client.ts';
import { eventually, instant, metricKey, raw } from './support/query-client.ts';

/** How long Prometheus writes before the comparison; the collector is killed in the middle. */
const WRITE_MS = 60_000;
const NO_SCRAPES = 'scrape_configs: []\n';

function config(exporterPort: number, collectorUrl: string): string {
  return [
    'global: {scrape_interval: 1s, scrape_timeout: 1s}',
    'scrape_configs:',
    '- job_name: node',
    `  static_configs: [{targets: ['127.0.0.1:${exporterPort}']}]`,
    'remote_write:',
    `- url: ${collectorUrl}/api/v1/write`,
    '  queue_config: {batch_send_deadline: 1s, min_backoff: 100ms, max_backoff: 1s}',
    '',
  ].join('\n');
}

/** Stands for a window of about ten seconds before whole seconds: see `quietMs`. */
const WINDOW = 'WINDOW';

/** Exact on both sides: the same samples, so the same answers to the last digits. */
const QUERIES = [
  'sum by (mode) (rate(node_cpu_seconds_total[20s]))',
  'avg(node_load1)',
  'count by (__name__) ({job="node"})',
  'increase(node_context_switches_total[30s])',
  'max by (device) (deriv(node_network_receive_bytes_total[20s]))',
  'node_memory_MemAvailable_bytes / on (instance) node_memory_MemTotal_bytes',
  'histogram_quantile(0.9, sum by (le) (rate(go_gc_duration_seconds[30s])))',
  'topk(5, rate(node_cpu_seconds_total[20s]))',
  'stddev_over_time(node_load1[30s])',
  'quantile(0.5, irate(node_cpu_seconds_total[20s]))',
  `max_over_time(rate(node_intr_total[${WINDOW}])[20s:1s])`,
];

requires({ commands: ['prometheus', 'prometheus-node-exporter'] }).describe(
  'Prometheus remote-writes into the collector, which is killed in the middle',
  () => {
    let exporter: Peer;
    let prometheus: Peer;
    let collector: Collector;
    let endSeconds = 0;
    let windowMs = 0;

    beforeAll(async () => {
      exporter = await startNodeExporter();
      collector = await startCollector(NO_SCRAPES);
      prometheus = await startPrometheus(config(exporter.port, collector.url));
      const start = Date.now();
      await waitUntil(start + WRITE_MS / 2);
      await collector.kill9();
      await waitUntil(start + WRITE_MS / 2 + 2_000);
      collector = await collector.restart();
      await waitUntil(start + WRITE_MS);
      // Samples up to here must all have arrived; Prometheus retries what was refused meanwhile.
      endSeconds = Math.floor(Date.now() / 1000);
      await eventually('the queue to drain', async () => {
        const [newest] = await instant(collector.url, 'max(timestamp(up{job="node"}))');
        return Number(newest?.value[1] ?? 0) > endSeconds ? true : undefined;
      });
      const quiet = quietMs(await raw(collector.url, '{job="node"}', '3m', endSeconds));
      endSeconds += quiet / 1000 - 1;
      windowMs = 10_000 - quiet;
    });

    afterAll(async () => {
      await prometheus?.stop();
      await Promise.all([collector?.stop(), exporter?.stop()]);
    });

    it('holds every sample that Prometheus holds, and no other', async () => {
      const [ours, theirs] = await Promise.all(
        [collector.url, prometheus.url].map((url) => raw(url, '{job="node"}', '3m', endSeconds)),
      );
      const want = summarize(theirs ?? []);
      const got = summarize(ours ?? []);
      expect(want.samples).toBeGreaterThan(10_000);
      expect({ series: got.series, samples: got.samples }).toEqual({
        series: want.series,
        samples: want.samples,
      });
      const differing = [...want.byKey].filter(([key, values]) => got.byKey.get(key) !== values);
      expect(differing.slice(0, 3)).toEqual([]);
    });

    for (const query of QUERIES) {
      it(`answers alike: ${query}`, async () => {
        const [ours, theirs] = await Promise.all(
          [collector.url, prometheus.url].map((url) =>
            instant(url, query.replace(WINDOW, `${windowMs}ms`), endSeconds),
          ),
        );
        expect((ours ?? []).map((s) => metricKey(s.metric))).toEqual(
          (theirs ?? []).map((s) => metricKey(s.metric)),
        );
        for (const [index, sample] of (ours ?? []).entries()) {
          const want = Number(theirs?.[index]?.value[1]);
          const got = Number(sample.value[1]);
          if (Number.isNaN(want)) expect(got).toBeNaN();
          else expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-9 * Math.abs(want));
        }
      });
    }
  },
);

/**
 * The millisecond of a second, not the whole one, that is farthest from those of all samples. No
 * window may begin at a sample: Prometheus 2 counts that one in, and 3 does not.
 */
function quietMs(series: readonly RangeSeries[]): number {
  const taken = series.flatMap(({ values }) =>
    values.map(([seconds]) => Math.round(seconds * 1000) % 1000),
  );
  const sorted = [...new Set(taken)].toSorted((a, b) => a - b);
  const gaps = sorted.map((from, index) => {
    const to = sorted[index + 1] ?? (sorted[0] ?? 0) + 1000;
    return { from, width: to - from };
  });
  const { from, width } = gaps.reduce((a, b) => (b.width > a.width ? b : a));
  expect(width).toBeGreaterThan(2);
  return Math.max(1, Math.floor(from + width / 2) % 1000);
}

function summarize(series: readonly RangeSeries[]) {
  const byKey = new Map(series.map((one) => [metricKey(one.metric), JSON.stringify(one.values)]));
  const samples = series.reduce((total, one) => total + one.values.length, 0);
  return { series: series.length, samples, byKey };
}

async function waitUntil(timeMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, timeMs - Date.now())));
}

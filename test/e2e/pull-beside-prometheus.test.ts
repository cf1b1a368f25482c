import { afterAll, beforeAll, expect, it } from 'vitest';
import { requires } from '../support/requirements.ts';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';
import type { Peer } from './support/peers.ts';
import { startNodeExporter, startPrometheus } from './support/peers.ts';
import type { InstantSample } from './support/query-client.ts';
import { eventually, instant, metricKey } from './support/query-client.ts';

/**
 * Queries and how far the two answers may be apart, relative to the larger: the servers scrape the
 * same exporter at different moments, so what moves may differ a little, what stands may not.
 */
const QUERIES: readonly (readonly [string, number])[] = [
  ['up{job="node"}', 0],
  ['count by (__name__) ({job="node", __name__=~"node_.*"})', 0],
  ['node_uname_info', 0],
  ['node_boot_time_seconds', 0],
  ['node_memory_MemTotal_bytes / 1024 / 1024', 0],
  ['count by (mode) (node_cpu_seconds_total)', 0],
  ['sum by (cpu) (rate(node_cpu_seconds_total[10s]))', 0.1],
  ['node_filesystem_size_bytes{mountpoint="/"} - 0', 0],
  ['max_over_time(scrape_samples_scraped{job="node"}[10s])', 0.01],
  ['avg_over_time(node_memory_MemAvailable_bytes[10s])', 0.1],
  ['topk(3, node_time_seconds)', 1e-6],
  ['label_replace(node_load1 * 0, "host", "$1", "instance", "(.*):.*")', 0],
];

function config(exporterPort: number): string {
  return [
    'global: {scrape_interval: 1s, scrape_timeout: 1s}',
    'scrape_configs:',
    '- job_name: node',
    `  static_configs: [{targets: ['127.0.0.1:${exporterPort}']}]`,
    '',
  ].join('\n');
}

requires({ commands: ['prometheus', 'prometheus-node-exporter'] }).describe(
  'node_exporter scraped by both',
  () => {
    let exporter: Peer;
    let prometheus: Peer;
    let collector: Collector;

    beforeAll(async () => {
      exporter = await startNodeExporter();
      [prometheus, collector] = await Promise.all([
        startPrometheus(config(exporter.port)),
        startCollector(config(exporter.port)),
      ]);
      // Both need the same full windows before rates can agree.
      for (const url of [prometheus.url, collector.url]) {
        await eventually('15 scrapes', async () => {
          const [sample] = await instant(url, 'count_over_time(up{job="node"}[1m])');
          return Number(sample?.value[1] ?? 0) >= 15 ? true : undefined;
        });
      }
    });

    afterAll(async () => {
      await Promise.all([collector?.stop(), prometheus?.stop()]);
      await exporter?.stop();
    });

    for (const [query, tolerance] of QUERIES) {
      it(query, async () => {
        const time = await timeBetweenSamples(collector.url, prometheus.url);
        const [ours, theirs] = await Promise.all([
          instant(collector.url, query, time),
          instant(prometheus.url, query, time),
        ]);
        expect(ours.map((sample) => metricKey(sample.metric))).toEqual(
          theirs.map((sample) => metricKey(sample.metric)),
        );
        expect(ours.length).toBeGreaterThan(0);
        for (const [index, sample] of ours.entries()) expectNear(sample, theirs[index], tolerance);
      });
    }

    it('takes every series that Prometheus takes', async () => {
      const selector = 'count by (__name__) ({job="node", __name__!~"up|scrape_.*"})';
      const [ours, theirs] = await Promise.all([
        instant(collector.url, selector),
        instant(prometheus.url, selector),
      ]);
      expect(ours.length).toBeGreaterThan(200);
      expect(ours.map((s) => [metricKey(s.metric), s.value[1]])).toEqual(
        theirs.map((s) => [metricKey(s.metric), s.value[1]]),
      );
    });
  },
);

/**
 * A time, one to three seconds ago, at which neither server has a sample, nor whole seconds before
 * it: Debian's Prometheus takes a sample that lies on a window's start into the window, 3.x and we
 * do not.
 */
async function timeBetweenSamples(...urls: readonly string[]): Promise<number> {
  const phases: number[] = [];
  for (const url of urls) {
    const [sample] = await instant(url, 'timestamp(up{job="node"})');
    phases.push(Math.round(Number(sample?.value[1]) * 1000) % 1000);
  }
  const gap = (phase: number): number =>
    Math.min(...phases.map((other) => Math.abs(((phase - other + 1500) % 1000) - 500)));
  const [phase = 0] = [0, 200, 400, 600, 800].sort((a, b) => gap(b) - gap(a));
  return Math.floor(Date.now() / 1000) - 2 + phase / 1000;
}

function expectNear(ours: InstantSample, theirs: InstantSample | undefined, tolerance: number) {
  const got = Number(ours.value[1]);
  const want = Number(theirs?.value[1]);
  const distance = Math.abs(got - want) / Math.max(Math.abs(got), Math.abs(want), 1e-9);
  expect(
    distance,
    `${metricKey(ours.metric)}: got ${got}, Prometheus has ${want}`,
  ).toBeLessThanOrEqual(tolerance);
}

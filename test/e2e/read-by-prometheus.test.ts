import { afterAll, beforeAll, expect, it } from 'vitest';
import { requires } from '../support/requirements.ts';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';
import type { Peer } from './support/peers.ts';
import { startPrometheus } from './support/peers.ts';
import { eventually, instant, raw } from './support/query-client.ts';

function config(port: number): string {
  return [
    'remote_read:',
    `- url: http://127.0.0.1:${port}/api/v1/read`,
    '  read_recent: true',
    'scrape_configs:',
    '- job_name: federation',
    '  scrape_interval: 1s',
    '  scrape_timeout: 1s',
    '  honor_labels: true',
    '  metrics_path: /federate',
    `  params: {'match[]': ['{job="tidegauge"}']}`,
    `  static_configs: [{targets: ['127.0.0.1:${port}']}]`,
    '',
  ].join('\n');
}

requires({ commands: ['prometheus'] }).describe('Prometheus reads from the collector', () => {
  let collector: Collector;
  let prometheus: Peer;

  beforeAll(async () => {
    collector = await startCollector();
    prometheus = await startPrometheus(config(collector.port));
  });

  afterAll(async () => {
    await prometheus?.stop();
    await collector?.stop();
  });

  it('by remote read, every sample with its value', async () => {
    const window = { selector: 'node_memory_MemAvailable_bytes', width: '10s' };
    const endSeconds = await eventually('some samples', async () => {
      const now = Date.now() / 1000;
      const found = await raw(collector.url, window.selector, window.width, now);
      return (found[0]?.values.length ?? 0) >= 2 ? now : undefined;
    });
    // The left edge lies between samples: the window is open there here, and closed in 2.x.
    const own = await raw(collector.url, window.selector, window.width, endSeconds);
    const read = await raw(prometheus.url, window.selector, window.width, endSeconds);
    expect(read).toEqual(own);
    const rate = 'sum(rate(node_cpu_seconds_total[10s]))';
    const [there] = await instant(prometheus.url, rate, endSeconds);
    const [here] = await instant(collector.url, rate, endSeconds);
    expect(Number(there?.value[1])).toBeCloseTo(Number(here?.value[1]), 9);
  });

  it('by federation, with the labels as they are', async () => {
    const samples = await eventually('federated samples', async () => {
      const found = await instant(prometheus.url, 'up{job="federation"} == 1');
      const taken = await instant(prometheus.url, 'scrape_samples_scraped{job="federation"} > 10');
      return found.length === 1 && taken.length === 1 ? taken : undefined;
    });
    expect(samples).toHaveLength(1);
    const own = await instant(prometheus.url, 'tidegauge_build_info');
    expect(own[0]?.metric).toMatchObject({ job: 'tidegauge' });
  });
});

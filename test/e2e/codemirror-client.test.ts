import { newCompleteStrategy, type PrometheusClient } from '@prometheus-io/codemirror-promql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';
import { eventually, instant } from './support/query-client.ts';

/** The library's own client, which its completion makes for an address. */
function clientOf(url: string, httpMethod: 'GET' | 'POST'): PrometheusClient {
  const strategy = newCompleteStrategy({
    remote: { url, httpMethod, lookbackInterval: 3_600_000, httpErrorHandler: fail },
  });
  function fail(error: unknown): never {
    throw error instanceof Error ? error : new Error(String(error));
  }
  if (!('getPrometheusClient' in strategy)) throw new Error('the strategy has no client');
  return (strategy as { getPrometheusClient(): PrometheusClient }).getPrometheusClient();
}

describe.each(['GET', 'POST'] as const)("codemirror-promql's client by %s", (method) => {
  let collector: Collector;
  let client: PrometheusClient;

  beforeAll(async () => {
    collector = await startCollector();
    await eventually('its own metrics and the host', async () => {
      const up = await instant(collector.url, 'up{job="tidegauge"} and on() node_load1');
      return up.length > 0 ? true : undefined;
    });
    client = clientOf(collector.url, method);
  });

  afterAll(async () => {
    client?.destroy?.();
    await collector?.stop();
  });

  it('gets metric names', async () => {
    expect(await client.metricNames()).toEqual(expect.arrayContaining(['up', 'node_load1']));
  });

  it('gets label names, of all series and of one metric', async () => {
    expect(await client.labelNames()).toEqual(expect.arrayContaining(['job', 'mode']));
    const names = await client.labelNames('up');
    expect(names).toEqual(expect.arrayContaining(['job', 'instance']));
    expect(names).not.toContain('mode');
  });

  it('gets label values, of all series and of one metric', async () => {
    expect(await client.labelValues('mode')).toContain('idle');
    expect(await client.labelValues('job', 'up')).toContain('tidegauge');
  });

  it('gets metadata, series and flags', async () => {
    const metadata = await client.metricMetadata();
    expect(metadata['node_load1']?.[0]).toMatchObject({ type: 'gauge' });
    const series: unknown[] = await client.series('up');
    expect(series).toContainEqual(expect.objectContaining({ __name__: 'up', job: 'tidegauge' }));
    expect(await client.flags()).toMatchObject({ 'log-level': expect.any(String) });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { packageRoot } from '../../src/util/package-root.ts';
import { familiesBody } from '../support/metric-families.ts';
import { NativeTarget, PROTOBUF_TYPE } from '../support/native-target.ts';
import { startProcess } from '../support/processes.ts';
import { startCollector } from './support/collector.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));

interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

test('native histograms: scraped, scraped by an agent, through it, and pushed to it', async () => {
  const target = new NativeTarget();
  const address = await target.listen();
  onTestFinished(() => target.close());
  for (const value of [0.3, 3, 3.5, 700]) target.orders.observe(value);
  const scrape = (job: string, more: string): string =>
    [
      `  - job_name: ${job}`,
      '    scrape_interval: 1s',
      '    scrape_native_histograms: true',
      `    static_configs: [{ targets: ['${address}'] }]`,
      ...(more === '' ? [] : [`    ${more}`]),
    ].join('\n');
  const collector = await startCollector(
    `scrape_configs:\n${scrape('pull', '')}\n${scrape('through', 'tidegauge_agent: edge')}\n`,
  );
  onTestFinished(() => collector.stop());
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-native-e2e-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, 'agent.yml');
  await writeFile(
    file,
    [
      'agent_id: edge',
      `data: ${join(folder, 'data')}`,
      'host_metrics: { enabled: false }',
      `receivers: { listen: '127.0.0.1:${port}' }`,
      'scrape_configs:',
      scrape('agent', ''),
      '',
    ].join('\n'),
  );
  const agent = await startProcess({
    command: process.execPath,
    args: [BINARY, 'agent', '--config', file, '--collector', collector.url],
    ready: { line: /in session/ },
  });
  onTestFinished(async () => {
    await agent.stop();
  });
  const body = familiesBody([target.orders.family('orders_size')]);
  const pushed = await fetch(`http://127.0.0.1:${port}/api/v1/push?job=pushed`, {
    ...{ method: 'POST', body, headers: { 'content-type': PROTOBUF_TYPE } },
  });
  expect(pushed.status).toBe(204);
  await vi.waitFor(
    async () => {
      const params = new URLSearchParams({ query: 'histogram_count(orders_size)' });
      const answer = await fetch(`${collector.url}/api/v1/query?${params.toString()}`);
      const { data } = (await answer.json()) as { data: { result: readonly Found[] } };
      const counts = data.result.map(({ metric, value }) => [metric['job'] ?? '', value[1]]);
      expect(Object.fromEntries(counts)).toEqual({
        ...{ pull: '4', through: '4', agent: '4', pushed: '4' },
      });
    },
    { timeout: 20_000, interval: 200 },
  );
  const question = 'kind=instant&selector=orders_size%7Bjob%3D%22agent%22%7D';
  const answer = await fetch(`${collector.url}/api/v1/agents/edge/read?${question}`, {
    method: 'POST',
  });
  expect(await answer.json()).toMatchObject({
    data: { status: 'OK', series: [{ histograms: [[expect.any(Number), { count: '4' }]] }] },
  });
}, 60_000);

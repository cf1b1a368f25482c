import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Counter, Gauge, Pushgateway, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requires } from '../support/requirements.ts';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';
import { eventually, instant } from './support/query-client.ts';

const run = promisify(execFile);

async function valueOf(collector: Collector, query: string): Promise<string | undefined> {
  const [sample] = await instant(collector.url, query);
  return sample?.value[1];
}

describe('push clients', () => {
  let collector: Collector;

  beforeAll(async () => {
    collector = await startCollector('scrape_configs: []\n');
  });

  afterAll(async () => {
    await collector?.stop();
  });

  it("takes prom-client's push, pushAdd and delete", async () => {
    const registry = new Registry();
    const done = new Counter({ name: 'jobs_done', help: 'Jobs.', registers: [registry] });
    const size = new Gauge({ name: 'batch_size', help: 'Size.', registers: [registry] });
    done.inc(3);
    size.set(2.5);
    const gateway = new Pushgateway(collector.url, {}, registry);
    await gateway.push({ jobName: 'nightly', groupings: { instance: 'a/b' } });
    expect(await valueOf(collector, 'jobs_done{job="nightly",instance="a/b"}')).toBe('3');
    done.inc(1);
    await gateway.pushAdd({ jobName: 'nightly', groupings: { instance: 'a/b' } });
    await eventually('the added push', async () =>
      (await valueOf(collector, 'jobs_done{job="nightly"}')) === '4' ? true : undefined,
    );
    expect(await valueOf(collector, 'batch_size{job="nightly"}')).toBe('2.5');
    expect(Number(await valueOf(collector, 'push_time_seconds{job="nightly"}'))).toBeGreaterThan(
      Date.now() / 1000 - 60,
    );
    await gateway.delete({ jobName: 'nightly', groupings: { instance: 'a/b' } });
    await eventually('the group to end', async () =>
      (await valueOf(collector, 'jobs_done{job="nightly"}')) === undefined ? true : undefined,
    );
  });

  it('keeps Pushgateway groups over kill -9', async () => {
    const registry = new Registry();
    new Gauge({ name: 'kept', help: 'Kept.', registers: [registry] }).set(7);
    await new Pushgateway(collector.url, {}, registry).push({ jobName: 'durable' });
    await collector.kill9();
    collector = await collector.restart();
    expect(await valueOf(collector, 'kept{job="durable"}')).toBe('7');
    const exposed = await (await fetch(`${collector.url}/metrics/pushed`)).text();
    expect(exposed).toContain('kept{instance="",job="durable"} 7');
  });

  requires({ commands: ['curl'] }).describe('curl', () => {
    const curl = async (...args: string[]) => {
      const flags = ['-s', '-m', '10', '-o', '-', '-w', '\n%{http_code}'];
      const { stdout } = await run('curl', [...flags, ...args]);
      const lines = stdout.trimEnd().split('\n');
      return { status: lines.at(-1), body: lines.slice(0, -1).join('\n') };
    };

    it('pushes text to the gateway and to /api/v1/push', async () => {
      const body = 'some_metric 3.14\n';
      const gateway = await curl('--data-binary', body, `${collector.url}/metrics/job/curl`);
      expect(gateway.status).toBe('200');
      expect(await valueOf(collector, 'some_metric{job="curl"}')).toBe('3.14');
      const push = await curl('--data-binary', body, `${collector.url}/api/v1/push?job=direct`);
      expect(push.status).toBe('204');
      expect(await valueOf(collector, 'some_metric{job="direct"}')).toBe('3.14');
    });

    it('says what is wrong with a bad body, and stores nothing of it', async () => {
      const body = 'good_one 1\nbad one here\n';
      const refused = await curl('--data-binary', body, `${collector.url}/api/v1/push?job=bad`);
      expect(refused.status).toBe('400');
      expect(refused.body).toMatch(/line 2|2:\d+/);
      expect(await valueOf(collector, 'good_one{job="bad"}')).toBeUndefined();
    });
  });
});

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requires } from '../support/requirements.ts';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';
import { eventually, instant } from './support/query-client.ts';

requires({ commands: ['promtool'] }).describe('the collector with no configuration', () => {
  let collector: Collector;

  beforeAll(async () => {
    collector = await startCollector();
  });

  afterAll(async () => {
    await collector?.stop();
  });

  it('shows real data both ways within ten seconds', async () => {
    await eventually(
      'pull and push',
      async () => {
        const pulled = await instant(collector.url, 'up{job="tidegauge"} == 1');
        const pushed = await instant(collector.url, 'node_memory_MemTotal_bytes > 0');
        return pulled.length === 1 && pushed.length === 1 ? true : undefined;
      },
      10_000,
    );
  });

  it('has own metrics that promtool accepts', async () => {
    const body = await (await fetch(`${collector.url}/metrics`)).text();
    expect(body).toContain('tidegauge_build_info');
    const checked = promisify(execFile)('promtool', ['check', 'metrics']);
    checked.child.stdin?.end(body);
    await expect(checked).resolves.toMatchObject({ stdout: '', stderr: '' });
  });
});

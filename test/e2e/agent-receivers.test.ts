import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gauge, Pushgateway, Registry } from 'prom-client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { ChaosProxy } from '../../src/lab/index.ts';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { packageRoot } from '../../src/util/package-root.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { type WriteRow, writeBody } from '../support/write-body.ts';
import { type Collector, startCollector } from './support/collector.ts';
import { listeningSockets } from './support/listening-sockets.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));

let collector: Collector;
let folder: string;
beforeAll(async () => {
  collector = await startCollector();
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-receivers-e2e-'));
});
afterAll(async () => {
  await collector.stop();
  await rm(folder, { recursive: true, force: true });
});

/** An agent that reads nothing and takes pushes at a port of loopback, as its file says. */
async function startAgent(
  id: string,
  url: string,
  port: number,
  ready: RegExp,
): Promise<RunningProcess> {
  const file = join(folder, `${id}.yml`);
  const lines = [
    `agent_id: ${id}`,
    `data: ${join(folder, id)}`,
    'host_metrics: { enabled: false }',
    'own_metrics: { enabled: false }',
    // So that every sample of a group is one that was pushed.
    `receivers: { listen: '127.0.0.1:${port}', pushgateway_resample_ms: 3600000 }`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const agent = await startProcess({
    command: process.execPath,
    args: [BINARY, 'agent', '--config', file, '--collector', url],
    ready: { line: ready },
  });
  onTestFinished(async () => {
    await agent.stop();
  });
  return agent;
}

interface Stored {
  readonly metric: Record<string, string>;
  readonly values: readonly (readonly [number, string])[];
}

async function stored(expr: string): Promise<readonly Stored[]> {
  const params = new URLSearchParams({ query: expr });
  const answer = await fetch(`${collector.url}/api/v1/query?${params.toString()}`);
  const body = (await answer.json()) as { data: { result: readonly Stored[] } };
  return body.data.result;
}

async function valuesOf(series: string): Promise<number[]> {
  const [found] = await stored(`${series}[1h]`);
  return (found?.values ?? []).map(([, value]) => Number(value));
}

async function termsOf(agent: string): Promise<Record<string, number>> {
  const answer = await fetch(`${collector.url}/api/v1/completeness`);
  const body = (await answer.json()) as {
    data: { sources: { id: string; terms: Record<string, number>; imbalance: number }[] };
  };
  const source = body.data.sources.find(({ id }) => id === `push/tide/${agent}`);
  return { ...source?.terms, imbalance: source?.imbalance ?? NaN };
}

async function until(check: () => Promise<boolean>, timeoutMs = 40_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test.runIf(process.platform === 'linux')('one socket listens, on loopback', async () => {
  const port = await freePort();
  const agent = await startAgent('e2e-rx-sockets', collector.url, port, /in session/);
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  expect(listeningSockets(agent.pid)).toEqual([`tcp 0100007F:${hex}`]);
});

test('an address that others reach is refused, with its line', async () => {
  const file = join(folder, 'open.yml');
  await writeFile(file, `collector: ${collector.url}\nreceivers:\n  listen: 0.0.0.0:9091\n`);
  const refused = await startProcess({
    command: process.execPath,
    args: [BINARY, 'agent', '--config', file, '--data', join(folder, 'open')],
  });
  expect((await refused.exited).code).not.toBe(0);
  expect(refused.output()).toMatch(
    /open\.yml:3:11: 0\.0\.0\.0:9091 can be reached from other hosts/,
  );
});

test('what is pushed while the collector is away is all there later, once', async () => {
  const id = 'e2e-rx-away';
  const proxy = await ChaosProxy.start({ targetPort: collector.port, seed: 1 });
  onTestFinished(() => proxy.close());
  const port = await freePort();
  const receiver = `http://127.0.0.1:${port}`;
  const first = await startAgent(id, proxy.url, port, /in session/);
  proxy.set({ isPartitioned: true });

  const registry = new Registry();
  const gauge = new Gauge({ name: 'rx_pushed', help: 'Pushed.', registers: [registry] });
  const gateway = new Pushgateway(receiver, {}, registry);
  const rows: WriteRow[] = [];
  const begunMs = Date.now() - 60_000;
  const pushed: number[] = [];
  const push = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at++) {
      const value = Math.sqrt(at + 2);
      pushed.push(value);
      gauge.set(value);
      await gateway.pushAdd({ jobName: 'away' });
      const atMs = begunMs + 1000 * at;
      const text = `# TYPE rx_text gauge\nrx_text ${value} ${atMs}\n`;
      const answer = await fetch(`${receiver}/api/v1/push?job=away`, {
        method: 'POST',
        body: text,
      });
      expect(answer.status).toBe(204);
      const row: WriteRow = [{ __name__: 'rx_written', job: 'away' }, [atMs, value]];
      rows.push(row);
      const write = { method: 'POST', body: Buffer.from(writeBody([row])) };
      expect((await fetch(`${receiver}/api/v1/write`, write)).status).toBe(204);
    }
  };
  await push(0, 15);
  // What was answered is on the disk of the agent.
  first.kill('SIGKILL');
  await first.exited;
  await startAgent(id, proxy.url, port, /takes pushes at/);
  await push(15, 30);
  expect(await stored('{__name__=~"rx_.*"}[1h]')).toEqual([]);
  proxy.heal();

  await until(async () => (await valuesOf('rx_written{job="away"}')).length >= 30);
  await until(async () => (await valuesOf('rx_pushed{job="away"}')).length >= 30);
  await until(async () => (await valuesOf('rx_text{job="away"}')).length >= 30);
  expect(await valuesOf('rx_written{job="away"}')).toEqual(pushed);
  expect(await valuesOf('rx_text{job="away"}')).toEqual(pushed);
  // A group that is held is sampled once more as the agent comes back.
  const ofGroup = await valuesOf('rx_pushed{job="away"}');
  expect(ofGroup).toEqual([...pushed.slice(0, 15), pushed[14], ...pushed.slice(15)]);
  const [text] = await stored('rx_text{job="away"}[1h]');
  expect(text?.metric).toMatchObject({ agent: id, instance: id });
  expect(text?.values.map(([time]) => Math.round(1000 * time))).toEqual(
    pushed.map((_, at) => begunMs + 1000 * at),
  );
  await until(async () => (await termsOf(id))['missing'] === 0);
  expect(await termsOf(id)).toMatchObject({ imbalance: 0, lost: 0, rejected: 0 });
  const terms = await termsOf(id);
  expect(terms['stored']).toBe(terms['scheduled']);
});

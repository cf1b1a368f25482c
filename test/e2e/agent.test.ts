import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { syntheticParts } from '../../src/agent/index.ts';
import { ChaosProxy } from '../../src/lab/index.ts';
import { packageRoot } from '../../src/util/package-root.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { type Collector, startCollector } from './support/collector.ts';
import { listeningSockets } from './support/listening-sockets.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));
const SERIES = 500;

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.stop());

async function startAgent(
  url: string,
  args: readonly string[],
  dataDir?: string,
): Promise<{ agent: RunningProcess; dataDir: string }> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'tidegauge-agent-')));
  if (dataDir === undefined) {
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
  }
  const agent = await startProcess({
    command: process.execPath,
    args: [BINARY, 'agent', '--collector', url, '--data', folder, ...args],
    ready: { line: /in session/ },
  });
  onTestFinished(async () => {
    await agent.stop();
  });
  return { agent, dataDir: folder };
}

async function startProxy(): Promise<ChaosProxy> {
  const proxy = await ChaosProxy.start({ targetPort: collector.port, seed: 1 });
  onTestFinished(() => proxy.close());
  return proxy;
}

interface Stored {
  readonly metric: Record<string, string>;
  readonly values: readonly (readonly [number, string])[];
}

async function query(expr: string): Promise<readonly Stored[]> {
  const params = new URLSearchParams({ query: expr });
  const answer = await fetch(`${collector.url}/api/v1/query?${params.toString()}`);
  const body = (await answer.json()) as { data: { result: readonly Stored[] } };
  return body.data.result;
}

/** Terms of an agent's ledger. */
async function termsOf(agent: string): Promise<Record<string, number> & { imbalance: number }> {
  const answer = await fetch(`${collector.url}/api/v1/completeness`);
  const body = (await answer.json()) as {
    data: { sources: { id: string; terms: Record<string, number>; imbalance: number }[] };
  };
  const source = body.data.sources.find(({ id }) => id === `push/tide/${agent}`);
  return { ...source?.terms, imbalance: source?.imbalance ?? NaN };
}

async function until(check: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${check.toString()}`);
    await pause(200);
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Ticks missing between the first and the last that a series has; values must tell their place. */
function gapsOf(stored: readonly Stored[], agent: number): number {
  let gaps = 0;
  for (const { metric, values } of stored) {
    for (const [at, [time, value]] of values.entries()) {
      const tick = Math.floor(time) % 1e8;
      expect(syntheticParts(Number(value))).toEqual({
        agent,
        series: Number(metric['series']),
        tick,
      });
      const [before] = values[at - 1] ?? [time - 1];
      gaps += Math.round(time - before) - 1;
    }
  }
  return gaps;
}

const synthetic = (agent: number, series = SERIES): string[] => [
  ...['--synthetic-series', String(series), '--synthetic-first', String(agent)],
  ...['--id', `e2e-${agent}`],
];

test.runIf(process.platform === 'linux')('the agent listens on nothing', async () => {
  const scrape = `self=${collector.url}/metrics`;
  const { agent } = await startAgent(collector.url, ['--interval', '1s', '--scrape', scrape]);
  await pause(2500);
  expect(listeningSockets(agent.pid)).toEqual([]);
  // The same look at the collector finds its port, so it would find one here.
  expect(listeningSockets(collector.process.pid)).toHaveLength(1);
});

test('host, agent and scraped series arrive under their labels', async () => {
  const args = ['--interval', '1s', '--scrape', `self=${collector.url}/metrics`, '--id', 'e2e-all'];
  await startAgent(collector.url, [...args, '--label', 'zone=z1']);
  const names = ['node_load1', 'tidegauge_agent_series', 'scrape_duration_seconds', 'up'];
  const selector = `{agent="e2e-all",zone="z1",__name__=~"${names.join('|')}"}`;
  await until(async () => (await query(selector)).length >= names.length);
  const found = (await query(selector)).map(
    ({ metric }) => `${metric['job']} ${metric['__name__']}`,
  );
  expect(found.sort()).toEqual([
    ...['host node_load1', 'self scrape_duration_seconds', 'self up'],
    'tidegauge-agent tidegauge_agent_series',
  ]);
});

test('after a partition everything is there, and there once', async () => {
  const proxy = await startProxy();
  const { agent } = await startAgent(proxy.url, synthetic(11));
  await pause(3000);
  proxy.set({ isPartitioned: true });
  await pause(20_000);
  proxy.heal();
  await until(async () => {
    const { missing = NaN, inFlight = NaN } = await termsOf('e2e-11');
    return missing + inFlight <= SERIES && gapsOf(await query(QUERY_11), 11) === 0;
  });
  await agent.stop();
  const stored = await query(QUERY_11);
  expect(stored).toHaveLength(SERIES);
  expect(gapsOf(stored, 11)).toBe(0);
  expect(stored[0]?.values.length).toBeGreaterThan(22);
  expect(await termsOf('e2e-11')).toMatchObject({ imbalance: 0, lost: 0, missing: 0, rejected: 0 });
});
const QUERY_11 = 'tidegauge_synthetic{agent="e2e-11"}[2m]';

test('resets on the way cost nothing', async () => {
  const proxy = await startProxy();
  const { agent } = await startAgent(proxy.url, synthetic(12));
  for (let round = 0; round < 5; round++) {
    await pause(1500);
    proxy.resetAll();
  }
  const expr = 'tidegauge_synthetic{agent="e2e-12"}[2m]';
  await until(async () => gapsOf(await query(expr), 12) === 0);
  await agent.stop();
  expect(gapsOf(await query(expr), 12)).toBe(0);
  expect(await termsOf('e2e-12')).toMatchObject({ imbalance: 0, lost: 0, rejected: 0 });
});

test('kill -9 costs no more than the ledger names as lost or down', async () => {
  const proxy = await startProxy();
  const { agent, dataDir } = await startAgent(proxy.url, synthetic(13));
  await pause(2500);
  proxy.set({ isPartitioned: true });
  await pause(6000);
  agent.kill('SIGKILL');
  await agent.exited;
  proxy.heal();
  proxy.resetAll();
  const second = await startAgent(proxy.url, synthetic(13), dataDir);
  expect(second.agent.output()).toMatch(/in session/);
  const expr = 'tidegauge_synthetic{agent="e2e-13"}[2m]';
  await until(async () => {
    const { missing = NaN } = await termsOf('e2e-13');
    return missing <= SERIES && ((await query(expr))[0]?.values.length ?? 0) > 8;
  });
  await second.agent.stop();
  const stored = await query(expr);
  const terms = await termsOf('e2e-13');
  expect(terms.imbalance).toBe(0);
  // Every tick that is not stored is one that the ledger names as lost or down.
  const gaps = gapsOf(stored, 13);
  const named = (terms['lost'] ?? 0) + (terms['down'] ?? 0) + (terms['failed'] ?? 0);
  expect(gaps).toBeLessThanOrEqual(named);
  // What was sealed during the partition and synced a second later came from the disk.
  expect(stored[0]?.values.length).toBeGreaterThan(7);
});

test('READ answers fast, and a lease ends by itself while the collector is away', async () => {
  const proxy = await startProxy();
  const { agent } = await startAgent(proxy.url, synthetic(14, 10));
  const post = async (path: string, params: Record<string, string>) => {
    const body = new URLSearchParams(params);
    const answer = await fetch(`${collector.url}/api/v1/agents/e2e-14/${path}`, {
      method: 'POST',
      body,
    });
    return (await answer.json()) as { data: { status: string; series: readonly Stored[] } };
  };
  await pause(1500);
  const startMs = performance.now();
  const { data } = await post('read', { kind: 'instant', selector: 'tidegauge_synthetic' });
  expect(performance.now() - startMs).toBeLessThan(2000);
  expect(data.status).toBe('OK');
  expect(data.series).toHaveLength(10);
  await post('lease', { selector: '{series="3"}', interval: '100ms', ttl: '4s' });
  await pause(1000);
  proxy.set({ isPartitioned: true });
  await pause(6000);
  proxy.heal();
  const expr = 'tidegauge_synthetic{agent="e2e-14",series="3"}[1m]';
  await until(async () => {
    const values = (await query(expr))[0]?.values ?? [];
    const lastTicks = values.slice(-2).map(([time]) => time);
    return values.length > 30 && lastTicks.every((time) => Number.isInteger(time));
  });
  await agent.stop();
  const times = (await query(expr))[0]?.values.map(([time]) => time) ?? [];
  const between = times.filter((time) => !Number.isInteger(time));
  expect(between.length).toBeGreaterThan(25);
  // Four seconds, and what a loaded machine adds; without an end of its own it were seven.
  expect((between.at(-1) ?? 0) - (between[0] ?? 0)).toBeLessThan(6);
});

test('over long poll it is the same', async () => {
  const { agent } = await startAgent(collector.url, [...synthetic(15, 50), '--transport', 'poll']);
  const expr = 'tidegauge_synthetic{agent="e2e-15"}[1m]';
  await until(async () => ((await query(expr))[0]?.values.length ?? 0) >= 4);
  const { code } = await agent.stop();
  expect(code).toBe(0);
  expect(gapsOf(await query(expr), 15)).toBe(0);
  expect(await termsOf('e2e-15')).toMatchObject({ imbalance: 0, missing: 0, lost: 0 });
});

test('a second process of the same name ends the first, which says why', async () => {
  const first = await startAgent(collector.url, synthetic(16, 1));
  await startAgent(collector.url, synthetic(16, 1));
  const { code } = await first.agent.exited;
  expect(code).toBe(3);
  expect(first.agent.output()).toMatch(/SUPERSEDED/);
});

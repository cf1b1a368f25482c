import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NativeTarget } from '../../../test/support/native-target.ts';
import { type StoredSeries, storedData } from '../../../test/support/stored-data.ts';
import {
  openTemporaryStorage,
  type TemporaryStorage,
} from '../../../test/support/temporary-storage.ts';
import { SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { systemClock } from '../../util/index.ts';
import { silentPullMetrics } from './metrics.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from './options.ts';
import { PullManager } from './pull-manager.ts';

/** Pull as it runs: real sockets, real files, the real store, short intervals. */
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running {
  readonly store: TemporaryStorage;
  readonly sources: SourceRegistry;
  readonly manager: PullManager;
  readonly apply: (config: object) => void;
  readonly series: (selector: string) => Promise<StoredSeries | undefined>;
}

async function run(): Promise<Running> {
  const store = await openTemporaryStorage();
  closers.push(() => store.remove());
  const sources = new SourceRegistry({ clock: systemClock });
  const manager = new PullManager({
    clock: systemClock,
    storage: store.storage,
    sources,
    metrics: silentPullMetrics(),
    logger: silentLogger,
    version: 'test',
  });
  closers.push(() => manager.stop());
  return {
    store,
    sources,
    manager,
    apply(config) {
      const defaults = { job_name: 'j', scrape_interval: '200ms', scrape_timeout: '200ms' };
      const parsed = scrapeConfigSchema.parse({ ...defaults, ...config });
      const { configs, issues } = resolveScrapeConfigs({}, [parsed], '/');
      expect(issues).toEqual([]);
      manager.apply(configs);
    },
    series: async (selector) => (await storedData(store.storage)).get(selector),
  };
}

interface Served {
  readonly address: string;
  readonly server: Server;
  connections: number;
  requests: number;
}

async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer((request, response) => {
    served.requests++;
    listener(request, response);
  });
  const served: Served = { address: '', server, connections: 0, requests: 0 };
  server.on('connection', () => served.connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => shut(server));
  return Object.assign(served, { address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function shut(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function eventually(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 10_000, interval: 20 });
}

const counting: RequestListener = (request, response) => {
  expect(request.headers['user-agent']).toBe('Tidegauge/test');
  response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  response.setHeader('content-encoding', 'gzip');
  response.end(gzipSync('# TYPE hits counter\nhits_total{code="200"} 7\n# EOF\n'));
};

describe('pull over HTTP', () => {
  it('stores what targets serve at even times, over one connection each', async () => {
    const { apply, series, sources } = await run();
    const served = await serve(counting);
    apply({ static_configs: [{ targets: [served.address] }] });
    const labels = `instance="${served.address}", job="j"`;
    // The first scrape loads the client, which may take too long on a busy machine, and any may
    // begin too late for its time: two that are at the same distance from the interval are not.
    await eventually(async () => {
      const hits = await series(`hits_total{code="200", ${labels}}`);
      expect(hits?.values.slice(-4)).toEqual(['7', '7', '7', '7']);
      const { timestamps = [], values = [] } = (await series(`up{${labels}}`)) ?? {};
      expect(values.slice(-4)).toEqual(['1', '1', '1', '1']);
      const phases = timestamps.map((timestamp) => timestamp % 200);
      expect(new Set(phases).size).toBeLessThan(phases.length);
    });
    expect(served.connections).toBeLessThan(served.requests);
    const [source] = sources.list();
    expect(source).toMatchObject({ kind: 'pull', name: 'j', state: 'live', lastSamples: 1 });
  });

  it('marks the series of a target that stops answering, and finds it again', async () => {
    const { apply, series, manager } = await run();
    const served = await serve(counting);
    apply({ static_configs: [{ targets: [served.address] }] });
    const selector = `hits_total{code="200", instance="${served.address}", job="j"}`;
    await eventually(async () => expect((await series(selector))?.values).toContain('7'));
    await shut(served.server);
    await eventually(async () => expect((await series(selector))?.values.at(-1)).toBe('stale'));
    expect(manager.targets().activeTargets[0]).toMatchObject({ health: 'down' });
    expect(manager.targets().activeTargets[0]?.lastError).toMatch(/ECONNREFUSED/);
    const port = Number(served.address.split(':')[1]);
    await new Promise<void>((resolve) => served.server.listen(port, '127.0.0.1', resolve));
    await eventually(async () => expect((await series(selector))?.values.at(-1)).toBe('7'));
    const up = await series(`up{instance="${served.address}", job="j"}`);
    expect(up?.values).toContain('0');
    expect(up?.values).not.toContain('stale');
  });

  it('follows a file of targets, and ends those that are taken out', async () => {
    const { apply, series, sources } = await run();
    const directory = await mkdtemp(join(tmpdir(), 'pull-sd-'));
    closers.push(() => rm(directory, { recursive: true }));
    const [one, two] = [await serve(counting), await serve(counting)];
    const write = (targets: readonly string[]): Promise<void> =>
      writeFile(join(directory, 'targets.json'), JSON.stringify([{ targets, labels: { x: 'y' } }]));
    await write([one.address]);
    apply({ file_sd_configs: [{ files: [join(directory, '*.json')] }] });
    const up = (served: Served): string => `up{instance="${served.address}", job="j", x="y"}`;
    await eventually(async () => expect((await series(up(one)))?.values).toContain('1'));
    await write([two.address]);
    await eventually(async () => {
      expect((await series(up(two)))?.values).toContain('1');
      expect((await series(up(one)))?.values.at(-1)).toBe('stale');
    });
    const requests = one.requests;
    await eventually(async () => {
      expect(sources.list().map((source) => source.endpoint)).toEqual([
        `http://${two.address}/metrics`,
      ]);
    });
    expect(one.requests).toBe(requests);
  });

  it('scrapes many targets at once, each at its own time', async () => {
    const { apply, manager } = await run();
    const served = await serve(counting);
    const port = served.address.split(':')[1];
    const targets = Array.from({ length: 50 }, (_, index) => `127.0.0.${index + 1}:${port}`);
    await shut(served.server);
    await new Promise<void>((resolve) => served.server.listen(Number(port), '0.0.0.0', resolve));
    apply({ scrape_interval: '1s', scrape_timeout: '1s', static_configs: [{ targets }] });
    await eventually(async () => {
      const { activeTargets } = manager.targets();
      expect(activeTargets.filter((target) => target.health === 'up')).toHaveLength(50);
    });
    const phases = manager
      .targets()
      .activeTargets.map((target) => Math.floor((Date.parse(target.lastScrape) % 1000) / 100));
    expect(new Set(phases).size).toBeGreaterThan(5);
  });
});

it('stores native histograms of a target that serves protobuf', async () => {
  const target = new NativeTarget();
  const address = await target.listen();
  closers.push(() => target.close());
  for (const value of [0.3, 3, 3.5, 700]) target.orders.observe(value);
  const { apply, store, series } = await run();
  const group = { targets: [address], labels: { instance: 'i' } };
  apply({ scrape_native_histograms: true, static_configs: [group] });
  const name = 'orders_size{instance="i", job="j", shop="north"}';
  await vi.waitFor(async () => expect((await series(name))?.histograms.size).toBeGreaterThan(1), {
    timeout: 5_000,
  });
  expect(target.accepts[0]).toContain('application/vnd.google.protobuf');
  const stored = await storedData(store.storage);
  const [histogram] = [...(stored.get(name)?.histograms.values() ?? [])];
  expect(histogram).toMatchObject({ schema: 0, count: 4, sum: 706.8, positiveBuckets: [1, 2, 1] });
  expect([...stored.keys()].filter((key) => key.startsWith('orders_size_'))).toEqual([]);
  // The target goes away: its histograms end with a marker of their kind.
  await target.close();
  await vi.waitFor(
    async () => {
      const after = await series(name);
      expect([...(after?.histograms.values() ?? [])].at(-1)).toBeUndefined();
      expect(after?.timestamps).toEqual([]);
    },
    { timeout: 5_000 },
  );
});

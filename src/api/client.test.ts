import { PrometheusDriver } from 'prometheus-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../test/support/api-app.ts';
import { EXAMPLE_NOW_MS, openExampleStore } from '../../test/support/example-store.ts';
import { type HttpServer, startHttpServer } from './server.ts';

let store: Awaited<ReturnType<typeof openExampleStore>>;
let api: TestApi;
let server: HttpServer;

beforeAll(async () => {
  store = await openExampleStore();
  api = createTestApi({ storage: store.storage, clock: store.clock });
  const options = { ...api.deps.options, listen: '127.0.0.1:0', gzip_min_bytes: 100 };
  server = await startHttpServer({ ...api.deps, options });
});

afterAll(async () => {
  await server.close();
  await api.close();
  await store.remove();
});

// A client of the query API that was not written here, over a real socket.
for (const preferPost of [false, true]) {
  describe(`prometheus-query, by ${preferPost ? 'POST' : 'GET'}`, () => {
    const start = new Date(EXAMPLE_NOW_MS - 60_000);
    const end = new Date(EXAMPLE_NOW_MS);
    const client = (): PrometheusDriver =>
      new PrometheusDriver({ endpoint: server.url, preferPost });

    it('asks for values', async () => {
      const { resultType, result } = await client().instantQuery('up{job="node"}', end);
      expect(resultType).toBe('vector');
      expect(result).toMatchObject([
        { metric: { name: 'up', labels: { job: 'node' } }, value: { time: end, value: 1 } },
      ]);
    });

    it('asks for ranges', async () => {
      const { result } = await client().rangeQuery('sum(up)', start, end, '30s');
      expect(result).toMatchObject([{ values: [{ value: 2 }, { value: 2 }, { time: end }] }]);
    });

    it('asks for series, labels and metadata', async () => {
      const driver = client();
      const series = await driver.series(['up{job="node"}', 'up'], start, end);
      expect(series.map(({ labels }) => labels)).toMatchObject([
        { job: 'tidegauge' },
        { job: 'node' },
      ]);
      expect(await driver.labelNames()).toEqual(['__name__', 'instance', 'job']);
      expect(await driver.labelValues('job', ['up'], start, end)).toEqual(['node', 'tidegauge']);
      expect(await driver.metadata('up')).toMatchObject({ up: [{ type: 'gauge' }] });
    });

    it('asks for rules, alerts, targets and status', async () => {
      const driver = client();
      expect(await driver.rules()).toEqual([]);
      expect(await driver.alerts()).toEqual([]);
      expect(await driver.alertmanagers()).toMatchObject({ activeAlertmanagers: [] });
      expect(await driver.targets()).toMatchObject({ activeTargets: [] });
      expect(await driver.status()).toHaveProperty('yaml');
      expect(await driver.statusFlags()).toHaveProperty('listen');
      expect(await driver.statusRuntimeInfo()).toHaveProperty('storageRetention');
      expect(await driver.statusBuildinfo()).toMatchObject({ version: '1.2.3' });
      expect(await driver.statusTSDB()).toMatchObject({ headStats: { numSeries: 2 } });
    });

    it('is told what is wrong', async () => {
      await expect(client().instantQuery('sum(')).rejects.toMatchObject({
        httpStatus: 400,
        prometheus: { errorType: 'bad_data' },
      });
    });
  });
}

describe('own metrics', () => {
  it('count requests by route, not by path', async () => {
    for (const path of ['/api/v1/label/a/values', '/api/v1/label/b/values', '/x', '/api/x']) {
      await (await fetch(`${server.url}${path}`)).text();
    }
    const seen = await api.deps.registry.metrics();
    for (const handler of ['/api/v1/label/{name}/values', '/*', '/api/*', '/api/v1/query']) {
      expect(seen).toContain(`handler="${handler}"`);
    }
    expect(seen).not.toContain('label/a');
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Labels } from '../model/index.ts';
import { createQueryPool, type QueryPool, queryOptionsSchema } from '../query/index.ts';
import type { Storage } from '../storage/index.ts';
import { openStorage } from '../storage/index.ts';
import { workerEntry } from '../util/index.ts';

const SERIES = 500;
const SAMPLES = 120;
const STEP_MS = 15_000;

let folder: string;
let storage: Storage;
let pool: QueryPool;
let startMs: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-query-worker-'));
  storage = await openStorage({ data_dir: folder });
  startMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - SAMPLES * STEP_MS;
  const appender = storage.appender();
  for (let series = 0; series < SERIES; series++) {
    const labels = Labels.fromObject({ __name__: 'w_total', series: String(series) });
    const ref = appender.series(labels);
    for (let sample = 0; sample < SAMPLES; sample++) {
      appender.samples.push(ref, startMs + sample * STEP_MS, sample * (series + 1));
    }
  }
  await appender.commit();
  pool = createQueryPool({
    options: queryOptionsSchema.parse({ workers: 2 }),
    entry: workerEntry('query-worker'),
    workerHandle: () => storage.workerHandle(),
  });
});

afterAll(async () => {
  await pool.close();
  await storage.close();
  await rm(folder, { recursive: true });
});

async function dataOf(query: string): Promise<unknown> {
  const timeMs = startMs + (SAMPLES - 1) * STEP_MS;
  const { data } = await pool.run({ kind: 'instant', query, timeMs });
  return JSON.parse(new TextDecoder().decode(data)) as unknown;
}

test('threads answer from the store', async () => {
  const count = dataOf('count(w_total)');
  const rates = dataOf('sum(increase(w_total[5m]))');
  expect(await count).toMatchObject({ result: [{ value: [expect.any(Number), '500'] }] });
  const sum = (SERIES * (SERIES + 1)) / 2;
  expect(await rates).toMatchObject({ result: [{ value: [expect.any(Number), `${sum * 20}`] }] });
});

test('labels are answered too', async () => {
  const { data } = await pool.run({
    kind: 'label_values',
    name: 'series',
    matchers: ['w_total{series=~"1.?"}'],
    minTime: 0,
    maxTime: Number.MAX_SAFE_INTEGER,
  });
  const values = JSON.parse(new TextDecoder().decode(data)) as string[];
  expect(values).toHaveLength(11);
});

test('a client that goes away cancels a heavy query, and the thread is free again', async () => {
  const abort = new AbortController();
  const heavy = pool.run(
    {
      kind: 'range',
      query: 'sum(quantile_over_time(0.9, w_total[20m:1s]))',
      startMs,
      endMs: startMs + SAMPLES * STEP_MS,
      stepMs: 1_000,
    },
    abort.signal,
  );
  setTimeout(() => abort.abort(), 20);
  await expect(heavy).rejects.toMatchObject({ failure: 'query_canceled' });
  expect(await dataOf('1')).toMatchObject({ result: [expect.any(Number), '1'] });
});

test('errors of the query come through', async () => {
  await expect(dataOf('w_total + on() w_total')).rejects.toMatchObject({ failure: 'execution' });
  await expect(dataOf('rate(')).rejects.toMatchObject({ failure: 'bad_query' });
});

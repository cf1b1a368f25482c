import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_NOW_MS, openExampleStore } from '../../../test/support/example-store.ts';
import type { Matcher } from '../../model/index.ts';
import type { Queryable, SelectionSize } from '../../storage/api.ts';
import { queryOptionsSchema } from '../options.ts';
import { encodeQueryData } from '../result-json.ts';
import { configuredEngine } from './configured-engine.ts';
import { createQueryPool, type QueryPool } from './query-pool.ts';

let store: Awaited<ReturnType<typeof openExampleStore>>;

beforeAll(async () => {
  store = await openExampleStore();
});

afterAll(() => store.remove());

/** The same over a store that tells sizes. */
function poolOver(
  sizeOf: (matchers: readonly Matcher[]) => SelectionSize | undefined,
  valueCount?: number,
): QueryPool {
  const queryable: Queryable = {
    querier: () => store.storage.querier(),
    selectionSize: sizeOf,
    selectNow(matchers, hints) {
      const size = sizeOf(matchers);
      const selected = store.storage.selectNow?.(matchers, hints);
      if (size === undefined || selected === undefined) return undefined;
      return { set: selected.set, sampleBound: size.samples };
    },
    labelValueCount: () => valueCount,
  };
  return createPool(queryable);
}

/** A pool whose threads must not be needed. */
function createPool(queryable: Queryable): QueryPool {
  return createQueryPool({
    options: queryOptionsSchema.parse({}),
    entry: new URL('file:///none'),
    workerHandle: () => ({ message: undefined, transfer: [] }),
    queryable,
    startThread: () => {
      throw new Error('a thread was started');
    },
  });
}

const instant = (query: string) => ({ kind: 'instant', query, timeMs: EXAMPLE_NOW_MS }) as const;
const text = (data: Uint8Array): unknown => JSON.parse(Buffer.from(data).toString());

describe('a query that the store says is small', () => {
  it('is answered without a thread', async () => {
    const pool = poolOver(() => ({ series: 2, samples: 20 }));
    const { data, stats } = await pool.run(instant('sum(up)'));
    expect(text(data)).toMatchObject({
      resultType: 'vector',
      result: [{ value: [expect.any(Number), '2'] }],
    });
    expect(stats?.seriesRead).toBe(2);
    expect(pool.stats().answered).toBe(1);
  });

  it('is answered as a worker does', async () => {
    const options = queryOptionsSchema.parse({});
    const pool = poolOver(() => ({ series: 2, samples: 20 }));
    const engine = configuredEngine(store.storage, options);
    const over = { startMs: EXAMPLE_NOW_MS - 60_000, endMs: EXAMPLE_NOW_MS, stepMs: 15_000 };
    for (const query of [
      'up',
      'up{job="node"} + on() up{job="tidegauge"}',
      'sum by (job) (rate(up[1m]))',
      'up offset 30s or up{job="nobody"}',
      'topk(1, up) - on(job) group_left avg_over_time(up[30s])',
      'max_over_time(up[1m:15s]) * scalar(count(up))',
      '1 + 1',
    ]) {
      const range = await pool.run({ kind: 'range', query, ...over });
      const wanted = encodeQueryData((await engine.range(query, over)).value);
      expect(text(range.data), query).toEqual(text(wanted));
      const { value } = await engine.instant(query, { timeMs: EXAMPLE_NOW_MS });
      const now = await pool.run(instant(query));
      expect(text(now.data), query).toEqual(text(encodeQueryData(value)));
    }
  });

  it('looks up a few label sets too', async () => {
    const pool = poolOver(() => ({ series: 2, samples: 20 }));
    const over = { minTime: 0, maxTime: EXAMPLE_NOW_MS };
    const { data } = await pool.run({ kind: 'series', matchers: ['up'], ...over });
    expect(text(data)).toEqual([
      expect.objectContaining({ __name__: 'up' }),
      expect.objectContaining({ __name__: 'up' }),
    ]);
  });

  it('gives a list of series at once where the store does', async () => {
    const pool = createPool({
      querier: () => store.storage.querier(),
      seriesNow: (matchers, range, max) => store.storage.seriesNow?.(matchers, range, max),
    });
    const over = { matchers: ['up'], minTime: 0, maxTime: EXAMPLE_NOW_MS };
    const answer = pool.ask({ kind: 'series', ...over });
    expect(answer).not.toBeInstanceOf(Promise);
    const jobs = [{ job: 'tidegauge' }, { job: 'node' }].map((one) => expect.objectContaining(one));
    expect(text((await answer).data)).toEqual(jobs);
    expect(text((await answer).body!)).toEqual({ status: 'success', data: jobs });
    expect(await pool.ask({ kind: 'series', ...over })).toBe(answer);
    const limited = await pool.run({ kind: 'series', ...over, limit: 1 });
    expect(text(limited.data)).toEqual(jobs.slice(0, 1));
    expect(limited.warnings).toEqual(['results truncated due to limit']);
  });

  it('looks up the values of a label too', async () => {
    const pool = poolOver(() => undefined, 8_192);
    const over = { matchers: [], minTime: 0, maxTime: EXAMPLE_NOW_MS };
    const request = { kind: 'label_values', name: 'job', ...over } as const;
    const { data, body, warnings } = await pool.run(request);
    expect(text(data)).toEqual(['node', 'tidegauge']);
    expect(text(body!)).toEqual({ status: 'success', data: ['node', 'tidegauge'] });
    expect(warnings).toEqual([]);
    const zipped = await pool.run({ ...request, gzipFromBytes: 10 });
    expect(text(gunzipSync(zipped.data))).toEqual(text(body!));
    const limited = await pool.run({ ...request, limit: 1, gzipFromBytes: 10 });
    expect(text(limited.data)).toEqual(['node']);
    expect(limited.warnings).toEqual(['results truncated due to limit']);
  });

  it('fails as it would in a thread', async () => {
    const pool = poolOver(() => ({ series: 2, samples: 20 }));
    await expect(pool.run(instant('up + on(job) group_left up * on() up'))).rejects.toMatchObject({
      failure: 'execution',
    });
    expect(pool.stats().failed.get('execution')).toBe(1);
  });
});

describe('a thread is asked', () => {
  const needsThread = async (pool: QueryPool, request: Parameters<QueryPool['run']>[0]) =>
    expect(pool.run(request)).rejects.toMatchObject({
      failure: 'worker_failed',
      message: 'a thread was started',
    });

  it('where the store cannot tell, or tells of much', async () => {
    await needsThread(
      poolOver(() => undefined),
      instant('up'),
    );
    await needsThread(
      poolOver(() => ({ series: 2, samples: 100_000 })),
      instant('up'),
    );
  });

  it('where the steps are many, or windows overlap', async () => {
    const pool = poolOver(() => ({ series: 2, samples: 200 }));
    const over = { startMs: EXAMPLE_NOW_MS - 3_600_000, endMs: EXAMPLE_NOW_MS };
    await needsThread(pool, { kind: 'range', query: 'up', ...over, stepMs: 200 });
    const query = 'quantile_over_time(0.5, up[1h])';
    await needsThread(pool, { kind: 'range', query, ...over, stepMs: 30_000 });
    await needsThread(pool, instant('max_over_time(up[10h:1s])'));
    const rates = { kind: 'range', query: 'rate(up[1h])', ...over, stepMs: 30_000 } as const;
    expect((await pool.run(rates)).stats?.seriesRead).toBe(2);
  });

  it('where subqueries are long, or in one another, whatever they are of', async () => {
    const pool = poolOver(() => ({ series: 2, samples: 20 }));
    for (const query of [
      'sum_over_time(vector(1)[20000s:1s])',
      'sum_over_time(sum_over_time(vector(1)[200s:1s])[200s:1s])',
      'sum_over_time(sum_over_time(up[150s:1s])[150s:1s])',
    ]) {
      await needsThread(pool, instant(query));
    }
    const { data } = await pool.run(instant('sum_over_time(vector(1)[100s:1s])'));
    expect(text(data)).toMatchObject({ result: [{ value: [expect.any(Number), '100'] }] });
  });

  it('for what is no query, and for a text that is wrong', async () => {
    const pool = poolOver(() => ({ series: 1, samples: 1 }));
    const over = { matchers: [], minTime: 0, maxTime: EXAMPLE_NOW_MS };
    await needsThread(pool, { kind: 'label_names', ...over });
    const values = { kind: 'label_values', name: 'job', ...over } as const;
    await needsThread(pool, values);
    const much = poolOver(() => ({ series: 1, samples: 1 }), 8_193);
    await needsThread(much, values);
    const few = poolOver(() => ({ series: 1, samples: 1 }), 1);
    await needsThread(few, { ...values, matchers: ['up'] });
    await needsThread(pool, { kind: 'series', ...over });
    await needsThread(pool, { kind: 'series', ...over, matchers: ['up{'] });
    const many = poolOver(() => ({ series: 300, samples: 1 }));
    await needsThread(many, { kind: 'series', ...over, matchers: ['up', 'down'] });
    await needsThread(pool, instant('sum('));
  });
});

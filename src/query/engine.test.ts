import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../test/support/memory-queryable.ts';
import { Labels } from '../model/index.ts';
import type { Querier, Queryable } from '../storage/api.ts';
import { createEngine, type EngineOptions } from './engine.ts';
import type { QueryResult } from './result.ts';

const MINUTE = 60_000;

/** Counters `c_total` of two instances: one sample a minute, rising by 60 and by 120. */
function counters(): MemoryQueryable {
  const queryable = new MemoryQueryable();
  for (const [instance, rise] of [
    ['a', 60],
    ['b', 120],
  ] as const) {
    const labels = Labels.fromObject({ __name__: 'c_total', instance });
    const samples = Array.from({ length: 60 }, (_, index) => ({
      timestamp: index * MINUTE,
      value: index * rise,
    }));
    queryable.add(labels, samples);
  }
  return queryable;
}

function valuesOf({ value }: QueryResult): unknown {
  if (value.kind === 'vector') {
    return value.elements.map(({ labels, value: number }) => [labels.toString(), number]);
  }
  if (value.kind === 'matrix') {
    return value.series.map(({ labels, values }) => [labels.toString(), [...values]]);
  }
  return value.value;
}

function engineOf(queryable: Queryable, options: Partial<EngineOptions> = {}) {
  return createEngine({ queryable, ...options });
}

test('an instant query', async () => {
  const engine = engineOf(counters());
  const check = async (query: string, want: unknown): Promise<void> => {
    const result = await engine.instant(query, { timeMs: 30 * MINUTE });
    expect(valuesOf(result), query).toEqual(want);
  };
  await check('1 + 2 * 3', 7);
  await check('"text"', 'text');
  await check('sum(c_total)', [['{}', 30 * 180]]);
  await check('rate(c_total[5m])', [
    ['{instance="a"}', 1],
    ['{instance="b"}', 2],
  ]);
  await check('sort_desc(c_total)', [
    ['c_total{instance="b"}', 3600],
    ['c_total{instance="a"}', 1800],
  ]);
  await check('c_total{instance="a"}[2m]', [['c_total{instance="a"}', [29 * 60, 30 * 60]]]);
  await check('c_total > 2000', [['c_total{instance="b"}', 3600]]);
});

test('a range query has each step, and a scalar becomes a series', async () => {
  const engine = engineOf(counters());
  const over = { startMs: 10 * MINUTE, endMs: 12 * MINUTE, stepMs: MINUTE };
  expect(valuesOf(await engine.range('c_total{instance="a"} / 60', over))).toEqual([
    ['{instance="a"}', [10, 11, 12]],
  ]);
  expect(valuesOf(await engine.range('time()', over))).toEqual([['{}', [600, 660, 720]]]);
  const topped = await engine.range('topk(1, c_total)', over);
  expect(valuesOf(topped)).toEqual([['c_total{instance="b"}', [1200, 1320, 1440]]]);
});

test('a range vector or a string has no range answer', async () => {
  const engine = engineOf(counters());
  const over = { startMs: 0, endMs: MINUTE, stepMs: MINUTE };
  const wrong = /must be Scalar or instant Vector/;
  await expect(engine.range('c_total[5m]', over)).rejects.toThrow(wrong);
  await expect(engine.range('"text"', over)).rejects.toThrow(wrong);
  await expect(engine.range('c_total[', over)).rejects.toMatchObject({ code: 'bad_query' });
});

/** Counts the selections made on a store. */
function counting(inner: Queryable): { queryable: Queryable; selected: string[] } {
  const selected: string[] = [];
  const queryable: Queryable = {
    querier(): Querier {
      const querier = inner.querier();
      return {
        select: (matchers, hints) => {
          selected.push(`${matchers.length} ${hints.minTime} ${hints.maxTime}`);
          return querier.select(matchers, hints);
        },
        series: (...args) => querier.series(...args),
        labelNames: (...args) => querier.labelNames(...args),
        labelValues: (...args) => querier.labelValues(...args),
        close: () => querier.close(),
      };
    },
  };
  return { queryable, selected };
}

test('selectors with the same matchers share one read of just the times needed', async () => {
  const { queryable, selected } = counting(counters());
  const engine = engineOf(queryable);
  const query = 'rate(c_total[10m]) / c_total + c_total offset 2m';
  await engine.instant(query, { timeMs: 30 * MINUTE });
  expect(selected).toEqual([`1 ${20 * MINUTE + 1} ${30 * MINUTE}`]);
  selected.length = 0;
  await engine.instant('c_total - c_total offset 20m', { timeMs: 30 * MINUTE });
  expect(selected).toHaveLength(2);
  selected.length = 0;
  await engine.instant('max_over_time(c_total[5m:1m] @ 600)', { timeMs: 30 * MINUTE });
  expect(selected).toEqual([`1 ${6 * MINUTE - 5 * MINUTE + 1} ${10 * MINUTE}`]);
});

test('too many samples are refused, by storage or on the way', async () => {
  const limited = engineOf(counters(), { maxSamples: 50 });
  const over = { startMs: 0, endMs: 59 * MINUTE, stepMs: MINUTE };
  const refused = { code: 'query_limit' };
  await expect(limited.range('c_total', over)).rejects.toMatchObject(refused);
  const one = engineOf(counters(), { maxSamples: 110 });
  await expect(one.range('c_total{instance="a"}', over)).resolves.toBeDefined();
  const both = one.range('c_total{instance="a"} + c_total{instance="a"} offset 1s', over);
  await expect(both).rejects.toMatchObject(refused);
});

test('an instant selector counts the samples it looks up, whatever lies around them', async () => {
  const one = engineOf(counters(), { maxSamples: 2 });
  const at = { timeMs: 10 * MINUTE };
  await expect(one.instant('count(c_total)', at)).resolves.toBeDefined();
  await expect(one.instant('c_total{instance="a"} @ 60 offset 1m', at)).resolves.toBeDefined();
  const three = engineOf(counters(), { maxSamples: 6 });
  const over = { startMs: 0, endMs: 4 * MINUTE, stepMs: 2 * MINUTE };
  await expect(three.range('count(c_total)', over)).resolves.toBeDefined();
  await expect(one.range('count(c_total)', over)).rejects.toMatchObject({ code: 'query_limit' });
  const ranged = one.instant('rate(c_total[5m])', at);
  await expect(ranged).rejects.toMatchObject({ code: 'query_limit' });
});

test('a subquery of too many steps is refused before anything is made', async () => {
  const engine = engineOf(counters());
  const heavy = engine.instant('count_over_time(c_total[100y:1ms])', { timeMs: MINUTE });
  await expect(heavy).rejects.toMatchObject({ code: 'query_limit' });
  const endless = engine.range('1', { startMs: 0, endMs: 1e15, stepMs: 1 });
  await expect(endless).rejects.toMatchObject({ code: 'query_limit' });
});

test('a query stops at its deadline and when it is cancelled', async () => {
  let now = 0;
  const engine = engineOf(counters(), { clock: { monotonic: () => (now += 10) } });
  const slow = engine.instant('sum(rate(c_total[5m]))', { timeMs: MINUTE, timeoutMs: 25 });
  await expect(slow).rejects.toMatchObject({ code: 'query_timeout' });
  const cancelFlag = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  const cancelled = engine.instant('c_total', { timeMs: MINUTE, cancelFlag });
  await expect(cancelled).rejects.toMatchObject({ code: 'query_canceled' });
});

test('annotations carry their place in the text', async () => {
  const queryable = new MemoryQueryable();
  queryable.add(Labels.fromObject({ __name__: 'g' }), [
    { timestamp: 0, value: 1 },
    { timestamp: MINUTE, value: 2 },
  ]);
  const engine = engineOf(queryable);
  const { infos, warnings } = await engine.instant('1 +\n  rate(g[5m])', { timeMs: MINUTE });
  expect(warnings).toEqual([]);
  expect(infos).toEqual([
    'PromQL info: metric might not be a counter, name does not end in ' +
      '_total/_sum/_count/_bucket: "g" (2:8)',
  ]);
});

test('statistics count what was read', async () => {
  const { stats } = await engineOf(counters()).instant('sum(rate(c_total[5m]))', {
    timeMs: 30 * MINUTE,
  });
  expect(stats).toMatchObject({ samplesRead: 10, seriesRead: 2, queryableSamples: 10 });
});

test('duplicates that the dropped name leaves are an error', async () => {
  const queryable = new MemoryQueryable();
  for (const name of ['x_total', 'y_total']) {
    queryable.add(Labels.fromObject({ __name__: name }), [
      { timestamp: 0, value: 1 },
      { timestamp: MINUTE, value: 2 },
    ]);
  }
  const engine = engineOf(queryable);
  const rates = engine.instant('rate({__name__=~".+_total"}[5m])', { timeMs: MINUTE });
  await expect(rates).rejects.toThrow('vector cannot contain metrics with the same labelset');
});

test('what is experimental can be forbidden', async () => {
  const engine = engineOf(counters(), { experimentalFunctions: false });
  await expect(engine.instant('limitk(1, c_total)', { timeMs: MINUTE })).rejects.toThrow(
    '1:1: parse error: the aggregation "limitk" is experimental, and experimental_functions is off',
  );
  await expect(engine.instant('sum(c_total)', { timeMs: MINUTE })).resolves.toBeDefined();
});

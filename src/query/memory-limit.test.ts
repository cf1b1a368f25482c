import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../test/support/memory-queryable.ts';
import { Labels } from '../model/index.ts';
import type { Queryable } from '../storage/api.ts';
import { createEngine } from './engine.ts';
import { columnBytes } from './exec/memory.ts';
import { encodeQueryData } from './result-json.ts';
import type { QueryResult } from './result.ts';

const MINUTE = 60_000;
const STEPS = 1_000;
const SERIES = 20;
const OVER = { startMs: 0, endMs: (STEPS - 1) * MINUTE, stepMs: MINUTE };

function gauges(): MemoryQueryable {
  const queryable = new MemoryQueryable();
  for (let place = 0; place < SERIES; place++) {
    const labels = Labels.fromObject({ __name__: 'g', place: `${place}` });
    const samples = Array.from({ length: STEPS }, (_, index) => ({
      timestamp: index * MINUTE,
      value: index / 3,
    }));
    queryable.add(labels, samples);
  }
  return queryable;
}

/** A store that says that each of its selections holds so much. */
function holding(inner: Queryable, heldBytes: number): Queryable {
  return {
    querier() {
      const querier = inner.querier();
      return {
        select: async (matchers, hints) => {
          const set = await querier.select(matchers, hints);
          return Object.assign(set, { heldBytes: () => heldBytes });
        },
        series: (...args) => querier.series(...args),
        labelNames: (...args) => querier.labelNames(...args),
        labelValues: (...args) => querier.labelValues(...args),
        close: () => querier.close(),
      };
    },
  };
}

async function peakOf(query: string, queryable: Queryable = gauges()): Promise<number> {
  return (await createEngine({ queryable }).range(query, OVER)).stats.peakBytes;
}

/** Refused a byte below what it needs, and answered with just that. */
async function check(query: string, most: string, queryable: Queryable = gauges()): Promise<void> {
  const peak = await peakOf(query, queryable);
  const run = (maxMemoryBytes: number): Promise<QueryResult> =>
    createEngine({ queryable, maxMemoryBytes }).range(query, OVER);
  await expect(run(peak), query).resolves.toBeDefined();
  const refused = run(peak - 1);
  await expect(refused, query).rejects.toMatchObject({ code: 'query_limit', limit: 'memory' });
  await expect(refused, query).rejects.toThrow(
    new RegExp(`at most ${peak - 1} are allowed \\(max_memory_size\\); ${most} take most of it`),
  );
}

test('a query that needs too much memory is refused, and told what for', async () => {
  await check('g', 'vectors');
  await check('sum by (place) (g)', 'groups');
  await check('sum(max_over_time(g[5m]))', 'windows');
  await check('max_over_time(g[2h:1m])', 'vectors');
  await check('count_values("v", g)', 'vectors');
  await check('topk(3, g)', 'vectors');
  await check('quantile by (place) (0.5, g)', 'vectors');
  await check('g + on (place) g', 'vectors');
  await check('sum(g)', 'selected series', holding(gauges(), 1_000_000));
});

test('memory is counted where it is held, once', async () => {
  const vector = SERIES * columnBytes(STEPS);
  expect(await peakOf('g')).toBe(vector);
  // What an operand held is free when its operator is done.
  expect(await peakOf('-(-g)')).toBe(vector);
  expect(await peakOf('g + on (place) g')).toBe(3 * vector);
  // Of many series that are taken in as they are read only the sum is held.
  expect(await peakOf('sum(g)')).toBeLessThan(vector / 4);
});

test('an answer with gaps, and the text of an answer, count too', async () => {
  const queryable = gauges();
  const engine = createEngine({ queryable, maxMemoryBytes: 2 * SERIES * columnBytes(STEPS) });
  const { value, memory } = await engine.range('g', OVER);
  expect(() => encodeQueryData(value, { memory })).toThrow(/answer take most of it/);
  const early = { ...OVER, startMs: -10 * MINUTE };
  const { stats } = await createEngine({ queryable }).range('g', early);
  expect(stats.peakBytes).toBe(SERIES * (columnBytes(STEPS + 10) + 16 * STEPS));
});

test('an instant range vector counts as the answer', async () => {
  const queryable = gauges();
  const engine = createEngine({ queryable, maxMemoryBytes: 100_000 });
  const all = engine.instant(`g[${STEPS}m]`, { timeMs: OVER.endMs });
  await expect(all).rejects.toThrow(/answer take most of it/);
  await expect(engine.instant('g[10m]', { timeMs: OVER.endMs })).resolves.toBeDefined();
});

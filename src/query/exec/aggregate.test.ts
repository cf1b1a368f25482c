import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../../test/support/memory-queryable.ts';
import { Labels } from '../../model/index.ts';
import { createEngine } from '../engine.ts';

function engineOf(values: readonly (number | 'stale')[]) {
  const queryable = new MemoryQueryable();
  for (const [index, value] of values.entries()) {
    const labels = Labels.fromObject({ __name__: 'x', i: `${index}`, half: `${index % 2}` });
    queryable.add(labels, [{ timestamp: 0, value }]);
  }
  return createEngine({ queryable });
}

async function check(
  values: readonly (number | 'stale')[],
  query: string,
  want: Readonly<Record<string, number>>,
): Promise<void> {
  const { value } = await engineOf(values).instant(query, { timeMs: 1000 });
  if (value.kind !== 'vector') throw new Error('no vector');
  const got = value.elements.map(({ labels, value: number }) => [labels.toString(), number]);
  expect(Object.fromEntries(got), query).toEqual(want);
}

test('sums and means are compensated, means do not overflow', async () => {
  await check([1, 1e100, 1, -1e100], 'sum(x)', { '{}': 2 });
  await check([1, 1e100, 1, -1e100], 'avg(x)', { '{}': 0.5 });
  const huge = 2 ** 1023;
  await check([huge, huge], 'avg(x)', { '{}': huge });
  await check([Infinity, 1], 'avg(x)', { '{}': Infinity });
  await check([Infinity, -Infinity], 'avg(x)', { '{}': NaN });
});

test('extremes prefer numbers to NaN; stale series do not count', async () => {
  await check([NaN, 3, 1, NaN], 'min(x)', { '{}': 1 });
  await check([NaN, 3, 1, NaN], 'max(x)', { '{}': 3 });
  await check([NaN, NaN], 'max(x)', { '{}': NaN });
  await check([NaN, 3, 'stale'], 'count(x)', { '{}': 2 });
  await check(['stale'], 'sum(x)', {});
});

test('variances', async () => {
  await check([1, 5], 'stddev(x)', { '{}': 2 });
  await check([1, 5], 'stdvar(x)', { '{}': 4 });
  await check([1, Infinity], 'stddev(x)', { '{}': NaN });
});

test('groups', async () => {
  await check([1, 2, 4, 8], 'sum by (half) (x)', { '{half="0"}': 5, '{half="1"}': 10 });
  await check([1, 2, 4, 8], 'sum without (i) (x)', { '{half="0"}': 5, '{half="1"}': 10 });
  await check([1, 2, 4, 8], 'max by (none) (x)', { '{}': 8 });
  await check([1, 2], 'group by (__name__) (x)', { x: 1 });
});

test('values are counted by how they are written', async () => {
  await check([1, 1, 1e22, -0, NaN, NaN], 'count_values("v", x)', {
    '{v="1"}': 2,
    '{v="10000000000000000000000"}': 1,
    '{v="-0"}': 1,
    '{v="NaN"}': 2,
  });
});

test('some elements of each group', async () => {
  await check([1, 2, 4, 8], 'topk by (half) (1, x)', {
    'x{half="0", i="2"}': 4,
    'x{half="1", i="3"}': 8,
  });
  await check([1, NaN, 4], 'bottomk(2, x)', { 'x{half="0", i="0"}': 1, 'x{half="0", i="2"}': 4 });
  await check([1, 2, 4], 'topk(0, x)', {});
  await check([1, 2, 4], 'limitk(1, x)', { 'x{half="0", i="0"}': 1 });
  await check([1, 2, 4, 8], 'count(limit_ratio(0.3, x) or limit_ratio(-0.7, x))', { '{}': 4 });
  await check([1, 2, 4, 8], 'limit_ratio(0.3, x) and limit_ratio(-0.7, x)', {});
  await expect(check([1], 'topk(NaN, x)', {})).rejects.toThrow('Parameter value is NaN');
  await expect(check([1], 'topk(1e30, x)', {})).rejects.toThrow(
    'Scalar value 1e+30 overflows int64',
  );
});

test('quantiles, with a warning for those that are none', async () => {
  await check([1, 2, 3, 10], 'quantile(0.5, x)', { '{}': 2.5 });
  const { warnings } = await engineOf([1]).instant('quantile(1.5, x)', { timeMs: 0 });
  expect(warnings).toEqual([
    'PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)',
  ]);
});

test('count_values counts what has lost its name without it', async () => {
  await check([1, 1, 2], 'count_values by (__name__) ("v", -x)', {
    '{v="-1"}': 2,
    '{v="-2"}': 1,
  });
});

test('series that are taken in as they are read give what evaluated ones give', async () => {
  const queryable = new MemoryQueryable();
  for (let index = 0; index < 6; index++) {
    const labels = Labels.fromObject({ __name__: `c${index % 2}_total`, i: `${index}` });
    const samples = Array.from({ length: 20 }, (_, tick) => ({
      // Series of other lengths and times among them, and a reset.
      timestamp: tick * (index === 3 ? 20_000 : 15_000),
      value: index === 4 && tick === 7 ? ('stale' as const) : (tick * (index + 1)) % 31,
    }));
    queryable.add(labels, index === 2 ? samples.slice(5) : samples);
  }
  const engine = createEngine({ queryable });
  const over = { startMs: 0, endMs: 400_000, stepMs: 10_000 };
  for (const query of [
    'sum by (i) (rate({__name__=~"c.*"}[1m]))',
    'count({__name__=~"c.*"})',
    'avg without (i) ({__name__=~"c.*"} offset 30s)',
    'stddev(max_over_time({__name__=~"c.*"}[45s]))',
    'min by (i) (last_over_time({__name__=~"c.*"}[30s]))',
    'group by (i) ({__name__=~"c.*"} @ 60)',
  ]) {
    // An analysis evaluates every operator by itself.
    const { result } = await engine.analyze(query, over);
    expect((await engine.range(query, over)).value, query).toEqual(result.value);
  }
});

import { expect, test } from 'vitest';
import { parseExpr } from '../parse/index.ts';
import { type PlanNode, type PlanScope, planQuery } from './plan.ts';
import { subqueryGrid } from './subquery-grid.ts';

const SCOPE: PlanScope = {
  startMs: 100_000,
  endMs: 160_000,
  stepMs: 10_000,
  rangeMs: 60_000,
  defaultStepMs: 60_000,
};

function plan(text: string): PlanNode {
  return planQuery(parseExpr(text), SCOPE);
}

test('durations, @ and the query functions are resolved', () => {
  expect(plan('x offset (step() * 2)')).toMatchObject({ offsetMs: 20_000 });
  expect(plan('x offset -1m @ end()')).toMatchObject({ offsetMs: -60_000, atMs: 160_000 });
  expect(plan('x[range()]')).toMatchObject({ kind: 'matrix', rangeMs: 60_000 });
  expect(plan('x[1h:]')).toMatchObject({ kind: 'subquery', stepMs: 60_000 });
  expect(plan('(end() - start())')).toMatchObject({
    kind: 'binary',
    left: { kind: 'number', value: 160 },
    right: { kind: 'number', value: 100 },
  });
});

test('a range that is not above zero is refused', () => {
  expect(() => plan('rate(x[5m - 5m])')).toThrow(/duration must be greater than 0/);
  expect(() => plan('rate(x[5m / 0])')).toThrow(/division by zero/);
  expect(() => plan('x offset (5m % 0)')).toThrow(/modulo by zero/);
});

test('what is the same at every step is known', () => {
  const check = (text: string, want: boolean): void =>
    expect(plan(text).invariant, text).toBe(want);
  check('1 + 2', true);
  check('x', false);
  check('x @ 5', true);
  check('sum(rate(x[5m] @ start()))', true);
  check('x @ 5 + x', false);
  check('time() + x @ 5', false);
  check('timestamp(x @ 5)', true);
  check('timestamp(x @ 5 + 1)', false);
  check('predict_linear(x[5m] @ 5, 60)', false);
  check('max_over_time(x[5m:1m] @ 5)', true);
  check('topk(scalar(x), x @ 5)', false);
});

test('only count and sum of histograms are asked for', () => {
  const statsOnly = (text: string): unknown => {
    const found = JSON.stringify(plan(text)).match(/"statsOnly":(true|false)/g);
    return found?.map((part) => part.endsWith('true'));
  };
  expect(statsOnly('histogram_count(rate(x[5m]))')).toEqual([true]);
  expect(statsOnly('histogram_sum(x) + x')).toEqual([true, false]);
  expect(statsOnly('histogram_sum(sum_over_time(x[5m:1m]))')).toEqual([false]);
  expect(statsOnly('histogram_count(x >/ 1)')).toEqual([false]);
  expect(statsOnly('histogram_quantile(0.5, x)')).toEqual([false]);
});

test('steps of a subquery lie at multiples of its step, after the left edge', () => {
  const gridOf = (text: string, startMs: number, count = 1) => {
    const node = plan(text);
    if (node.kind !== 'subquery') throw new Error('no subquery');
    return subqueryGrid(node, { startMs, stepMs: 10_000, count });
  };
  expect(gridOf('x[1m:20s]', 120_000)).toEqual({ startMs: 80_000, stepMs: 20_000, count: 3 });
  expect(gridOf('x[1m:20s]', 125_000)).toEqual({ startMs: 80_000, stepMs: 20_000, count: 3 });
  expect(gridOf('x[1m:20s]', 120_000, 3)).toEqual({ startMs: 80_000, stepMs: 20_000, count: 4 });
  expect(gridOf('x[1m:20s] offset 5s @ 0', 120_000)).toEqual({
    startMs: -60_000,
    stepMs: 20_000,
    count: 3,
  });
  expect(gridOf('x[5s:20s]', 130_000)).toMatchObject({ count: 0 });
});

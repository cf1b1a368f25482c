import { expect, test } from 'vitest';
import { ParseError } from './errors.ts';
import { forbidExperimental } from './experimental.ts';
import { parseExpr } from './parse/index.ts';

function problemsOf(text: string): string[] {
  try {
    forbidExperimental(parseExpr(text), text);
    return [];
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return error.problems.map(({ position, text: what }) => `${position.column} ${what}`);
  }
}

test('what is experimental is named with its place', () => {
  const off = 'is experimental, and experimental_functions is off';
  expect(problemsOf('sum(info(up)) + limitk(1, up)')).toEqual([
    `5 the function "info" ${off}`,
    `17 the aggregation "limitk" ${off}`,
  ]);
  expect(problemsOf('up + fill (0) up')).toEqual([`4 filling in missing series ${off}`]);
  expect(problemsOf('-(h </ 1)')).toEqual([`5 the operator "</" ${off}`]);
  expect(problemsOf('rate(x[step() + 5m] offset (1m * 2))')).toEqual([
    `28 a computed duration ${off}`,
    `8 a computed duration ${off}`,
  ]);
  expect(problemsOf('increase(x[5m] anchored)')).toEqual([`10 the modifier "anchored" ${off}`]);
  expect(problemsOf('max_over_time((step() * up)[5m:min_of(1m, 2m)])')).toHaveLength(2);
});

test('everything else passes', () => {
  for (const text of [
    'sum by (job) (rate(x_total[5m] offset -1h)) / on (job) group_left () up',
    'histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m:1m] @ end()))) > bool 1',
    'quantile_over_time(0.5, x[1h]) or absent(up{a="b"})',
    '"text"',
    '-1 ^ 2',
  ]) {
    expect(problemsOf(text), text).toEqual([]);
  }
});

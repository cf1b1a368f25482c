import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../../../test/support/memory-queryable.ts';
import { Labels } from '../../../model/index.ts';
import { createEngine } from '../../engine.ts';

/** `[seconds, value]` or `[seconds, value, start seconds]`. */
type Sample = readonly [number, number, number?];

async function evaluate(samples: readonly Sample[], query: string, atSeconds: number) {
  const queryable = new MemoryQueryable();
  queryable.add(
    Labels.fromObject({ __name__: 'x_total' }),
    samples.map(([seconds, value, start]) => ({
      timestamp: seconds * 1000,
      value,
      startTimestamp: start === undefined ? undefined : start * 1000,
    })),
  );
  return createEngine({ queryable }).instant(query, { timeMs: atSeconds * 1000 });
}

async function check(
  samples: readonly Sample[],
  query: string,
  atSeconds: number,
  want: number | undefined,
): Promise<void> {
  const { value } = await evaluate(samples, query, atSeconds);
  const got = value.kind === 'vector' ? value.elements[0]?.value : NaN;
  if (want === undefined || got === undefined) expect(got, query).toBe(want);
  else expect(got, query).toBeCloseTo(want, 12);
}

const STEADY: Sample[] = Array.from({ length: 21 }, (_, index) => [index * 10, 1000 + index * 20]);

test('a steady counter is extrapolated to the edges of its window', async () => {
  await check(STEADY, 'increase(x_total[1m])', 100, 120);
  await check(STEADY, 'rate(x_total[1m])', 100, 2);
  // Samples from 50 to 100 s; the window begins 5 s before and ends 5 s after them.
  await check(STEADY, 'increase(x_total[1m])', 105, 120);
  await check(STEADY, 'delta(x_total[1m])', 105, 120);
});

test('an edge far from the samples is half a gap away', async () => {
  const late: Sample[] = [
    [40, 100],
    [50, 110],
  ];
  // 10 s sampled, 5 s before, 10 s after (just within 1.1 gaps).
  await check(late, 'increase(x_total[1m])', 60, 25);
  await check(late, 'increase(x_total[1m])', 62, 20);
});

test('a counter is not taken to have been below zero', async () => {
  const young: Sample[] = [
    [40, 2],
    [50, 12],
  ];
  // Zero 2 s before the first sample; the other edge is half a gap away.
  await check(young, 'increase(x_total[1m])', 62, 17);
  await check(young, 'delta(x_total[1m])', 62, 20);
});

test('resets are added back', async () => {
  const reset: Sample[] = [
    [10, 100],
    [20, 110],
    [30, 5],
    [40, 15],
  ];
  // 110 − 100, then 5 from zero, then 10, over 30 s, half a gap to the left and 1 s to the right.
  await check(reset, 'increase(x_total[1m])', 41, (25 * 36) / 30);
  await check(reset, 'irate(x_total[16s])', 35, 0.5);
  await check(reset, 'idelta(x_total[16s])', 35, -105);
  await check(reset, 'resets(x_total[1m])', 41, 1);
});

test('one sample is not enough, unless it says when counting began', async () => {
  await check([[30, 5]], 'increase(x_total[1m])', 60, undefined);
  await check([[50, 5, 20]], 'increase(x_total[1m])', 60, 5);
  await check([[50, 5, 50]], 'increase(x_total[1m])', 60, undefined);
});

test('the left edge of a window is open', async () => {
  await check(STEADY, 'count_over_time(x_total[1m])', 100, 6);
  await check(STEADY, 'count_over_time(x_total[1m1ms])', 100, 7);
});

test('a linear series has its slope, a constant one exactly none', async () => {
  await check(STEADY, 'deriv(x_total[1m])', 100, 2);
  await check(STEADY, 'predict_linear(x_total[1m], 30)', 100, 1260);
  const constant: Sample[] = [0, 7, 13].map((seconds) => [seconds, 0.1]);
  await check(constant, 'deriv(x_total[1m])', 20, 0);
});

test('anchored and smoothed ranges do not extrapolate', async () => {
  await check(STEADY, 'increase(x_total[1m] anchored)', 105, 120);
  await check(STEADY, 'increase(x_total[1m] smoothed)', 105, 120);
  await check(STEADY, 'increase(x_total[15s] anchored)', 109, 20);
  await check(STEADY, 'increase(x_total[15s] smoothed)', 109, 30);
});

test('series that share their times are extrapolated alike, each by its own values', async () => {
  const queryable = new MemoryQueryable();
  // Far from zero, near it, one that falls, one with a NaN, and one with other times.
  const starts = { far: 1e6, near: 1, falls: 1e6, hole: 1e6 };
  const minutes = Array.from({ length: 11 }, (_, index) => index);
  for (const [name, start] of Object.entries(starts)) {
    queryable.add(
      Labels.fromObject({ __name__: 'x_total', name }),
      minutes.map((minute) => {
        const drop = name === 'falls' && minute > 5 ? start : 0;
        const value = start + 10 * minute - drop;
        if (name !== 'hole') return { timestamp: minute * 60_000, value };
        const restarted = minute === 5 ? NaN : 10 * (minute - 6);
        return { timestamp: minute * 60_000, value: minute < 5 ? value : restarted };
      }),
    );
  }
  const run = async (query: string): Promise<Record<string, readonly number[]>> => {
    const over = { startMs: 300_000, endMs: 600_000, stepMs: 60_000 };
    const { value } = await createEngine({ queryable }).range(query, over);
    if (value.kind !== 'matrix') throw new Error(value.kind);
    return Object.fromEntries(
      value.series.map(({ labels, values }) => [labels.get('name'), [...values]]),
    );
  };
  const all = await run('increase(x_total[3m30s])');
  for (const name of Object.keys(starts)) {
    expect(await run(`increase(x_total{name="${name}"}[3m30s])`)).toEqual({ [name]: all[name] });
  }
  expect(all['far']).toEqual(all['near']);
  // Three gaps and half a minute before them: 35, whatever the counter fell from.
  expect(all['far']?.every((value) => Math.abs(value - 35) < 1e-9)).toBe(true);
  expect(all['falls']?.[5]).toBeCloseTo(35, 9);
  expect(all['hole']?.slice(0, 1)).toEqual([NaN]);
  // After NaN it is no fall; and the counter was zero at the first sample of the window.
  expect(all['hole']?.[4]).toBeCloseTo(30, 9);
  expect(all['hole']?.[5]).toBeCloseTo(35, 9);
});

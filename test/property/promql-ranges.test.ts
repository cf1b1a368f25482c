import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import { createEngine } from '../../src/query/index.ts';
import { MemoryQueryable } from '../support/memory-queryable.ts';

const BASE = 1_700_000_000_000;

interface Point {
  readonly timestamp: number;
  readonly value: number;
}

/** Range functions as their definition says, of the points of one window (at least one). */
const NAIVE: Readonly<Record<string, (points: readonly Point[]) => number | undefined>> = {
  count_over_time: (points) => points.length,
  last_over_time: (points) => points.at(-1)?.value,
  first_over_time: (points) => points[0]?.value,
  min_over_time: (points) => Math.min(...points.map(({ value }) => value)),
  max_over_time: (points) => Math.max(...points.map(({ value }) => value)),
  sum_over_time: (points) => points.reduce((sum, { value }) => sum + value, 0),
  ts_of_max_over_time: (points) => {
    const greatest = Math.max(...points.map(({ value }) => value));
    const last = points.findLast(({ value }) => value === greatest);
    return (last?.timestamp ?? NaN) / 1000;
  },
  resets: (points) => pairs(points).filter(([before, now]) => now.value < before.value).length,
  changes: (points) => pairs(points).filter(([before, now]) => now.value !== before.value).length,
  idelta: (points) => {
    const [before, now] = pairs(points).at(-1) ?? [];
    return before === undefined || now === undefined ? undefined : now.value - before.value;
  },
};

function pairs(points: readonly Point[]): [Point, Point][] {
  return points.slice(1).map((point, index) => [points[index]!, point]);
}

const samples = fc
  .uniqueArray(fc.integer({ min: 0, max: 120 }), { maxLength: 60 })
  .chain((seconds) =>
    fc.tuple(
      ...seconds
        .toSorted((a, b) => a - b)
        .map((second) =>
          fc.record({
            timestamp: fc.constant(BASE + second * 1000),
            value: fc.oneof(
              { weight: 8, arbitrary: fc.integer({ min: -5, max: 5 }) },
              { weight: 1, arbitrary: fc.constant('stale' as const) },
            ),
          }),
        ),
    ),
  );

const query = fc.record({
  name: fc.constantFrom(...Object.keys(NAIVE)),
  rangeSeconds: fc.integer({ min: 1, max: 60 }),
  offsetSeconds: fc.integer({ min: -20, max: 20 }),
  stepSeconds: fc.integer({ min: 1, max: 30 }),
  steps: fc.integer({ min: 1, max: 12 }),
});

test('a function of moving windows is that of each window alone', async () => {
  await fc.assert(
    fc.asyncProperty(samples, query, async (points, wanted) => {
      const { name, rangeSeconds, offsetSeconds, stepSeconds, steps } = wanted;
      const queryable = new MemoryQueryable();
      queryable.add(Labels.fromObject({ __name__: 'm' }), points);
      const text = `${name}(m[${rangeSeconds}s] offset ${offsetSeconds}s)`;
      const { value } = await createEngine({ queryable }).range(text, {
        startMs: BASE,
        endMs: BASE + (steps - 1) * stepSeconds * 1000,
        stepMs: stepSeconds * 1000,
      });
      const got = new Map<number, number>();
      for (const { timestamps, values } of value.kind === 'matrix' ? value.series : []) {
        for (const [index, time] of timestamps.entries()) got.set(time, values[index]!);
      }
      const want = new Map<number, number>();
      for (let step = 0; step < steps; step++) {
        const time = BASE + step * stepSeconds * 1000;
        const end = time - offsetSeconds * 1000;
        const window = points.filter(
          (point): point is Point =>
            point.value !== 'stale' &&
            point.timestamp <= end &&
            point.timestamp > end - rangeSeconds * 1000,
        );
        const answer = window.length === 0 ? undefined : NAIVE[name]?.(window);
        if (answer !== undefined) want.set(time, answer);
      }
      expect([...got], text).toEqual([...want]);
    }),
    { numRuns: 300 },
  );
});

import { expect, test } from 'vitest';
import type { PlanNode } from '../api/prometheus.ts';
import { planRows } from './plan-rows.ts';

const figures = { series: 1, samples: 1, seriesRead: 2, samplesRead: 8 };
const node = { isInvariant: false, steps: 1 };
const PLAN: PlanNode = {
  ...node,
  operator: 'aggregate',
  detail: 'sum',
  start: 0,
  end: 18,
  measured: { ...figures, ownMs: 1, totalMs: 4 },
  children: [
    {
      ...node,
      operator: 'call',
      detail: 'rate',
      start: 4,
      end: 17,
      measured: { ...figures, ownMs: 3, totalMs: 3 },
      children: [
        { ...node, operator: 'range', detail: 'up[5m]', start: 10, end: 16, children: [] },
      ],
    },
  ],
};

test('operators come from the answer down, each with its text and its share of the time', () => {
  const rows = planRows(PLAN, 'sum(rate(\nup[5m]))');
  expect(rows.map(({ depth, detail, text, share }) => [depth, detail, text, share])).toEqual([
    [1, 'sum', 'sum(rate( up[5m]))', 0.25],
    [2, 'rate', 'rate( up[5m])', 0.75],
    [3, 'up[5m]', 'up[5m]', 0],
  ]);
  expect(rows.map(({ figures: of }) => of === null)).toEqual([false, false, true]);
});

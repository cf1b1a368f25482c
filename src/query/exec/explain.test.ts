import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../../test/support/memory-queryable.ts';
import { Labels } from '../../model/index.ts';
import { createEngine } from '../engine.ts';
import type { ExplainedNode } from './explain.ts';

function engineOf() {
  const queryable = new MemoryQueryable();
  for (const job of ['a', 'b', 'c']) {
    const samples = [0, 1, 2, 3].map((index) => ({ timestamp: index * 60_000, value: index }));
    queryable.add(Labels.fromObject({ __name__: 'x_total', job }), samples);
  }
  // Each look at the clock is a millisecond later than the one before.
  let nowMs = 0;
  return createEngine({ queryable, clock: { monotonic: () => nowMs++ } });
}

const OVER = { startMs: 120_000, endMs: 180_000, stepMs: 60_000 };

function outline({ operator, detail, steps, children }: ExplainedNode): unknown {
  const head = `${operator} ${detail} x${steps}`;
  return children.length === 0 ? head : [head, ...children.map(outline)];
}

test('a plan is shown with its operators, ranges and steps', () => {
  const engine = engineOf();
  const query =
    'topk(2, sum without (job) (rate(x_total{job!="c"}[5m] offset 1m))) ' +
    '/ on () group_left (job) max_over_time((-x_total @ 60)[2m:1m])';
  expect(outline(engine.explain(query, OVER))).toEqual([
    'binary / on () group_left (job) x2',
    [
      'aggregate topk x2',
      'number 2 x1',
      [
        'aggregate sum without (job) x2',
        ['call rate x2', 'range {__name__="x_total",job!="c"}[5m] offset 1m x2'],
      ],
    ],
    [
      'call max_over_time x2',
      ['subquery [2m:1m] x2', ['unary - x1', 'selector {__name__="x_total"} @ 60 x1']],
    ],
  ]);
  const { start, end, isInvariant } = engine.explain('1 + up', OVER);
  expect({ start, end, isInvariant }).toEqual({ start: 0, end: 6, isInvariant: false });
});

test('an analysis has what each operator gave and took', async () => {
  const { plan, result } = await engineOf().analyze('sum(rate(x_total[2m])) > 0', OVER);
  expect(result.value).toMatchObject({ kind: 'matrix', series: [{ timestamps: { length: 2 } }] });
  const [sum] = plan.children;
  const [rate] = sum?.children ?? [];
  expect(plan.measured).toMatchObject({ series: 1, samples: 2, samplesRead: 9, seriesRead: 3 });
  expect(sum?.measured).toMatchObject({ series: 1, samples: 2, samplesRead: 9 });
  expect(rate?.measured).toMatchObject({ series: 3, samples: 6, samplesRead: 9, seriesRead: 3 });
  // A range is read by its function, and has no time of its own.
  expect(rate?.children[0]?.measured).toBeUndefined();
  const own = (node: ExplainedNode): number =>
    (node.measured?.ownMs ?? 0) + node.children.reduce((total, child) => total + own(child), 0);
  expect(own(plan)).toBe(plan.measured?.totalMs);
});

test('equal times are an instant query, of a range too', async () => {
  const at = { startMs: 180_000, endMs: 180_000, stepMs: 0 };
  const { plan, result } = await engineOf().analyze('x_total{job="a"}[2m]', at);
  expect(result.value).toMatchObject({ kind: 'matrix', series: [{ values: { length: 2 } }] });
  expect(outline(plan)).toBe('range {__name__="x_total",job="a"}[2m] x1');
});

import type { Grid } from './columns.ts';
import type { SubqueryNode } from './plan.ts';

/**
 * The steps at which a subquery's inner expression is evaluated for all steps of the outer grid:
 * multiples of its own step from the epoch, after the first window's left edge (open) up to the
 * last window's right edge. May have no step at all.
 */
export function subqueryGrid(node: SubqueryNode, outer: Grid): Grid {
  const { stepMs, rangeMs, offsetMs, atMs } = node;
  const first = (atMs ?? outer.startMs) - offsetMs;
  const last = (atMs ?? outer.startMs + (outer.count - 1) * outer.stepMs) - offsetMs;
  const startMs = (Math.floor((first - rangeMs) / stepMs) + 1) * stepMs;
  return { startMs, stepMs, count: Math.max(0, Math.floor((last - startMs) / stepMs) + 1) };
}

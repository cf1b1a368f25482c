import type { Queryable } from '../../storage/api.ts';
import type { Grid } from './columns.ts';
import type { PlanNode } from './plan.ts';
import { selectionsOf } from './selections.ts';

/**
 * An upper bound of what a plan has to look at: samples decoded, and samples or steps evaluated.
 * Infinity where the store cannot tell at once.
 */
export function planCost(
  plan: PlanNode,
  grid: Grid,
  queryable: Queryable,
  lookbackMs: number,
): number {
  let cost = 0;
  for (const { looks, matchers, minTime, maxTime, steps } of selectionsOf(plan, grid, {
    lookbackMs,
  })) {
    const size = queryable.selectionSize?.(matchers, { minTime, maxTime });
    if (size === undefined) return Infinity;
    cost += size.samples * looks + size.series * steps;
  }
  return cost;
}

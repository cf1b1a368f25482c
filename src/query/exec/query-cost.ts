import type { Queryable } from '../../storage/api.ts';
import type { Grid } from './columns.ts';
import { childrenOf } from './explain.ts';
import type { PlanNode } from './plan.ts';
import { selectionsOf } from './selections.ts';
import { subqueryGrid } from './subquery-grid.ts';

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
  let seriesCount = 0;
  for (const { looks, matchers, minTime, maxTime, steps } of selectionsOf(plan, grid, {
    lookbackMs,
  })) {
    const size = queryable.selectionSize?.(matchers, { minTime, maxTime });
    if (size === undefined) return Infinity;
    seriesCount += size.series;
    // Windows overlap: some functions look at each sample once for each window it is in.
    cost += size.samples * looks + size.series * steps;
  }
  return cost + subqueryCost(plan, grid) * Math.max(1, seriesCount);
}

/** Steps of subqueries, once for each window they are in; for one series, or none at all. */
function subqueryCost(node: PlanNode, grid: Grid): number {
  if (node.kind !== 'subquery') {
    return childrenOf(node).reduce((sum, child) => sum + subqueryCost(child, grid), 0);
  }
  const inner = subqueryGrid(node, grid);
  if (inner.count === 0) return 0;
  const windowSteps = Math.min(inner.count, node.rangeMs / node.stepMs);
  return inner.count + windowSteps * grid.count + subqueryCost(node.expr, inner);
}

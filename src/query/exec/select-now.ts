import type { Queryable, SelectedNow } from '../../storage/api.ts';
import type { Grid } from './columns.ts';
import { childrenOf } from './explain.ts';
import type { PlanNode } from './plan.ts';
import {
  hintsOf,
  type SelectionOptions,
  type Selections,
  selectionsOf,
  share,
  type Wanted,
} from './selections.ts';
import { subqueryGrid } from './subquery-grid.ts';

export interface NowOptions extends SelectionOptions {
  /** Samples decoded, and samples or steps evaluated, at most. */
  readonly maxCost: number;
}

/**
 * As `selectAll`, at once; undefined where the store cannot, or where the plan has to look at more
 * than `maxCost`.
 */
export function selectAllNow(
  queryable: Queryable,
  plan: PlanNode,
  grid: Grid,
  options: NowOptions,
): Selections | undefined {
  const subqueries = subqueryCost(plan, grid);
  if (queryable.selectNow === undefined || subqueries > options.maxCost) return undefined;
  const found = new Map<PlanNode, SelectedNow['set']>();
  let cost = 0;
  let seriesCount = 0;
  for (const group of share(selectionsOf(plan, grid, options))) {
    const selected = queryable.selectNow(group[0]?.matchers ?? [], hintsOf(group, options));
    if (selected === undefined) return undefined;
    cost += costOf(group, selected);
    seriesCount += selected.set.length * group.length;
    if (!(cost + subqueries * Math.max(1, seriesCount) <= options.maxCost)) return undefined;
    options.memory.hold('selected series', selected.set.heldBytes?.() ?? 0);
    for (const { node } of group) found.set(node, selected.set);
  }
  return found;
}

/** Windows overlap: some functions look at each sample once for each window it is in. */
function costOf(group: readonly Wanted[], { set, sampleBound }: SelectedNow): number {
  let cost = 0;
  for (const { looks, steps } of group) cost += sampleBound * looks + set.length * steps;
  return cost;
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

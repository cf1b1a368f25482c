import { Labels, type Matcher, METRIC_NAME } from '../../model/index.ts';
import {
  ABSENT,
  emptyColumn,
  FLOAT,
  type Grid,
  type SeriesColumn,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import type { CallNode, PlanNode } from './plan.ts';
import { evaluateRangeCall } from './range-calls.ts';

/** `absent(v)`: 1 at the steps at which no series has a sample. */
export function evaluateAbsent(vector: VectorValue, labels: Labels, grid: Grid): VectorValue {
  return absence(vector.series, labels, grid);
}

/** `absent_over_time(r)`: 1 at the steps at which no series has a sample in its window. */
export function evaluateAbsentOverTime(
  node: CallNode,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  const { series } = evaluateRangeCall({ ...node, name: 'present_over_time' }, grid, context);
  return absence(series, absentLabels(node.args[0]!), grid);
}

function absence(series: readonly SeriesColumn[], labels: Labels, grid: Grid): VectorValue {
  const column = emptyColumn(labels, grid.count);
  column.values.fill(1);
  column.present.fill(FLOAT);
  for (const { present } of series) {
    for (let step = 0; step < grid.count; step++) {
      if (present[step] !== ABSENT) column.present[step] = ABSENT;
    }
  }
  return column.present.includes(FLOAT) ? vectorOf([column]) : vectorOf([]);
}

/** The labels that a selector's `=` matchers name once; none of any other expression. */
export function absentLabels(node: PlanNode): Labels {
  let matchers: readonly Matcher[] = [];
  if (node.kind === 'selector') matchers = node.matchers;
  else if (node.kind === 'matrix') matchers = node.selector.matchers;
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const { type, name, value } of matchers) {
    if (name === METRIC_NAME) continue;
    if (type === '=' && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else {
      values.delete(name);
    }
  }
  return Labels.fromEntries(values);
}

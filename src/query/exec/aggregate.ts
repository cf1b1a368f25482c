import type { Labels } from '../../model/index.ts';
import { aggregateCountValues } from './aggregate-count-values.ts';
import { isSimpleFold, type SimpleFold } from './aggregate-floats.ts';
import { GroupFold } from './aggregate-fold.ts';
import { aggregateQuantile } from './aggregate-quantile.ts';
import { aggregateSelection } from './aggregate-selection.ts';
import { canStream, streamAggregate } from './aggregate-stream.ts';
import { type Grid, isPopulated, type SeriesColumn, type VectorValue } from './columns.ts';
import type { EvalContext } from './context.ts';
import { groupLabels } from './group-labels.ts';
import type { AggregateNode } from './plan.ts';

export interface Group {
  readonly labels: Labels;
  readonly series: SeriesColumn[];
}

export function evaluateAggregate(
  node: AggregateNode,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  const { operator } = node;
  if (operator === 'count_values') return aggregateCountValues(node, grid, context);
  if (isSimpleFold(operator) && canStream(node, grid, context)) {
    return streamAggregate(node, operator, grid, context);
  }
  const parameter =
    node.parameter === undefined
      ? new Float64Array(grid.count)
      : context.evaluateScalar(node.parameter, grid).values;
  const vector = context.evaluateVector(node.expr, grid);
  const groups = groupSeries(node, vector);
  switch (operator) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
    case 'limit_ratio':
      return aggregateSelection({ node, groups, parameter, grid, vector }, context);
    case 'quantile':
      return aggregateQuantile({ node, groups, parameter, grid }, context);
    default:
      return foldGroups(node, operator, groups, grid, context);
  }
}

/** The groups in the order in which their first series come. */
function groupSeries(node: AggregateNode, vector: VectorValue): Group[] {
  const labelsOf = groupLabels(node);
  const groups = new Map<string, Group>();
  for (const column of vector.series) {
    const labels = labelsOf(column.labels);
    const group = groups.get(labels.key);
    if (group === undefined) groups.set(labels.key, { labels, series: [column] });
    else group.series.push(column);
  }
  return [...groups.values()];
}

function foldGroups(
  node: AggregateNode,
  operator: SimpleFold,
  groups: readonly Group[],
  grid: Grid,
  context: EvalContext,
): VectorValue {
  const output: SeriesColumn[] = [];
  for (const { labels, series } of groups) {
    const fold = new GroupFold(node, operator, labels, grid, context);
    for (const column of series) fold.add(column);
    const column = fold.finish();
    if (isPopulated(column)) output.push(column);
  }
  return { kind: 'vector', series: output, isDistinct: true };
}

import type { Labels } from '../../model/index.ts';
import { aggregateCountValues } from './aggregate-count-values.ts';
import { FloatFold, type SimpleFold } from './aggregate-floats.ts';
import { HistogramFold } from './aggregate-histograms.ts';
import { aggregateQuantile } from './aggregate-quantile.ts';
import { aggregateSelection } from './aggregate-selection.ts';
import {
  emptyColumn,
  FLOAT,
  type Grid,
  isPopulated,
  type SeriesColumn,
  type VectorValue,
  vectorOf,
} from './columns.ts';
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
  for (const group of groups) {
    const column = foldGroup(node, operator, group, grid, context);
    if (isPopulated(column)) output.push(column);
  }
  return vectorOf(output);
}

function foldGroup(
  node: AggregateNode,
  operator: SimpleFold,
  group: Group,
  grid: Grid,
  context: EvalContext,
): SeriesColumn {
  const column = emptyColumn(group.labels, grid.count);
  const floats = new FloatFold(operator, grid.count);
  let histograms: HistogramFold | undefined;
  for (const series of group.series) {
    context.guard.tick(grid.count);
    if (series.dropName) column.dropName = true;
    floats.add(series.values, series.present);
    if (series.histograms !== undefined) {
      histograms ??= new HistogramFold(node, operator, grid.count, context.annotations);
      histograms.add(series);
    }
  }
  floats.store(column.values);
  for (let step = 0; step < grid.count; step++) {
    if (floats.counts[step]! > 0) column.present[step] = FLOAT;
  }
  histograms?.store(column, floats.counts);
  return column;
}

import { goGeneral } from '../annotations.ts';
import { quantileOf } from '../functions/quantile.ts';
import type { Group } from './aggregate.ts';
import {
  ABSENT,
  FLOAT,
  type Grid,
  isPopulated,
  type SeriesColumn,
  setFloat,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { heldColumn } from './held-column.ts';
import type { AggregateNode } from './plan.ts';

interface QuantileTask {
  readonly node: AggregateNode;
  readonly groups: readonly Group[];
  readonly parameter: Float64Array;
  readonly grid: Grid;
}

export function aggregateQuantile(task: QuantileTask, context: EvalContext): VectorValue {
  const { node, groups, parameter, grid } = task;
  if (groups.length > 0) warnOfQuantiles(node, parameter, context);
  const output: SeriesColumn[] = [];
  for (const group of groups) {
    const column = heldColumn(context.guard, group.labels, grid.count);
    const scratch = new Float64Array(group.series.length);
    for (let step = 0; step < grid.count; step++) {
      context.guard.tick(group.series.length);
      const length = gather(node, group, step, scratch, context);
      if (length > 0) setFloat(column, step, quantileOf(parameter[step]!, scratch, length));
    }
    column.dropName = group.series.some((series) => series.dropName);
    if (isPopulated(column)) output.push(column);
  }
  return vectorOf(output);
}

/** Collects the floats of a group at a step; histograms are left out, with an info. */
function gather(
  node: AggregateNode,
  { series }: Group,
  step: number,
  into: Float64Array,
  { annotations }: EvalContext,
): number {
  let length = 0;
  for (const { present, values } of series) {
    const state = present[step];
    if (state === FLOAT) into[length++] = values[step]!;
    else if (state !== ABSENT) {
      annotations.info('ignored histogram in quantile aggregation', node.expr.span);
    }
  }
  return length;
}

function warnOfQuantiles(
  node: AggregateNode,
  parameter: Float64Array,
  { annotations }: EvalContext,
): void {
  const span = node.parameter?.span ?? node.span;
  const warn = (value: number): void =>
    annotations.warn(`quantile value should be between 0 and 1, got ${goGeneral(value)}`, span);
  let least = Infinity;
  let greatest = -Infinity;
  let hasNan = false;
  for (const value of parameter) {
    if (value !== value) hasNan = true;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (hasNan) warn(NaN);
  if (greatest > 1) warn(greatest);
  if (least < 0) warn(least);
}

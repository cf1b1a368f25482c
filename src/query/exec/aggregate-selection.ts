import { goGeneral } from '../annotations.ts';
import type { Group } from './aggregate.ts';
import {
  ABSENT,
  copySample,
  FLOAT,
  type Grid,
  type SeriesColumn,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { ExecutionError } from './errors.ts';
import { heldColumn } from './held-column.ts';
import { labelRatio } from './label-ratio.ts';
import type { AggregateNode } from './plan.ts';
import { TopHeap } from './top-heap.ts';

interface SelectionTask {
  readonly node: AggregateNode;
  readonly groups: readonly Group[];
  /** k, or the ratio, at each step. */
  readonly parameter: Float64Array;
  readonly grid: Grid;
  readonly vector: VectorValue;
}

const MAX_INT64 = 9_223_372_036_854_774_784;
const MIN_INT64 = -9_223_372_036_854_775_808;

/**
 * `topk`, `bottomk`, `limitk`, `limit_ratio`: some elements of each group, chosen anew at each
 * step, with all their labels. At a single step the order is by rank, group after group.
 */
export function aggregateSelection(task: SelectionTask, context: EvalContext): VectorValue {
  const { node, groups, parameter, grid } = task;
  const isRatio = node.operator === 'limit_ratio';
  if (isRatio) checkRatios(node, parameter, context);
  else checkCounts(parameter);
  const picked: SeriesColumn[] = [];
  for (const group of groups) {
    const outputs = new Array<SeriesColumn | undefined>(group.series.length).fill(undefined);
    for (let step = 0; step < grid.count; step++) {
      context.guard.tick(group.series.length);
      const chosen = isRatio
        ? pickRatio(group, parameter[step]!, step)
        : pickCount(node, group, Math.trunc(parameter[step]!), step, context);
      for (const at of chosen) {
        const source = group.series[at]!;
        let column = outputs[at];
        if (column === undefined) {
          column = heldColumn(context.guard, source.labels, grid.count, source.dropName);
          outputs[at] = column;
          picked.push(column);
        }
        copySample(source, column, step);
      }
    }
  }
  return vectorOf(picked);
}

function pickCount(
  node: AggregateNode,
  group: Group,
  count: number,
  step: number,
  context: EvalContext,
): readonly number[] {
  if (count < 1) return [];
  return node.operator === 'limitk'
    ? pickFirst(group, count, step)
    : pickRanked(node, group, count, step, context);
}

function pickFirst({ series }: Group, count: number, step: number): number[] {
  const chosen: number[] = [];
  for (let index = 0; index < series.length && chosen.length < count; index++) {
    if (series[index]!.present[step] !== ABSENT) chosen.push(index);
  }
  return chosen;
}

function pickRanked(
  { operator, span }: AggregateNode,
  { series }: Group,
  count: number,
  step: number,
  { annotations }: EvalContext,
): number[] {
  const heap = new TopHeap(Math.min(count, series.length), operator === 'bottomk');
  for (let index = 0; index < series.length; index++) {
    const { present, values } = series[index]!;
    const state = present[step];
    if (state === FLOAT) heap.offer(index, values[step]!);
    else if (state !== ABSENT) {
      annotations.info(`ignored histogram in ${operator} aggregation`, span);
    }
  }
  return heap.ranked();
}

function pickRatio({ series }: Group, ratio: number, step: number): number[] {
  if (ratio === 0) return [];
  const chosen: number[] = [];
  for (let index = 0; index < series.length; index++) {
    const { labels, present } = series[index]!;
    if (present[step] === ABSENT) continue;
    const place = labelRatio(labels);
    // A negative ratio takes what the positive one that completes it to 1 leaves.
    if (ratio > 0 ? place < ratio : place >= 1 + Math.max(ratio, -1)) chosen.push(index);
  }
  return chosen;
}

/** @throws ExecutionError */
function checkCounts(parameter: Float64Array): void {
  if (parameter.some(Number.isNaN)) throw new ExecutionError('Parameter value is NaN');
  if (parameter.every((count) => count < 1)) return;
  for (const count of parameter) {
    if (count <= MIN_INT64) {
      throw new ExecutionError(`Scalar value ${goGeneral(count)} underflows int64`);
    }
    if (count >= MAX_INT64) {
      throw new ExecutionError(`Scalar value ${goGeneral(count)} overflows int64`);
    }
  }
}

/** @throws ExecutionError */
function checkRatios(
  node: AggregateNode,
  parameter: Float64Array,
  { annotations }: EvalContext,
): void {
  if (parameter.some(Number.isNaN)) throw new ExecutionError('Ratio value is NaN');
  const span = node.parameter?.span ?? node.span;
  const warn = (ratio: number, bound: number): void =>
    annotations.warn(
      `ratio value should be between -1 and 1, got ${goGeneral(ratio)}, ` +
        `capping to ${goGeneral(bound)}`,
      span,
    );
  let least = Infinity;
  let greatest = -Infinity;
  for (const ratio of parameter) {
    least = Math.min(least, ratio);
    greatest = Math.max(greatest, ratio);
  }
  if (greatest > 1) warn(greatest, 1);
  if (least < -1) warn(least, -1);
}

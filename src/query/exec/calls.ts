import { absentLabels, evaluateAbsent, evaluateAbsentOverTime } from './absent.ts';
import { type ColumnValue, type Grid } from './columns.ts';
import type { EvalContext } from './context.ts';
import { ExecutionError } from './errors.ts';
import { greater, lesser } from '../functions/math.ts';
import { evaluateHistogramCall, isHistogramCall } from './histogram-calls.ts';
import { evaluateInfo } from './info.ts';
import { evaluateLabelJoin, evaluateLabelReplace } from './label-functions.ts';
import type { CallNode } from './plan.ts';
import { evaluateRangeCall } from './range-calls.ts';
import { evaluateSort } from './sort.ts';
import { evaluateDateCall, evaluateTimestamp, isDateCall } from './time-calls.ts';
import { evaluateElementCall, isElementCall } from './element-calls.ts';
import { evaluateScalar, evaluateVector, timesInSeconds } from './conversions.ts';

/** Calls a function by its name. */
export function evaluateCall(node: CallNode, grid: Grid, context: EvalContext): ColumnValue {
  const { name } = node;
  if (isElementCall(name)) return evaluateElementCall(node, grid, context);
  if (isDateCall(name)) return evaluateDateCall(node, grid, context);
  if (isHistogramCall(name)) return evaluateHistogramCall(node, grid, context);
  switch (name) {
    case 'time':
      return { kind: 'scalar', values: timesInSeconds(grid) };
    case 'pi':
      return { kind: 'scalar', values: new Float64Array(grid.count).fill(Math.PI) };
    case 'max_of':
    case 'min_of':
      return evaluateExtreme(node, grid, context);
    case 'scalar':
      return evaluateScalar(context.evaluateVector(node.args[0]!, grid), grid);
    case 'vector':
      return evaluateVector(context.evaluateScalar(node.args[0]!, grid));
    case 'timestamp':
    case 'start_timestamp':
      return evaluateTimestamp(node, grid, context);
    case 'absent':
      return evaluateAbsent(
        context.evaluateVector(node.args[0]!, grid),
        absentLabels(node.args[0]!),
        grid,
      );
    case 'absent_over_time':
      return evaluateAbsentOverTime(node, grid, context);
    case 'sort':
    case 'sort_desc':
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return evaluateSort(node, grid, context);
    case 'label_replace':
      return evaluateLabelReplace(node, grid, context);
    case 'label_join':
      return evaluateLabelJoin(node, grid, context);
    case 'info':
      return evaluateInfo(node, grid, context);
    default:
      return evaluateRangeCall(node, grid, context);
  }
}

function evaluateExtreme(node: CallNode, grid: Grid, context: EvalContext): ColumnValue {
  const [left, right] = node.args;
  if (left === undefined || right === undefined) {
    throw new ExecutionError(`${node.name} needs two arguments`);
  }
  const { values } = context.evaluateScalar(left, grid);
  const others = context.evaluateScalar(right, grid).values;
  const pick = node.name === 'max_of' ? greater : lesser;
  for (let step = 0; step < values.length; step++) {
    values[step] = pick(values[step]!, others[step]!);
  }
  return { kind: 'scalar', values };
}

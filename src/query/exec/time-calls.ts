import { DATE_FUNCTIONS } from '../functions/dates.ts';
import { ABSENT, FLOAT, type Grid, type VectorValue } from './columns.ts';
import type { EvalContext } from './context.ts';
import { evaluateVector, timesInSeconds } from './conversions.ts';
import { dropHistograms } from './element-calls.ts';
import type { CallNode } from './plan.ts';
import { selectLatest } from './selector.ts';

export function isDateCall(name: string): boolean {
  return DATE_FUNCTIONS.has(name);
}

/** `hour(v)` and its kin; without an argument of the evaluation time. */
export function evaluateDateCall(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const [arg] = node.args;
  const vector =
    arg === undefined
      ? evaluateVector({ kind: 'scalar', values: timesInSeconds(grid).map(Math.floor) })
      : context.evaluateVector(arg, grid);
  const read = DATE_FUNCTIONS.get(node.name)!;
  for (const column of vector.series) {
    column.dropName = true;
    dropHistograms(column);
    for (let step = 0; step < grid.count; step++) {
      if (column.present[step] === FLOAT) column.values[step] = read(column.values[step]!);
    }
  }
  return vector;
}

/**
 * `timestamp(v)`: of a selector the times of the samples themselves, of anything else the
 * evaluation time. `start_timestamp(v)`: of a selector, where stored; of anything else nothing.
 */
export function evaluateTimestamp(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const arg = node.args[0]!;
  const isStart = node.name === 'start_timestamp';
  if (arg.kind === 'selector' && (!isStart || context.startTimestamps)) {
    const kept = isStart ? 'start_time' : 'time';
    const vector = selectLatest(arg, arg, grid, context, kept);
    for (const column of vector.series) column.dropName = true;
    return vector;
  }
  const vector = context.evaluateVector(arg, grid);
  if (isStart) return { kind: 'vector', series: [] };
  const times = timesInSeconds(grid);
  for (const column of vector.series) {
    column.dropName = true;
    column.values.set(times);
    for (let step = 0; step < grid.count; step++) {
      if (column.present[step] !== ABSENT) column.present[step] = FLOAT;
    }
  }
  return vector;
}

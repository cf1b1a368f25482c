import { scaleHistogram } from '../functions/histogram/arithmetic.ts';
import { type ColumnValue, type Grid, histogramAt } from './columns.ts';
import type { EvalContext } from './context.ts';
import type { UnaryNode } from './plan.ts';

/** `+v` is `v`; `-v` negates every sample and drops the name. */
export function evaluateUnary(node: UnaryNode, grid: Grid, context: EvalContext): ColumnValue {
  const value = context.evaluate(node.operand, grid);
  if (node.operator === '+' || value.kind === 'string') return value;
  if (value.kind === 'scalar') {
    negate(value.values);
    return value;
  }
  for (const column of value.series) {
    column.dropName = true;
    negate(column.values);
    if (column.histograms === undefined) continue;
    for (let step = 0; step < grid.count; step++) {
      const histogram = histogramAt(column, step);
      if (histogram !== undefined) column.histograms[step] = scaleHistogram(histogram, -1);
    }
  }
  return value;
}

function negate(values: Float64Array): void {
  for (let index = 0; index < values.length; index++) values[index] = -values[index]!;
}

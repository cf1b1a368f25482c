import { plainDecimal } from '../annotations.ts';
import { quoteString } from '../print/index.ts';
import { histogramText } from '../functions/histogram/text.ts';
import { FLOAT, type Grid, HISTOGRAM, setFloat, type VectorValue, vectorOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import { ExecutionError } from './errors.ts';
import { groupLabels } from './group-labels.ts';
import { isLabelName } from './label-name.ts';
import { OutputSeries } from './merge.ts';
import type { AggregateNode } from './plan.ts';

/** `count_values("label", v)`: how many elements of each group have each value. */
export function aggregateCountValues(
  node: AggregateNode,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  const label = node.parameter?.kind === 'string' ? node.parameter.value : '';
  if (!isLabelName(label)) {
    throw new ExecutionError(`invalid label name ${quoteString(label)}`);
  }
  const grouping = node.without ? node.grouping : [...node.grouping, label];
  const labelsOf = groupLabels({ grouping, without: node.without });
  const output = new OutputSeries(grid.count, context.guard);
  const { series } = context.evaluateVector(node.expr, grid);
  for (const { labels, dropName, values, present, histograms } of series) {
    for (let step = 0; step < grid.count; step++) {
      let text: string;
      if (present[step] === FLOAT) text = countedText(values[step]!);
      else if (present[step] === HISTOGRAM) text = histogramText(histograms![step]!);
      else continue;
      const column = output.get(labelsOf(labels.with(label, text)), dropName);
      setFloat(column, step, column.values[step]! + 1);
    }
  }
  return vectorOf(output.all());
}

function countedText(value: number): string {
  if (value !== value) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : plainDecimal(value);
}

import { compareNatural } from '../functions/natural-order.ts';
import {
  FLOAT,
  type Grid,
  isPopulated,
  type SeriesColumn,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { dropHistograms } from './element-calls.ts';
import type { CallNode } from './plan.ts';

/** sort, sort_desc, sort_by_label, sort_by_label_desc: the order of an instant answer. */
export function evaluateSort(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  if (grid.count > 1) {
    context.annotations.warn(
      'sort is ineffective for range queries since results are always ordered by labels',
      node.span,
    );
  }
  const { series } = context.evaluateVector(node.args[0]!, grid);
  if (node.name === 'sort' || node.name === 'sort_desc') {
    return vectorOf(sortByValue(series, node.name === 'sort_desc'));
  }
  const labels = node.args.slice(1).map((arg) => (arg.kind === 'string' ? arg.value : ''));
  const sign = node.name === 'sort_by_label_desc' ? -1 : 1;
  return vectorOf(series.sort((a, b) => sign * compareByLabels(a, b, labels)));
}

/** NaN comes last, whichever the direction; histograms are dropped. */
function sortByValue(series: SeriesColumn[], descending: boolean): SeriesColumn[] {
  for (const column of series) dropHistograms(column);
  const floats = series.filter(isPopulated);
  const valueOf = ({ values, present }: SeriesColumn): number =>
    present[0] === FLOAT ? values[0]! : NaN;
  return floats.sort((a, b) => {
    const left = valueOf(a);
    const right = valueOf(b);
    if (left !== left || right !== right) {
      return Number(left !== left) - Number(right !== right);
    }
    return descending ? right - left || 0 : left - right || 0;
  });
}

function compareByLabels(a: SeriesColumn, b: SeriesColumn, names: readonly string[]): number {
  for (const name of names) {
    const order = compareNatural(a.labels.get(name), b.labels.get(name));
    if (order !== 0) return order;
  }
  return a.labels.compare(b.labels);
}

import type { FloatHistogram } from '../../model/index.ts';
import { histogramVariance } from '../functions/histogram/statistics.ts';
import { ABSENT, FLOAT, type Grid, HISTOGRAM, type VectorValue, vectorOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import { evaluateFraction, evaluateQuantile, evaluateQuantiles } from './histogram-quantiles.ts';
import type { CallNode } from './plan.ts';

/** Functions of one histogram that give a number. */
const OF_HISTOGRAM: ReadonlyMap<string, (histogram: FloatHistogram) => number> = new Map([
  ['histogram_count', ({ count }) => count],
  ['histogram_sum', ({ sum }) => sum],
  ['histogram_avg', ({ sum, count }) => sum / count],
  ['histogram_stdvar', histogramVariance],
  ['histogram_stddev', (histogram) => Math.sqrt(histogramVariance(histogram))],
]);

const OF_BUCKETS = new Set(['histogram_quantile', 'histogram_quantiles', 'histogram_fraction']);

export function isHistogramCall(name: string): boolean {
  return OF_HISTOGRAM.has(name) || OF_BUCKETS.has(name);
}

export function evaluateHistogramCall(
  node: CallNode,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  switch (node.name) {
    case 'histogram_quantile':
      return evaluateQuantile(node, grid, context);
    case 'histogram_quantiles':
      return evaluateQuantiles(node, grid, context);
    case 'histogram_fraction':
      return evaluateFraction(node, grid, context);
    default:
      return mapHistograms(
        context.evaluateVector(node.args[0]!, grid),
        OF_HISTOGRAM.get(node.name)!,
      );
  }
}

/** Each histogram's number; floats are dropped. */
function mapHistograms(
  { series }: VectorValue,
  map: (histogram: FloatHistogram) => number,
): VectorValue {
  const kept = series.filter(({ histograms }) => histograms !== undefined);
  for (const column of kept) {
    const { present, histograms, values } = column;
    column.dropName = true;
    for (let step = 0; step < present.length; step++) {
      if (present[step] === HISTOGRAM) {
        values[step] = map(histograms![step]!);
        present[step] = FLOAT;
      } else {
        present[step] = ABSENT;
      }
    }
    column.histograms = undefined;
  }
  return vectorOf(kept);
}

import { ABSENT, setHistogram } from '../../exec/columns.ts';
import { HistogramMean } from '../histogram/mean.ts';
import { IncompatibleHistogramsError } from '../histogram/arithmetic.ts';
import { HistogramAccumulator } from '../histogram/accumulator.ts';
import {
  floatCount,
  type HistogramKernel,
  type RangeCall,
  type RangeSeries,
  type TimedHistogram,
  warnMixed,
} from './range-function.ts';

/** Something that takes in histograms one after the other. */
interface Fold {
  readonly resetCollision: boolean;
  readonly boundsReconciled: boolean;
  add(histogram: TimedHistogram['histogram']): void;
  result(): TimedHistogram['histogram'];
}

/** What one histogram costs, in float samples. */
const HISTOGRAM_WORK = 50;

export const sumHistograms = fold((first) => new HistogramAccumulator(first));
export const avgHistograms = fold((first) => new HistogramMean(first));

/** sum_over_time and avg_over_time of histograms; a window that has floats too is dropped. */
function fold(start: (first: TimedHistogram['histogram']) => Fold): HistogramKernel {
  return ofHistogramsAlone((series, call, step, out) => {
    const samples = histogramsIn(series, call, step);
    call.guard.tick(HISTOGRAM_WORK * samples.length);
    const total = start(samples[0]!.histogram);
    for (const { histogram } of samples.slice(1)) total.add(histogram);
    annotateFold(samples, total, call);
    setHistogram(out, step, total.result());
  });
}

/** Drops windows that have floats too, and those whose histograms do not go together. */
export function ofHistogramsAlone(evaluate: HistogramKernel): HistogramKernel {
  return (series, call, step, out) => {
    if (floatCount(call, step) > 0) {
      out.present[step] = ABSENT;
      warnMixed(series, call);
      return;
    }
    try {
      evaluate(series, call, step, out);
    } catch (error) {
      if (!(error instanceof IncompatibleHistogramsError)) throw error;
      warnMixedSchemas(series, call);
    }
  };
}

export function histogramsIn(
  series: RangeSeries,
  { windows }: RangeCall,
  step: number,
): readonly TimedHistogram[] {
  return series.histograms.slice(windows.histogramFrom[step], windows.histogramTo[step]);
}

export function warnMixedSchemas(series: RangeSeries, call: RangeCall): void {
  call.annotations.warn(
    'vector contains a mix of histograms with exponential and custom buckets schemas for ' +
      `metric name ${JSON.stringify(series.metricName)}`,
    call.span,
  );
}

function annotateFold(
  samples: readonly TimedHistogram[],
  { boundsReconciled }: Fold,
  { annotations, span }: RangeCall,
): void {
  const has = (hint: 'reset' | 'not_reset'): boolean =>
    samples.some(({ histogram }) => histogram.counterReset === hint);
  if (has('reset') && has('not_reset')) {
    annotations.warn('conflicting counter resets during histogram aggregation', span);
  }
  if (boundsReconciled) {
    annotations.info('mismatched custom buckets were reconciled during aggregation', span);
  }
}

import { compactHistogram, type FloatHistogram } from '../../../model/index.ts';
import { type SeriesColumn, setHistogram } from '../../exec/columns.ts';
import { HistogramAccumulator } from '../histogram/accumulator.ts';
import { addHistograms, divideHistogram, subtractHistograms } from '../histogram/arithmetic.ts';
import { usesCustomBuckets } from '../histogram/bounds.ts';
import { interpolateHistograms } from '../histogram/interpolate.ts';
import { isHistogramReset } from '../histogram/reset.ts';
import { extendedBounds } from './extended.ts';
import type { RateKind } from './rate.ts';
import {
  type HistogramKernel,
  type RangeCall,
  type RangeSeries,
  type TimedHistogram,
} from './range-function.ts';
import { infoReconciled, warnNotCounter, warnNotGauge } from './rate-histograms.ts';
import { histogramsIn, ofHistogramsAlone, warnMixedSchemas } from './sum-histograms.ts';

/** rate, increase, delta of histograms over an anchored or smoothed range. */
export function extendedHistogramRate(kind: RateKind): HistogramKernel {
  return ofHistogramsAlone((series, call, step, out) =>
    extendedStep(kind, series, call, step, out),
  );
}

function extendedStep(
  kind: RateKind,
  series: RangeSeries,
  call: RangeCall,
  step: number,
  out: SeriesColumn,
): void {
  const all = histogramsIn(series, call, step);
  const begin = call.windows.begins[step]!;
  const end = call.windows.ends[step]!;
  const isSmoothed = call.extension === 'smoothed';
  const times = Float64Array.from(all, ({ timestamp }) => timestamp);
  const range = { from: 0, to: all.length };
  const bounds = extendedBounds(times, range, { begin, end }, isSmoothed);
  if (bounds === undefined) return;
  const samples = all.slice(bounds.first, bounds.last + 1);
  if (!checkKinds(kind, samples, series, call)) return;
  const edges = edgeHistograms(kind, samples, { begin, end, isSmoothed }, call);
  const { left, right } = edges;
  if (!kind.isCounter && !(left.counterReset === 'gauge' && right.counterReset === 'gauge')) {
    warnNotGauge(series, call);
  }
  const difference = subtractHistograms(right, left);
  if (difference.boundsReconciled) infoReconciled('subtraction', call);
  let result = difference.histogram;
  const lost = kind.isCounter
    ? lostInResets(samples, edges, { begin, isSmoothed }, call)
    : undefined;
  if (lost !== undefined) {
    const sum = addHistograms(result, lost);
    if (sum.boundsReconciled) infoReconciled('addition', call);
    result = sum.histogram;
  }
  if (kind.isRate) result = divideHistogram(result, call.windows.rangeMs / 1000);
  setHistogram(out, step, { ...compactHistogram(result), counterReset: 'gauge' });
}

/** Whether all histograms are of one kind of schema; warns of gauges among counters. */
function checkKinds(
  { isCounter }: RateKind,
  samples: readonly TimedHistogram[],
  series: RangeSeries,
  call: RangeCall,
): boolean {
  const isCustom = usesCustomBuckets(samples[0]!.histogram);
  for (const { histogram } of samples) {
    if (usesCustomBuckets(histogram) !== isCustom) {
      warnMixedSchemas(series, call);
      return false;
    }
    if (isCounter && histogram.counterReset === 'gauge') warnNotCounter(series, call);
  }
  return true;
}

interface Edges {
  readonly left: FloatHistogram;
  readonly right: FloatHistogram;
}

function edgeHistograms(
  { isCounter }: RateKind,
  samples: readonly TimedHistogram[],
  { begin, end, isSmoothed }: { begin: number; end: number; isSmoothed: boolean },
  call: RangeCall,
): Edges {
  const reconciled = (operation: 'subtraction' | 'addition'): void =>
    infoReconciled(operation, call);
  const last = samples.length - 1;
  const at = (index: number, time: number): FloatHistogram =>
    interpolateHistograms(samples[index]!, samples[index + 1]!, time, isCounter, reconciled);
  const left = isSmoothed && samples[0]!.timestamp < begin ? at(0, begin) : samples[0]!.histogram;
  const right =
    isSmoothed && last > 0 && samples[last]!.timestamp > end
      ? at(last - 1, end)
      : samples[last]!.histogram;
  return { left, right };
}

/** The sum of the histograms before each reset between the edges; undefined without a reset. */
function lostInResets(
  samples: readonly TimedHistogram[],
  { left, right }: Edges,
  { begin, isSmoothed }: { begin: number; isSmoothed: boolean },
  call: RangeCall,
): FloatHistogram | undefined {
  let before = left;
  let from = 1;
  const second = samples[1]?.histogram;
  if (
    isSmoothed &&
    second !== undefined &&
    samples[0]!.timestamp < begin &&
    isHistogramReset(second, samples[0]!.histogram)
  ) {
    // The left edge was taken from the line that leads up to the second sample already.
    before = second;
    from = 2;
  }
  if (from > samples.length - 1) return undefined;
  let lost: HistogramAccumulator | undefined;
  const add = (histogram: FloatHistogram): void => {
    if (lost === undefined) lost = new HistogramAccumulator(histogram);
    else lost.add(histogram);
  };
  for (const { histogram } of samples.slice(from, -1)) {
    if (isHistogramReset(histogram, before)) add(before);
    before = histogram;
  }
  if (isHistogramReset(right, before)) add(before);
  if (lost?.boundsReconciled === true) infoReconciled('addition', call);
  return lost?.result();
}

import { compactHistogram, type FloatHistogram } from '../../../model/index.ts';
import { ABSENT, type SeriesColumn, setHistogram } from '../../exec/columns.ts';
import { HistogramAccumulator } from '../histogram/accumulator.ts';
import {
  addHistograms,
  divideHistogram,
  IncompatibleHistogramsError,
  scaleHistogram,
  subtractHistograms,
} from '../histogram/arithmetic.ts';
import { usesCustomBuckets } from '../histogram/bounds.ts';
import { isHistogramReset } from '../histogram/reset.ts';
import { extrapolationFactor, type RateKind } from './rate.ts';
import {
  type HistogramKernel,
  type RangeCall,
  type RangeSeries,
  type TimedHistogram,
  warnMixed,
} from './range-function.ts';
import { addOverlap, isResetBetween, type StartTimePair, startsOverlap } from './start-times.ts';
import { histogramsIn, ofHistogramsAlone, warnMixedSchemas } from './sum-histograms.ts';

/** rate, increase, delta of histograms; a window that has floats too is dropped. */
export function histogramRate(kind: RateKind): HistogramKernel {
  return ofHistogramsAlone((series, call, step, out) => rateStep(kind, series, call, step, out));
}

function rateStep(
  kind: RateKind,
  series: RangeSeries,
  call: RangeCall,
  step: number,
  out: SeriesColumn,
): void {
  const samples = histogramsIn(series, call, step);
  const first = samples[0]!;
  const last = samples[samples.length - 1]!;
  const begin = call.windows.begins[step]!;
  const startTime = kind.isCounter ? startTimeOf(first, call) : 0;
  const hasStart = startTime !== 0 && startTime > begin && startTime < first.timestamp;
  if (samples.length < 2 && !hasStart) return;
  let increase: FloatHistogram | undefined;
  if (samples.length > 1) {
    increase = histogramIncrease(kind, samples, series, call);
    if (increase === undefined) return;
  }
  const factor = extrapolationFactor(
    {
      begin,
      end: call.windows.ends[step]!,
      firstTime: first.timestamp,
      lastTime: last.timestamp,
      gaps: samples.length - 1,
      startTime: hasStart ? startTime : undefined,
    },
    zeroShare(kind, first.histogram, increase),
  );
  if (hasStart) {
    increase =
      increase === undefined
        ? first.histogram
        : { ...addHistograms(increase, first.histogram).histogram };
  }
  if (increase === undefined) return;
  const perSecond = kind.isRate ? call.windows.rangeMs / 1000 : 1;
  setHistogram(out, step, {
    ...scaleHistogram(increase, factor / perSecond),
    counterReset: 'gauge',
  });
}

/** Only the count tells how long before the first sample the histogram was empty. */
function zeroShare(
  { isCounter }: RateKind,
  first: FloatHistogram,
  increase: FloatHistogram | undefined,
): number | undefined {
  if (!isCounter || increase === undefined) return undefined;
  return increase.count > 0 && first.count >= 0 ? first.count / increase.count : undefined;
}

function startTimeOf({ startTime = 0 }: TimedHistogram, { usesStartTimes }: RangeCall): number {
  return usesStartTimes ? startTime : 0;
}

function pairOf(before: TimedHistogram, sample: TimedHistogram, call: RangeCall): StartTimePair {
  return {
    before: before.timestamp,
    startBefore: startTimeOf(before, call),
    time: sample.timestamp,
    start: startTimeOf(sample, call),
  };
}

function isReset(before: TimedHistogram, sample: TimedHistogram, call: RangeCall): boolean {
  return (
    isResetBetween(pairOf(before, sample, call)) ||
    isHistogramReset(sample.histogram, before.histogram)
  );
}

/**
 * The difference of the last and the first histogram, with what resets took away added back; a
 * gauge. Undefined, with a warning, where exponential and custom buckets are mixed.
 */
function histogramIncrease(
  { isCounter }: RateKind,
  samples: readonly TimedHistogram[],
  series: RangeSeries,
  call: RangeCall,
): FloatHistogram | undefined {
  const first = samples[0]!;
  const last = samples[samples.length - 1]!;
  warnOfKinds(isCounter, samples, series, call);
  // What the first sample holds counts for nothing when the second begins anew.
  const startsAnew = isCounter && isReset(first, samples[1]!, call);
  const considered = startsAnew ? samples.slice(1) : samples;
  const isCustom = usesCustomBuckets(considered[0]!.histogram);
  const inner = isCounter ? considered : [considered[0]!, last];
  if (inner.some(({ histogram }) => usesCustomBuckets(histogram) !== isCustom)) {
    warnMixedSchemas(series, call);
    return undefined;
  }
  const total = new HistogramAccumulator(last.histogram);
  total.counterReset = 'gauge';
  let reconciledBySum = false;
  if (!startsAnew) total.add(first.histogram, -1);
  const reconciledByDifference = total.boundsReconciled;
  if (isCounter) {
    total.boundsReconciled = false;
    for (let index = startsAnew ? 2 : 1; index < samples.length; index++) {
      const before = samples[index - 1]!;
      if (isReset(before, samples[index]!, call)) total.add(before.histogram);
    }
    reconciledBySum = total.boundsReconciled;
    warnOverlap(samples, series, call);
  }
  if (reconciledByDifference) infoReconciled('subtraction', call);
  if (reconciledBySum) infoReconciled('addition', call);
  for (const { histogram } of isCounter ? considered : []) total.reduceTo(histogram.schema);
  return compactHistogram(total.result());
}

export function infoReconciled(operation: string, { annotations, span }: RangeCall): void {
  annotations.info(`mismatched custom buckets were reconciled during ${operation}`, span);
}

function warnOfKinds(
  isCounter: boolean,
  samples: readonly TimedHistogram[],
  series: RangeSeries,
  call: RangeCall,
): void {
  const isGauge = ({ histogram }: TimedHistogram): boolean => histogram.counterReset === 'gauge';
  if (isCounter) {
    if (samples.some(isGauge)) warnNotCounter(series, call);
  } else if (!isGauge(samples[0]!) || !isGauge(samples[samples.length - 1]!)) {
    warnNotGauge(series, call);
  }
}

export function warnNotCounter(
  { metricName }: RangeSeries,
  { annotations, span }: RangeCall,
): void {
  annotations.warn(
    `this native histogram metric is not a counter: ${JSON.stringify(metricName)}`,
    span,
  );
}

export function warnNotGauge({ metricName }: RangeSeries, { annotations, span }: RangeCall): void {
  annotations.warn(
    `this native histogram metric is not a gauge: ${JSON.stringify(metricName)}`,
    span,
  );
}

function warnOverlap(
  samples: readonly TimedHistogram[],
  series: RangeSeries,
  call: RangeCall,
): void {
  if (!call.usesStartTimes) return;
  const overlaps = samples.some(
    (sample, index) => index > 0 && startsOverlap(pairOf(samples[index - 1]!, sample, call)),
  );
  if (overlaps) addOverlap(series, call, 1);
}

/** irate and idelta of windows with histograms: from the last two samples, of one kind. */
export function histogramInstantRate(isRate: boolean): HistogramKernel {
  return (series, call, step, out) => {
    const samples = histogramsIn(series, call, step);
    const last = samples[samples.length - 1]!;
    const before = samples[samples.length - 2];
    const { windows } = call;
    const newest = windows.floatTo[step]! - 1;
    const hasFloat = newest >= windows.floatFrom[step]!;
    const floatTime = hasFloat ? series.times[newest]! : -Infinity;
    const earlierFloat =
      newest - 1 >= windows.floatFrom[step]! ? series.times[newest - 1]! : -Infinity;
    // Two floats after all histograms: the float kernel has the answer.
    if (earlierFloat > last.timestamp) return;
    out.present[step] = ABSENT;
    if (before === undefined && !hasFloat) return;
    if (before === undefined || floatTime > before.timestamp) {
      warnMixed(series, call);
      return;
    }
    instantStep(isRate, { before, last, series, call, step }, out);
  };
}

function instantStep(
  isRate: boolean,
  pair: {
    readonly before: TimedHistogram;
    readonly last: TimedHistogram;
    readonly series: RangeSeries;
    readonly call: RangeCall;
    readonly step: number;
  },
  out: SeriesColumn,
): void {
  const { before, last, series, call, step } = pair;
  const seconds = (last.timestamp - before.timestamp) / 1000;
  if (seconds === 0) return;
  const gauges = [before, last].filter(({ histogram }) => histogram.counterReset === 'gauge');
  if (isRate && gauges.length > 0) warnNotCounter(series, call);
  if (!isRate && gauges.length < 2) warnNotGauge(series, call);
  let result = last.histogram;
  if (!isRate || !isReset(before, last, call)) {
    try {
      const { histogram, boundsReconciled } = subtractHistograms(result, before.histogram);
      if (boundsReconciled) infoReconciled('subtraction', call);
      result = histogram;
    } catch (error) {
      if (!(error instanceof IncompatibleHistogramsError)) throw error;
      warnMixedSchemas(series, call);
      return;
    }
  }
  result = { ...compactHistogram(result), counterReset: 'gauge' };
  setHistogram(out, step, isRate ? divideHistogram(result, seconds) : result);
}

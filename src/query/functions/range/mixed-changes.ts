import type { FloatHistogram } from '../../../model/index.ts';
import { ABSENT, setFloat } from '../../exec/columns.ts';
import { equalHistograms } from '../histogram/arithmetic.ts';
import { isHistogramReset as isResetOf } from '../histogram/reset.ts';
import type { HistogramKernel, RangeCall, RangeSeries } from './range-function.ts';
import { isResetBetween } from './start-times.ts';

/** One sample of either kind. */
interface MixedSample {
  readonly time: number;
  readonly startTime: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

type BetweenMixed = (before: MixedSample, sample: MixedSample) => boolean;

/** A change of kind counts, whatever the values. */
export const isHistogramChange: BetweenMixed = (before, sample) => {
  if (before.histogram !== undefined && sample.histogram !== undefined) {
    return !equalHistograms(sample.histogram, before.histogram);
  }
  if (before.histogram !== sample.histogram) return true;
  const bothNan = sample.value !== sample.value && before.value !== before.value;
  return sample.value !== before.value && !bothNan;
};

export const isHistogramReset: BetweenMixed = (before, sample) => {
  const isKnown = isResetBetween({
    before: before.time,
    startBefore: before.startTime,
    time: sample.time,
    start: sample.startTime,
  });
  if (before.histogram !== undefined && sample.histogram !== undefined) {
    return isKnown || isResetOf(sample.histogram, before.histogram);
  }
  if (before.histogram !== sample.histogram) return true;
  return isKnown || sample.value < before.value;
};

/** The samples of a window, floats and histograms in order of time. */
function windowSamples(
  series: RangeSeries,
  { windows, usesStartTimes }: RangeCall,
  step: number,
): MixedSample[] {
  const samples: MixedSample[] = [];
  for (let index = windows.floatFrom[step]!; index < windows.floatTo[step]!; index++) {
    samples.push({
      time: series.times[index]!,
      startTime: series.startTimes?.[index] ?? 0,
      value: series.values[index]!,
      histogram: undefined,
    });
  }
  const from = windows.histogramFrom[step];
  for (const sample of series.histograms.slice(from, windows.histogramTo[step])) {
    samples.push({
      time: sample.timestamp,
      startTime: usesStartTimes ? (sample.startTime ?? 0) : 0,
      value: 0,
      histogram: sample.histogram,
    });
  }
  return samples.sort((a, b) => a.time - b.time);
}

function countIn(samples: readonly MixedSample[], between: BetweenMixed): number {
  let count = 0;
  for (let index = 1; index < samples.length; index++) {
    if (between(samples[index - 1]!, samples[index]!)) count++;
  }
  return count;
}

/** changes and resets of windows with histograms. */
export function mixedCount(between: BetweenMixed): HistogramKernel {
  return (series, call, step, out) => {
    setFloat(out, step, countIn(windowSamples(series, call, step), between));
  };
}

/** The same over an anchored range: from the last sample at its begin or before. */
export function anchoredMixedCount(between: BetweenMixed): HistogramKernel {
  return (series, call, step, out) => {
    const samples = windowSamples(series, call, step);
    const begin = call.windows.begins[step]!;
    const inside = samples.findIndex(({ time }) => time > begin);
    if (inside < 0) out.present[step] = ABSENT;
    else setFloat(out, step, countIn(samples.slice(Math.max(0, inside - 1)), between));
  };
}

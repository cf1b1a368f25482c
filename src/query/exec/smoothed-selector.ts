import { IncompatibleHistogramsError } from '../functions/histogram/arithmetic.ts';
import { usesCustomBuckets } from '../functions/histogram/bounds.ts';
import { interpolateHistograms } from '../functions/histogram/interpolate.ts';
import { interpolateBetween } from '../functions/range/extended.ts';
import type { RangeSeries, TimedHistogram } from '../functions/range/range-function.ts';
import {
  type Grid,
  isPopulated,
  type SeriesColumn,
  setFloat,
  setHistogram,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { heldColumn } from './held-column.ts';
import type { SelectorNode } from './plan.ts';
import { storageSource } from './range-source.ts';
import { fillWindows, makeWindows } from './windows.ts';

/** `v smoothed`: at each step the value on the line between the samples around it. */
export function evaluateSmoothed(
  node: SelectorNode,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  const { lookbackMs, guard } = context;
  const source = storageSource(node, context, false);
  // A range of nothing, extended by the lookback to both sides.
  const windows = makeWindows({ rangeMs: 0, selector: node, kind: 'matrix' }, grid);
  const series: SeriesColumn[] = [];
  for (let index = 0; index < source.count; index++) {
    guard.tick(grid.count);
    const samples = source.read(index);
    const found = fillWindows(windows, samples, 'smoothed', lookbackMs);
    if (found === 0) continue;
    guard.queryableSamples += found;
    guard.stepCounts?.addWindows(grid, windows);
    const column = heldColumn(guard, source.labels(index), grid.count);
    for (let step = 0; step < grid.count; step++) {
      const floats = { from: windows.floatFrom[step]!, to: windows.floatTo[step]! };
      const histograms = samples.histograms.slice(
        windows.histogramFrom[step],
        windows.histogramTo[step],
      );
      const hasFloats = floats.to > floats.from;
      const time = windows.ends[step]!;
      if (hasFloats && histograms.length > 0) {
        context.annotations.warn(
          'encountered a mix of histograms and floats for metric name ' +
            JSON.stringify(samples.metricName),
          node.span,
        );
      } else if (hasFloats) {
        smoothFloat(samples, floats, time, step, column);
      } else if (histograms.length > 0) {
        smoothHistogram(
          histograms,
          { node, time, step, metricName: samples.metricName },
          column,
          context,
        );
      }
    }
    if (!isPopulated(column)) continue;
    guard.hold(grid.count);
    series.push(column);
  }
  return vectorOf(series);
}

function smoothFloat(
  series: RangeSeries,
  { from, to }: { from: number; to: number },
  time: number,
  step: number,
  into: SeriesColumn,
): void {
  let next = from;
  while (next < to && series.times[next]! < time) next++;
  if (next < to && series.times[next] === time) setFloat(into, step, series.values[next]!);
  else if (next === from) return;
  else if (next === to) setFloat(into, step, series.values[to - 1]!);
  else setFloat(into, step, interpolateBetween(series, next - 1, time, false));
}

function smoothHistogram(
  samples: readonly TimedHistogram[],
  place: {
    readonly node: SelectorNode;
    readonly time: number;
    readonly step: number;
    readonly metricName: string;
  },
  into: SeriesColumn,
  { annotations }: EvalContext,
): void {
  const { node, time, step, metricName } = place;
  const found = samples.findIndex(({ timestamp }) => timestamp >= time);
  const after = samples[found];
  const before = samples[found < 0 ? samples.length - 1 : found - 1];
  if (after?.timestamp === time) {
    setHistogram(into, step, after.histogram);
    return;
  }
  if (before === undefined) return;
  if (after === undefined) {
    setHistogram(into, step, { ...before.histogram, counterReset: 'unknown' });
    return;
  }
  const warnMixed = (): void =>
    annotations.warn(
      'vector contains a mix of histograms with exponential and custom buckets schemas for ' +
        `metric name ${JSON.stringify(metricName)}`,
      node.span,
    );
  if (usesCustomBuckets(before.histogram) !== usesCustomBuckets(after.histogram)) {
    warnMixed();
    return;
  }
  const isGauge =
    before.histogram.counterReset === 'gauge' && after.histogram.counterReset === 'gauge';
  try {
    const histogram = interpolateHistograms(before, after, time, !isGauge, (operation) =>
      annotations.info(`mismatched custom buckets were reconciled during ${operation}`, node.span),
    );
    setHistogram(into, step, histogram);
  } catch (error) {
    if (!(error instanceof IncompatibleHistogramsError)) throw error;
    warnMixed();
  }
}

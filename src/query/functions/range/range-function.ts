import type { FloatHistogram } from '../../../model/index.ts';
import type { Annotations } from '../../annotations.ts';
import type { Span } from '../../ast.ts';
import type { SeriesColumn } from '../../exec/columns.ts';
import type { WindowEdges } from './window-edges.ts';

export interface TimedHistogram {
  readonly timestamp: number;
  readonly histogram: FloatHistogram;
  readonly startTime?: number;
}

/** The samples of one series, without staleness markers; filled anew for each series. */
export interface RangeSeries {
  /** '' where there is none. Looked up when asked for: annotations alone need it. */
  readonly metricName: string;
  times: Float64Array;
  values: Float64Array;
  /** Floats held; the arrays may be longer. */
  length: number;
  /** No float is below the one before it, and none is NaN; undefined where not known. */
  onlyRises?: boolean | undefined;
  /** Start timestamps of the floats, 0 for unknown; undefined where none is to be used. */
  startTimes: Float64Array | undefined;
  histograms: readonly TimedHistogram[];
}

/**
 * For each step the samples in its window: floats `[floatFrom, floatTo)`, histograms likewise.
 * A window is open on the left: its times lie in (begin, end].
 */
export interface RangeWindows {
  readonly count: number;
  readonly rangeMs: number;
  /** Of the range itself, also where the windows reach further for a lookback. */
  readonly begins: Float64Array;
  readonly ends: Float64Array;
  readonly floatFrom: Int32Array;
  readonly floatTo: Int32Array;
  readonly histogramFrom: Int32Array;
  readonly histogramTo: Int32Array;
  /** Goes up when floats have been found anew: series with the same times share their windows. */
  readonly fills: number;
  /** Kept by rates for as long as `fills` stays. */
  edges: WindowEdges | undefined;
}

/** One call of a range function: what all series share. */
export interface RangeCall {
  readonly windows: RangeWindows;
  /** Evaluation times in milliseconds. */
  readonly times: Float64Array;
  /** The scalar arguments in order, one value for each step. */
  readonly parameters: readonly Float64Array[];
  readonly annotations: Annotations;
  /** Of the first argument: where annotations point. */
  readonly span: Span;
  readonly extension: 'anchored' | 'smoothed' | undefined;
  /** Start timestamps stored with samples are to be used. */
  readonly usesStartTimes: boolean;
  /** Told of work in long loops, so that a query can be stopped in the midst of them. */
  readonly guard: { tick(work: number): void };
}

/** Evaluates the floats of one series at all steps. Steps it does not write stay absent. */
export type FloatKernel = (series: RangeSeries, call: RangeCall, out: SeriesColumn) => void;

/**
 * Corrects one step whose window has histograms, after the float kernel ran: may replace what
 * that wrote, or drop it.
 */
export type HistogramKernel = (
  series: RangeSeries,
  call: RangeCall,
  step: number,
  out: SeriesColumn,
) => void;

export interface RangeFunction {
  readonly floats: FloatKernel;
  readonly histograms: HistogramKernel;
  /** The result is of the same metric: the name stays. */
  readonly keepsName?: boolean;
  /** For `anchored` and `smoothed` ranges, where the function allows them. */
  readonly anchored?: Pick<RangeFunction, 'floats' | 'histograms'>;
  readonly smoothed?: Pick<RangeFunction, 'floats' | 'histograms'>;
}

/** Tells that floats and histograms met in a window where a function cannot take both. */
export function warnMixed(series: RangeSeries, call: RangeCall): void {
  call.annotations.warn(
    `encountered a mix of histograms and floats for metric name ${JSON.stringify(series.metricName)}`,
    call.span,
  );
}

/** Tells that a function looked at the floats of a window only. */
function infoIgnored(series: RangeSeries, call: RangeCall): void {
  call.annotations.info(
    'ignored histograms in a range containing both floats and histograms for metric name ' +
      JSON.stringify(series.metricName),
    call.span,
  );
}

/** Floats in the window of a step. */
export function floatCount({ windows }: RangeCall, step: number): number {
  return windows.floatTo[step]! - windows.floatFrom[step]!;
}

/** For functions of floats alone: histograms are passed over, with an info where floats are too. */
export function ignoreHistograms(atLeast = 1): HistogramKernel {
  return (series, call, step) => {
    if (floatCount(call, step) >= atLeast) infoIgnored(series, call);
  };
}

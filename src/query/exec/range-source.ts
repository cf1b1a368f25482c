import {
  BorrowedSamples,
  isStaleAt,
  type Labels,
  METRIC_NAME,
  type SampleColumns,
} from '../../model/index.ts';
import type { HistogramSample, SeriesSet } from '../../storage/api.ts';
import type { RangeSeries, TimedHistogram } from '../functions/range/range-function.ts';
import { FLOAT, type Grid, HISTOGRAM, type SeriesColumn, vectorOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import { withoutBuckets } from './histogram-stats.ts';
import type { MatrixNode, SelectorNode, SubqueryNode } from './plan.ts';
import { subqueryGrid } from './subquery-grid.ts';

/** Series of samples for range functions. What `read` returns is valid until its next call. */
export interface RangeSource {
  readonly count: number;
  labels(index: number): Labels;
  metricName(index: number): string;
  /** The stored series, where there are such. */
  readonly stored: SeriesSet | undefined;
  /** As of a vector. */
  readonly isDistinct: boolean;
  dropName(index: number): boolean;
  read(index: number): RangeSeries;
}

const NO_HISTOGRAMS: readonly TimedHistogram[] = [];

class SourceSeries implements RangeSeries {
  times: Float64Array = new Float64Array(0);
  values: Float64Array = new Float64Array(0);
  length = 0;
  onlyRises: boolean | undefined = undefined;
  startTimes: Float64Array | undefined = undefined;
  histograms: readonly TimedHistogram[] = NO_HISTOGRAMS;
  /** Which of the source. */
  index = 0;
  readonly #nameOf: (index: number) => string;

  constructor(nameOf: (index: number) => string) {
    this.#nameOf = nameOf;
  }

  get metricName(): string {
    return this.#nameOf(this.index);
  }
}

function metricNameOf(set: SeriesSet, index: number): string {
  return set.metricName?.(index) ?? set.labels(index).metricName;
}

/** The stored samples a range selector selects, staleness markers left out. */
export function storageSource(
  node: MatrixNode | SelectorNode,
  context: EvalContext,
  usesStartTimes: boolean,
): RangeSource {
  const { guard } = context;
  const { statsOnly } = node.kind === 'matrix' ? node.selector : node;
  const set = context.seriesOf(node);
  const columns = new BorrowedSamples();
  const { matchers } = node.kind === 'matrix' ? node.selector : node;
  const named = matchers.find(({ type, name }) => type === '=' && name === METRIC_NAME)?.value;
  const metricName = (index: number): string => named ?? metricNameOf(set, index);
  const series = new SourceSeries(metricName);
  guard.seriesRead += set.length;
  return {
    count: set.length,
    stored: set,
    isDistinct: true,
    labels: (index) => set.labels(index),
    metricName,
    dropName: () => false,
    read(index) {
      columns.reset();
      set.samples(index, columns);
      guard.samplesRead += columns.length;
      series.index = index;
      series.startTimes = usesStartTimes ? set.startTimes?.(index) : undefined;
      takeFloats(columns, series);
      series.histograms = liveHistograms(set, index, statsOnly);
      return series;
    },
  };
}

/** Moves samples over staleness markers, in place. */
function takeFloats(columns: SampleColumns, series: SourceSeries): void {
  const { timestamps, values, words, length } = columns;
  // Fast path: most counters. Where each value is at least the one before, none is NaN.
  const rises = onlyRises(values, length);
  series.onlyRises = rises ? true : undefined;
  let kept = rises ? length : 0;
  while (kept < length && !isStaleAt(words, kept)) kept++;
  if (kept < length) {
    const starts = series.startTimes?.slice();
    for (let index = kept + 1; index < length; index++) {
      if (isStaleAt(words, index)) continue;
      timestamps[kept] = timestamps[index]!;
      values[kept] = values[index]!;
      if (starts !== undefined) starts[kept] = starts[index]!;
      kept++;
    }
    series.startTimes = starts;
  }
  series.times = timestamps;
  series.values = values;
  series.length = kept;
}

function onlyRises(values: Float64Array, length: number): boolean {
  if (length < 2) return false;
  for (let index = 1; index < length; index++) {
    if (!(values[index]! >= values[index - 1]!)) return false;
  }
  return true;
}

function liveHistograms(
  set: SeriesSet,
  index: number,
  statsOnly: boolean,
): readonly TimedHistogram[] {
  const all = set.histograms(index);
  if (all.length === 0) return NO_HISTOGRAMS;
  return (statsOnly ? withoutBuckets(all) : all).filter(
    (sample): sample is HistogramSample & TimedHistogram => sample.histogram !== undefined,
  );
}

/** What a subquery's inner expression gives at its steps, as samples. */
export function subquerySource(node: SubqueryNode, outer: Grid, context: EvalContext): RangeSource {
  const grid = subqueryGrid(node, outer);
  const { series: inner, isDistinct = false } =
    grid.count === 0 ? vectorOf([]) : context.evaluateVector(node.expr, grid);
  const metricName = (index: number): string => inner[index]!.labels.metricName;
  const series = new SourceSeries(metricName);
  context.guard.memory.hold('windows', 2 * Float64Array.BYTES_PER_ELEMENT * grid.count);
  series.times = new Float64Array(grid.count);
  series.values = new Float64Array(grid.count);
  return {
    count: inner.length,
    stored: undefined,
    isDistinct,
    labels: (index) => inner[index]!.labels,
    metricName,
    dropName: (index) => inner[index]!.dropName,
    read(index) {
      series.index = index;
      samplesOf(inner[index]!, grid, series);
      return series;
    },
  };
}

function samplesOf(column: SeriesColumn, grid: Grid, series: SourceSeries): void {
  const { present, values } = column;
  series.histograms = NO_HISTOGRAMS;
  let length = 0;
  for (let step = 0; step < grid.count; step++) {
    if (present[step] !== FLOAT) continue;
    series.times[length] = grid.startMs + step * grid.stepMs;
    series.values[length++] = values[step]!;
  }
  series.length = length;
  if (column.histograms !== undefined) series.histograms = histogramsOf(column, grid);
}

function histogramsOf({ present, histograms }: SeriesColumn, grid: Grid): TimedHistogram[] {
  const samples: TimedHistogram[] = [];
  for (let step = 0; step < grid.count; step++) {
    const histogram = present[step] === HISTOGRAM ? histograms?.[step] : undefined;
    if (histogram === undefined) continue;
    // Steps are no longer neighbours as stored samples are: what the hint says may not hold.
    const isKnown = histogram.counterReset === 'reset' || histogram.counterReset === 'not_reset';
    samples.push({
      timestamp: grid.startMs + step * grid.stepMs,
      histogram: isKnown ? { ...histogram, counterReset: 'unknown' } : histogram,
    });
  }
  return samples;
}

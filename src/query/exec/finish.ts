import type { HistogramPoint, MatrixSeries, QueryValue, VectorElement } from '../result.ts';
import {
  type ColumnValue,
  FLOAT,
  type Grid,
  histogramAt,
  isPopulated,
  type SeriesColumn,
} from './columns.ts';
import { withoutMetadata } from './matching.ts';
import { mergeEqualLabels } from './merge.ts';

/** Removes the names that are to go, and joins the series that are then the same. */
export function finishSeries(series: readonly SeriesColumn[]): SeriesColumn[] {
  const kept = series.filter(isPopulated);
  for (const column of kept) {
    if (!column.dropName) continue;
    column.labels = withoutMetadata(column.labels);
    column.dropName = false;
  }
  return mergeEqualLabels(kept);
}

/** The value of an instant query: that of the grid's only step. */
export function instantValue(value: ColumnValue, timestamp: number): QueryValue {
  if (value.kind === 'string') return { kind: 'string', timestamp, value: value.value };
  if (value.kind === 'scalar') return { kind: 'scalar', timestamp, value: value.values[0]! };
  const elements = finishSeries(value.series).map(
    (column): VectorElement => ({
      labels: column.labels,
      value: column.values[0]!,
      histogram: histogramAt(column, 0),
    }),
  );
  return { kind: 'vector', timestamp, elements };
}

/** The series of a range query, ordered by labels. */
export function rangeValue(series: readonly SeriesColumn[], grid: Grid): QueryValue {
  const times = Float64Array.from(
    { length: grid.count },
    (_, step) => grid.startMs + step * grid.stepMs,
  );
  const finished = finishSeries(series).map((column) => pointsOf(column, times));
  return { kind: 'matrix', series: sortSeries(finished) };
}

export function sortSeries(series: MatrixSeries[]): MatrixSeries[] {
  return series.sort((a, b) => a.labels.compare(b.labels));
}

function pointsOf(column: SeriesColumn, times: Float64Array): MatrixSeries {
  const { labels, values, present } = column;
  let floats = 0;
  for (const state of present) if (state === FLOAT) floats++;
  const histograms = column.histograms === undefined ? [] : histogramPoints(column, times);
  // Fast path: a sample at every step.
  if (floats === times.length) return { labels, timestamps: times, values, histograms };
  const timestamps = new Float64Array(floats);
  const kept = new Float64Array(floats);
  let next = 0;
  for (let step = 0; step < times.length; step++) {
    if (present[step] !== FLOAT) continue;
    timestamps[next] = times[step]!;
    kept[next++] = values[step]!;
  }
  return { labels, timestamps, values: kept, histograms };
}

function histogramPoints(column: SeriesColumn, times: Float64Array): HistogramPoint[] {
  const points: HistogramPoint[] = [];
  for (let step = 0; step < times.length; step++) {
    const histogram = histogramAt(column, step);
    if (histogram !== undefined) points.push({ timestamp: times[step]!, histogram });
  }
  return points;
}

import type { HistogramPoint, MatrixSeries, QueryValue, VectorElement } from '../result.ts';
import {
  type ColumnValue,
  FLOAT,
  type Grid,
  histogramAt,
  isPopulated,
  type SeriesColumn,
  type VectorValue,
} from './columns.ts';
import { withoutMetadata } from './matching.ts';
import type { MemoryMeter } from './memory.ts';
import { mergeEqualLabels } from './merge.ts';

/** Removes the names that are to go, and joins the series that are then the same. */
function finishSeries({ series, isDistinct = false }: Finished): SeriesColumn[] {
  const kept = series.filter(isPopulated);
  const dropped = dropNames(kept);
  return isDistinct && !dropped.mayMerge ? kept : mergeEqualLabels(kept);
}

type Finished = Pick<VectorValue, 'series' | 'isDistinct'>;

/** Tells whether series that were different may be the same now. */
function dropNames(series: readonly SeriesColumn[]): { readonly mayMerge: boolean } {
  let metricName: string | undefined;
  let count = 0;
  let isOneName = true;
  for (const column of series) {
    if (!column.dropName) continue;
    const { labels } = column;
    metricName ??= labels.metricName;
    column.labels = withoutMetadata(labels);
    column.dropName = false;
    count++;
    // What is left of series of one metric differs, unless they lose more than its name.
    isOneName &&= labels.metricName === metricName && labels.size - column.labels.size === 1;
  }
  return { mayMerge: count > 0 && !(isOneName && count === series.length) };
}

/** The value of an instant query: that of the grid's only step. */
export function instantValue(value: ColumnValue, timestamp: number): QueryValue {
  if (value.kind === 'string') return { kind: 'string', timestamp, value: value.value };
  if (value.kind === 'scalar') return { kind: 'scalar', timestamp, value: value.values[0]! };
  const elements = finishSeries(value).map(
    (column): VectorElement => ({
      labels: column.labels,
      value: column.values[0]!,
      histogram: histogramAt(column, 0),
    }),
  );
  return { kind: 'vector', timestamp, elements };
}

/** The series of a range query, ordered by labels. */
export function rangeValue(vector: Finished, grid: Grid, memory: MemoryMeter): QueryValue {
  const times = Float64Array.from(
    { length: grid.count },
    (_, step) => grid.startMs + step * grid.stepMs,
  );
  const finished = finishSeries(vector).map((column) => pointsOf(column, times, memory));
  return { kind: 'matrix', series: sortSeries(finished) };
}

export function sortSeries(series: MatrixSeries[]): MatrixSeries[] {
  return series.sort((a, b) => a.labels.compare(b.labels));
}

function pointsOf(column: SeriesColumn, times: Float64Array, memory: MemoryMeter): MatrixSeries {
  const { labels, values, present } = column;
  let floats = 0;
  for (let step = 0; step < present.length; step++) if (present[step] === FLOAT) floats++;
  const histograms = column.histograms === undefined ? [] : histogramPoints(column, times);
  // Fast path: a sample at every step.
  if (floats === times.length) return { labels, timestamps: times, values, histograms };
  memory.hold('answer', 2 * Float64Array.BYTES_PER_ELEMENT * floats);
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

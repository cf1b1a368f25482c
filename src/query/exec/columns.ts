import type { FloatHistogram, Labels } from '../../model/index.ts';

/** The evaluation times of a node: `startMs`, `startMs + stepMs`, … */
export interface Grid {
  readonly startMs: number;
  /** At least 1, also where there is one step only. */
  readonly stepMs: number;
  readonly count: number;
}

/** What a series has at a step: the values of `SeriesColumn.present`. */
export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/**
 * One series over all steps of a grid. Owned by whoever holds the vector it is part of: an
 * operator may write into the columns of its operands and pass them on.
 */
export interface SeriesColumn {
  labels: Labels;
  /** Remove the metric name and its metadata labels at the very end (delayed name removal). */
  dropName: boolean;
  /** One for each step; meaningless where `present` is not `FLOAT`. */
  readonly values: Float64Array;
  /** `ABSENT`, `FLOAT` or `HISTOGRAM` for each step. */
  readonly present: Uint8Array;
  /** Set where `present` is `HISTOGRAM`; undefined while the series has no histogram at all. */
  histograms: (FloatHistogram | undefined)[] | undefined;
  /** Set by those who have just given every step a float. Only a sink may rely on it. */
  isFull: boolean;
}

/** An instant vector over all steps of a grid. */
export interface VectorValue {
  readonly kind: 'vector';
  readonly series: SeriesColumn[];
  /** No two series have the same labels, metric names included. */
  readonly isDistinct?: boolean;
}

/** A scalar at each step of a grid. */
export interface ScalarValue {
  readonly kind: 'scalar';
  readonly values: Float64Array;
}

export interface StringValue {
  readonly kind: 'string';
  readonly value: string;
}

export type ColumnValue = VectorValue | ScalarValue | StringValue;

/** A column without any sample. */
export function emptyColumn(labels: Labels, steps: number, dropName = false): SeriesColumn {
  return {
    labels,
    dropName,
    values: new Float64Array(steps),
    present: new Uint8Array(steps),
    histograms: undefined,
    isFull: false,
  };
}

export function vectorOf(series: SeriesColumn[]): VectorValue {
  return { kind: 'vector', series };
}

export function setFloat(column: SeriesColumn, step: number, value: number): void {
  column.values[step] = value;
  column.present[step] = FLOAT;
}

export function setHistogram(column: SeriesColumn, step: number, histogram: FloatHistogram): void {
  column.histograms ??= [];
  column.histograms[step] = histogram;
  column.present[step] = HISTOGRAM;
}

/** The histogram at a step, undefined unless `present` says there is one. */
export function histogramAt(column: SeriesColumn, step: number): FloatHistogram | undefined {
  return column.present[step] === HISTOGRAM ? column.histograms?.[step] : undefined;
}

/** Copies whatever `source` has at `step` into the same step of `into`. */
export function copySample(source: SeriesColumn, into: SeriesColumn, step: number): void {
  const histogram = histogramAt(source, step);
  if (histogram === undefined) setFloat(into, step, source.values[step]!);
  else setHistogram(into, step, histogram);
}

/** Whether the column has a sample at any step. */
export function isPopulated({ present }: SeriesColumn): boolean {
  for (let step = 0; step < present.length; step++) if (present[step] !== ABSENT) return true;
  return false;
}

/** Repeats step 0 of a value that does not change with time over `count` steps. */
export function broadcast(value: ColumnValue, count: number): ColumnValue {
  if (value.kind === 'string') return value;
  if (value.kind === 'scalar') {
    return { kind: 'scalar', values: new Float64Array(count).fill(value.values[0]!) };
  }
  return vectorOf(value.series.map((column) => broadcastColumn(column, count)));
}

function broadcastColumn(column: SeriesColumn, count: number): SeriesColumn {
  const wide = emptyColumn(column.labels, count, column.dropName);
  wide.values.fill(column.values[0]!);
  wide.present.fill(column.present[0]!);
  const histogram = histogramAt(column, 0);
  if (histogram !== undefined) {
    wide.histograms = Array.from({ length: count }, () => histogram);
  }
  return wide;
}

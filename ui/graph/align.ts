import type { MatrixEntry } from '../api/prometheus.ts';
import { parseValue } from '../format/value.ts';
import type { ResolvedRange } from '../state/time-range.ts';

/** A column of a graph; null where the series has no drawable sample. */
export type Column = (number | null)[];

/** A matrix on one grid of times. */
export interface Aligned {
  /** Unix seconds, ascending, `step` apart. */
  times: number[];
  /** One column per series, each as long as `times`. */
  columns: Column[];
}

/**
 * Lays series on the grid of their range. A step without a sample stays null, so that a gap is
 * drawn as a gap; NaN and infinities have no height and are null too.
 */
export function alignMatrix(series: readonly MatrixEntry[], range: ResolvedRange): Aligned {
  const count = Math.floor((range.end - range.start) / range.step + 1e-9) + 1;
  const times = Array.from({ length: Math.max(count, 0) }, (_, i) => range.start + i * range.step);
  const columns = series.map((entry) => alignOne(entry, range, times.length));
  return { times, columns };
}

function alignOne(entry: MatrixEntry, range: ResolvedRange, length: number): Column {
  const column: Column = new Array<number | null>(length).fill(null);
  for (const [time, text] of entry.values ?? []) {
    const index = Math.round((time - range.start) / range.step);
    const value = parseValue(text);
    if (index >= 0 && index < length && Number.isFinite(value)) column[index] = value;
  }
  return column;
}

/** Indices of samples without a neighbour: a line through one point is invisible. */
export function isolatedPoints(column: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  for (let i = 0; i < column.length; i++) {
    if (column[i] == null || column[i - 1] != null || column[i + 1] != null) continue;
    found.push(i);
  }
  return found;
}

/**
 * Adds each shown column to the ones before it. A missing sample adds nothing, and where nothing
 * at all is known the stack stays null. Hidden columns come back unchanged.
 */
export function stackColumns(columns: readonly Column[], isShown: (index: number) => boolean) {
  const length = columns[0]?.length ?? 0;
  const known = new Array<boolean>(length).fill(false);
  for (const [index, column] of columns.entries()) {
    if (isShown(index)) for (let i = 0; i < length; i++) if (column[i] != null) known[i] = true;
  }
  const sums = new Float64Array(length);
  return columns.map((column, index) => {
    if (!isShown(index)) return column;
    const stacked: Column = new Array<number | null>(length).fill(null);
    for (let i = 0; i < length; i++) {
      sums[i] = (sums[i] ?? 0) + (column[i] ?? 0);
      if (known[i] === true) stacked[i] = sums[i] ?? 0;
    }
    return stacked;
  });
}

/** Value at an index, or the last known value where no index is given. */
export function valueAt(column: Column | undefined, index: number | null): number | null {
  if (column === undefined) return null;
  if (index !== null) return column[index] ?? null;
  for (let i = column.length - 1; i >= 0; i--) {
    const value = column[i];
    if (value != null) return value;
  }
  return null;
}

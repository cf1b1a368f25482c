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
  const column: Column = Array.from({ length }, () => null);
  for (const [time, text] of entry.values ?? []) {
    const index = Math.round((time - range.start) / range.step);
    const value = parseValue(text);
    if (index >= 0 && index < length && Number.isFinite(value)) column[index] = value;
  }
  return column;
}

function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}

/** Indices of samples without a neighbour: a line through one point is invisible. */
export function isolatedPoints(column: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  for (let i = 0; i < column.length; i++) {
    const isAlone = !isKnown(column[i - 1]) && !isKnown(column[i + 1]);
    if (isAlone && isKnown(column[i])) found.push(i);
  }
  return found;
}

/**
 * Adds each shown column to the ones before it. A missing sample adds nothing, and where nothing
 * at all is known the stack stays null. Hidden columns come back unchanged.
 */
export function stackColumns(columns: readonly Column[], isShown: (index: number) => boolean) {
  const length = columns[0]?.length ?? 0;
  const known = new Uint8Array(length);
  for (const [index, column] of columns.entries()) {
    if (isShown(index)) for (let i = 0; i < length; i++) if (isKnown(column[i])) known[i] = 1;
  }
  const sums = new Float64Array(length);
  return columns.map((column, index) => {
    if (!isShown(index)) return column;
    const stacked: Column = Array.from({ length }, () => null);
    for (let i = 0; i < length; i++) {
      sums[i] = (sums[i] ?? 0) + (column[i] ?? 0);
      if (known[i] === 1) stacked[i] = sums[i] ?? 0;
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
    if (isKnown(value)) return value;
  }
  return null;
}

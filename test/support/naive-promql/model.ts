import type { FloatHistogram, Labels } from '../../../src/model/index.ts';
import type { NativeHistogram } from './native-histogram.ts';

/** A float, or a native histogram. */
export type NaiveValue = number | NativeHistogram;

/** One element of a vector at one time. */
export interface Element {
  readonly labels: Labels;
  readonly value: NaiveValue;
  /** The metric name goes once the whole query has been evaluated. */
  readonly dropName: boolean;
}

/** A sample within a window. */
export interface Point {
  readonly time: number;
  readonly value: NaiveValue;
}

/** What one series has in a window: at least one point. */
export interface PointSeries {
  readonly labels: Labels;
  readonly points: readonly Point[];
  readonly dropName: boolean;
}

/** A stored sample. */
export interface StoredSample {
  readonly timestamp: number;
  readonly value: number | 'stale' | FloatHistogram;
}

export interface StoredSeries {
  readonly labels: Labels;
  /** Ascending by time. */
  readonly samples: readonly StoredSample[];
}

/** The query fails, whatever the words. */
export class NaiveError extends Error {}

/** Two answers would be right, as among equal values in topk: nothing can be compared. */
export class Unspecified extends Error {}

export function isFloat(value: NaiveValue): value is number {
  return typeof value === 'number';
}

const METADATA = new Set(['__name__', '__type__', '__unit__']);

export function withoutName(labels: Labels): Labels {
  return labels.without(METADATA);
}

/** Elements by a key, in the order in which keys first come. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

/** A sum whose rounding errors are carried along (Kahan, Neumaier). */
export function exactSum(values: readonly number[]): number {
  let sum = 0;
  let rest = 0;
  for (const value of values) {
    const next = sum + value;
    if (!Number.isFinite(next)) rest = 0;
    else rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + rest;
}

/** Of no value NaN. */
export function mean(values: readonly number[]): number {
  return exactSum(values) / values.length;
}

/** By Welford's method. NaN where the numbers hold one that is not finite. */
export function variance(values: readonly number[]): number {
  let middle = 0;
  let squares = 0;
  for (const [index, value] of values.entries()) {
    const distance = value - middle;
    middle += distance / (index + 1);
    squares += distance * (value - middle);
  }
  return squares / values.length;
}

/** The quantile between ranks; NaN counts as the lowest value. At least one value. */
export function quantile(phi: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(phi)) return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  const sorted = values.toSorted((a, b) => {
    if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
    return Number.isNaN(b) ? 1 : a - b;
  });
  const rank = phi * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return sorted[lower]! * (1 - weight) + sorted[upper]! * weight;
}

/** The least or greatest of numbers; any is preferred to NaN. */
export function extreme(values: readonly number[], pick: 'min' | 'max'): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  if (numbers.length === 0) return NaN;
  return numbers.reduce((best, value) =>
    (pick === 'min' ? value < best : value > best) ? value : best,
  );
}

/** Whether a count has fallen. @throws Unspecified where rounding decides it */
export function hasFallen(before: number, now: number): boolean {
  refuseNear(before, now);
  return now < before;
}

/** Whether a value is another one than before; NaN is NaN. @throws Unspecified as `hasFallen` */
export function hasChanged(before: number, now: number): boolean {
  refuseNear(before, now);
  return before !== now && !(Number.isNaN(before) && Number.isNaN(now));
}

/** Of numbers equal but for rounding, which may be rounded otherwise elsewhere, nobody can tell. */
function refuseNear(before: number, now: number): void {
  const isNear = Math.abs(now - before) <= 1e-9 * Math.max(Math.abs(now), Math.abs(before));
  if (isNear && !(isExact(now) && isExact(before))) throw new Unspecified('equal but for rounding');
}

/** A number without rounding errors: a sample's, or a sum of such. */
export function isExact(value: number): boolean {
  return Number.isSafeInteger(value * 64);
}

import type { FloatHistogram } from '../../../src/model/index.ts';
import type { QueryValue } from '../../../src/query/index.ts';
import { type Element, isFloat, type NaiveValue } from './model.ts';
import { fromStored, type NativeHistogram } from './native-histogram.ts';

/** Answers by series and time: `{a="b"} @ 1700000000` and the value there. */
export type Answer = ReadonlyMap<string, NaiveValue>;

const RELATIVE = 1e-9;

function keyOf(labels: { readonly key: string; toString(): string }, time: number): string {
  return `${labels.toString()} @ ${time / 1000}`;
}

export function answerOfElements(
  steps: readonly (readonly [number, readonly Element[]])[],
): Answer {
  return new Map(
    steps.flatMap(([time, elements]) =>
      elements.map(({ labels, value }): [string, NaiveValue] => [keyOf(labels, time), value]),
    ),
  );
}

export function answerOfValue(value: QueryValue): Answer {
  const of = (number: number, histogram: FloatHistogram | undefined): NaiveValue =>
    histogram === undefined ? number : fromStored(histogram);
  switch (value.kind) {
    case 'vector':
      return new Map(
        value.elements.map(({ labels, value: number, histogram }) => [
          keyOf(labels, value.timestamp),
          of(number, histogram),
        ]),
      );
    case 'matrix':
      return new Map(
        value.series.flatMap(({ labels, timestamps, values, histograms }) => [
          ...[...timestamps].map((time, index): [string, NaiveValue] => [
            keyOf(labels, time),
            values[index]!,
          ]),
          ...histograms.map(({ timestamp, histogram }): [string, NaiveValue] => [
            keyOf(labels, timestamp),
            of(0, histogram),
          ]),
        ]),
      );
    case 'scalar':
      return new Map([[`{} @ ${value.timestamp / 1000}`, value.value]]);
    default:
      return new Map();
  }
}

/** What differs between two answers, at most a few lines; empty where nothing does. */
export function differences(want: Answer, got: Answer, relative = RELATIVE): string[] {
  const found: string[] = [];
  for (const [key, value] of want) {
    const other = got.get(key);
    if (other === undefined) found.push(`${key}: wanted ${show(value)}, nothing there`);
    else if (!sameValue(value, other, relative)) {
      found.push(`${key}: wanted ${show(value)}, got ${show(other)}`);
    }
  }
  for (const [key, value] of got) {
    if (!want.has(key)) found.push(`${key}: got ${show(value)}, wanted nothing`);
  }
  return found.slice(0, 5);
}

/** To 1e-9 (`relative`) of the larger of the two, or of 1: sums cancel. */
function sameNumber(a: number, b: number, relative = RELATIVE): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  return Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b), 1);
}

function sameValue(a: NaiveValue, b: NaiveValue, relative: number): boolean {
  if (isFloat(a) || isFloat(b)) return isFloat(a) && isFloat(b) && sameNumber(a, b, relative);
  return (
    a.schema === b.schema &&
    sameNumber(a.zeroThreshold, b.zeroThreshold) &&
    sameNumber(a.zeroCount, b.zeroCount) &&
    sameNumber(a.count, b.count) &&
    sameNumber(a.sum, b.sum) &&
    a.bounds.join() === b.bounds.join() &&
    sameBuckets(a.positive, b.positive) &&
    sameBuckets(a.negative, b.negative)
  );
}

function sameBuckets(a: NativeHistogram['positive'], b: NativeHistogram['positive']): boolean {
  const indices = new Set([...a.keys(), ...b.keys()]);
  return [...indices].every((index) => sameNumber(a.get(index) ?? 0, b.get(index) ?? 0));
}

function show(value: NaiveValue): string {
  if (isFloat(value)) return String(value);
  const { positive, negative, ...rest } = value;
  return JSON.stringify({ ...rest, positive: [...positive], negative: [...negative] });
}

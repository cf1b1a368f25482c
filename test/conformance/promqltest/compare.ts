import { ConformanceFailure } from '../area.ts';
import { almostEqual, histogramsMatch, showHistogram } from './compare-histograms.ts';
import type { Expectations, RangeTimes, TextExpectation } from './script.ts';
import type { ResultPoint, ResultSeries, ScriptResult, ScriptValue } from './script-engine.ts';
import type { Point, SeriesLine } from './series-notation.ts';

/** @throws ConformanceFailure unless the value is what the script expects. */
export function compareValue(
  { value }: ScriptResult,
  expected: Expectations,
  range: RangeTimes | undefined,
): void {
  switch (value.kind) {
    case 'scalar':
      if (expected.scalar === undefined) fail(showExpected(expected), `scalar ${value.value}`);
      if (!almostEqual(expected.scalar, value.value)) {
        fail(`scalar ${expected.scalar}`, `scalar ${value.value}`);
      }
      return;
    case 'string':
      if (expected.string !== value.value)
        fail(showExpected(expected), JSON.stringify(value.value));
      return;
    default:
      if (expected.scalar !== undefined || expected.string !== undefined) {
        fail(showExpected(expected), showValue(value));
      }
      compareSeries(value, expected, range);
  }
}

function compareSeries(
  value: Extract<ScriptValue, { kind: 'vector' | 'matrix' }>,
  expected: Expectations,
  range: RangeTimes | undefined,
): void {
  const { kind, series } = value;
  if (kind === 'matrix') checkSorted(series);
  // Of lines with the same labels the last one counts.
  const wanted = new Map(expected.series.map((line) => [line.labels.key, line]));
  const seen = new Set<string>();
  series.forEach(({ labels, points }, index) => {
    const line = wanted.get(labels.key);
    const same =
      line !== undefined &&
      !seen.has(labels.key) &&
      pointsMatch(wantedPoints(line, kind, range), points) &&
      (!expected.ordered || expected.series.indexOf(line) === index);
    if (!same) fail(showExpected(expected), showValue(value));
    seen.add(labels.key);
  });
  if (seen.size !== wanted.size) fail(showExpected(expected), showValue(value));
}

interface WantedPoint {
  /** Undefined: of no matter. */
  readonly timestamp: number | undefined;
  readonly value: Exclude<Point, undefined | 'stale'>;
}

function wantedPoints(
  { points }: SeriesLine,
  kind: 'vector' | 'matrix',
  range: RangeTimes | undefined,
): readonly WantedPoint[] {
  const used = kind === 'vector' ? points.slice(0, 1) : points;
  return used.flatMap((value, index) => {
    if (value === undefined || value === 'stale') return [];
    const timestamp = range === undefined ? undefined : range.startMs + index * range.stepMs;
    return [{ timestamp: kind === 'vector' ? undefined : timestamp, value }];
  });
}

function pointsMatch(wanted: readonly WantedPoint[], got: readonly ResultPoint[]): boolean {
  if (wanted.length !== got.length) return false;
  return wanted.every(({ timestamp, value }, index) => {
    const point = got[index];
    if (point === undefined) return false;
    if (timestamp !== undefined && timestamp !== point.timestamp) return false;
    if (typeof value === 'number') {
      return typeof point.value === 'number' && almostEqual(value, point.value);
    }
    return typeof point.value !== 'number' && histogramsMatch(value, point.value);
  });
}

function checkSorted(series: readonly ResultSeries[]): void {
  series.forEach(({ labels }, index) => {
    const next = series[index + 1];
    if (next !== undefined && labels.compare(next.labels) > 0) {
      fail(
        'series in order of their labels',
        `${next.labels.toString()} after ${labels.toString()}`,
      );
    }
  });
}

/** @throws ConformanceFailure unless warnings and infos are as the script expects. */
export function compareAnnotations(
  { warnings, infos }: ScriptResult,
  expected: Expectations,
): void {
  compareTexts('warning', warnings, expected.warn);
  compareTexts('info', infos, expected.info);
  if (expected.noWarn && warnings.length > 0) fail('no warning', warnings.join('; '));
  if (expected.noInfo && infos.length > 0) fail('no info', infos.join('; '));
}

/** Each expectation must meet a text, and, where there is one, each text an expectation. */
function compareTexts(
  what: string,
  got: readonly string[],
  expected: readonly TextExpectation[],
): void {
  if (expected.length === 0) return;
  const missed = expected.find((one) => !got.some((text) => one.matches(text)));
  const surplus = got.find((text) => !expected.some((one) => one.matches(text)));
  if (missed === undefined && surplus === undefined) return;
  const wanted = expected.map(({ shown }) => shown).join('; ');
  fail(`${what}: ${wanted}`, got.length === 0 ? `no ${what}` : got.join('; '));
}

function fail(wanted: string, got: string): never {
  throw new ConformanceFailure(wanted, got);
}

function showExpected({ scalar, string, series, ordered }: Expectations): string {
  if (scalar !== undefined) return `scalar ${scalar}`;
  if (string !== undefined) return JSON.stringify(string);
  if (series.length === 0) return 'no series';
  const lines = series.map(
    ({ labels, points }) => `${labels.toString()} ${points.map(showPoint).join(' ')}`,
  );
  return `${ordered ? 'in this order' : ''}\n  ${lines.join('\n  ')}`;
}

function showPoint(point: Point): string {
  if (point === undefined) return '_';
  return typeof point === 'object' ? showHistogram(point.histogram) : String(point);
}

function showValue(value: ScriptValue): string {
  if (value.kind === 'scalar' || value.kind === 'string') return `${value.kind} ${value.value}`;
  if (value.series.length === 0) return 'no series';
  const lines = value.series.map(({ labels, points }) => {
    const shown = points.map(({ timestamp, value: got }) => {
      return `${typeof got === 'number' ? got : showHistogram(got)}@${timestamp}`;
    });
    return `${labels.toString()} ${shown.join(' ')}`;
  });
  return `${value.kind}\n  ${lines.join('\n  ')}`;
}

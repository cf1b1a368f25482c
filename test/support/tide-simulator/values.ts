import { isDeepStrictEqual } from 'node:util';
import { histogramWords } from '../../../src/formats/tide/index.ts';
import type { BatchColumns, Hash64 } from '../../../src/formats/tide/index.ts';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../../../src/model/index.ts';
import { TOLERANCE } from './truth.ts';

/** What a sample holds: it tells the agent, the run, the series and the tick. */
export type Value = number | FloatHistogram;

/** The run that a value is of. */
export interface ValueOrigin {
  readonly agent: number;
  /** Of all runs, in the order in which they began; -1 where nobody asks. */
  readonly ordinal: number;
}

/**
 * The value of a series at a tick, which often moves a little or not at all. Of four series in turn
 * the second has histograms, and the fourth both, a few ticks of each.
 */
export function valueAt(origin: ValueOrigin, series: number, tick: number): Value {
  const kind = series % 4;
  if (kind === 1) return histogramAt(origin, series, tick);
  if (kind !== 3) return floatAt(origin, series, tick);
  if (Math.floor(tick / 3) % 2 === 0) return histogramAt(origin, series, tick);
  // Small: what words of histograms would be as numbers is mostly near to it.
  return smallFloatAt(origin, series, tick);
}

function floatAt({ agent, ordinal }: ValueOrigin, series: number, tick: number): number {
  const moved = Math.floor(tick / (2 + series)) % 1e6;
  return agent * 1e9 + series * 1e6 + moved + wobble(series, tick) + (ordinal + 1) * 1e-6;
}

function smallFloatAt({ agent, ordinal }: ValueOrigin, series: number, tick: number): number {
  const marks = agent * 1e-2 + (series % 100) * 1e-4 + (ordinal + 1) * 1e-7;
  return wobble(series, tick) + marks + (Math.floor(tick / 6) % 3);
}

function wobble(series: number, tick: number): number {
  return ((tick * 7919 + series * 104_729) % 5) / 10;
}

function histogramAt(
  { agent, ordinal }: ValueOrigin,
  series: number,
  tick: number,
): FloatHistogram {
  const step = Math.floor(tick / (2 + (series % 5)));
  const isCustom = series % 8 === 5;
  // Some are not whole, and the layout changes from time to time.
  const part = step % 4 === 0 ? 0.25 : 0;
  const offset = isCustom ? 0 : (Math.floor(step / 5) % 7) - 3;
  const buckets = [agent + 1, series + 1, (step % 1e6) + part, ordinal + 1];
  const negative = isCustom ? [] : [step % 3];
  const zeroCount = isCustom ? 0 : step % 2;
  const count = [...buckets, ...negative, zeroCount].reduce((sum, each) => sum + each);
  return {
    counterReset: step % 11 === 0 ? 'reset' : 'unknown',
    schema: isCustom ? CUSTOM_BUCKETS_SCHEMA : series % 3,
    zeroThreshold: isCustom ? 0 : 1e-128,
    zeroCount,
    count,
    sum: agent * 1e6 + series * 1e3 + (step % 1e3) + ordinal * 1e-3,
    positiveSpans: isCustom
      ? [{ offset: 0, length: 4 }]
      : [
          { offset, length: 3 },
          { offset: 2, length: 1 },
        ],
    positiveBuckets: buckets,
    negativeSpans: isCustom ? [] : [{ offset: 1, length: 1 }],
    negativeBuckets: negative,
    customValues: isCustom ? [0.5, 1, 2.5] : [],
  };
}

/** Adds a sample to columns. */
export function pushSample(
  columns: BatchColumns,
  {
    series,
    atMs,
    value,
  }: { readonly series: number; readonly atMs: number; readonly value: Value },
): void {
  if (typeof value === 'number') columns.pushValue(series, atMs, value);
  else columns.pushHistogram(series, atMs, value);
}

const words = new Uint32Array(2);
const float = new Float64Array(words.buffer);

/** What audits look at. */
export function wordsOf(value: Value): Hash64 {
  if (typeof value !== 'number') return histogramWords(value);
  float[0] = value;
  return { low: words[0] ?? 0, high: words[1] ?? 0 };
}

/** Bit for bit, layouts of histograms as well. */
export function isSame(a: Value, b: Value): boolean {
  return isDeepStrictEqual(a, b);
}

/** Whether who carries `known` forward tells what is true; histograms have no tolerance. */
export function isCarried(known: Value, value: Value): boolean {
  if (typeof known === 'number' && typeof value === 'number') {
    return Math.abs(known - value) <= TOLERANCE;
  }
  if (typeof known === 'number' || typeof value === 'number') return false;
  const [a, b] = [histogramWords(known), histogramWords(value)];
  return a.low === b.low && a.high === b.high;
}

/** As it stands in a message. */
export function valueText(value: Value | undefined): string {
  return JSON.stringify(value) ?? 'not there';
}

import { type FloatHistogram, Labels } from '../../../src/model/index.ts';
import { parseMetricSelector } from '../../../src/query/parse/index.ts';
import { parseHistogram } from './histogram-notation.ts';
import { addHistograms } from './histogram-sum.ts';

/** A histogram as written; whether its counter reset hint counts in comparisons. */
export interface HistogramPoint {
  readonly histogram: FloatHistogram;
  readonly hasHint: boolean;
}

/** One place in a sequence; undefined where there is no point. */
export type Point = number | 'stale' | HistogramPoint | undefined;

export interface SeriesLine {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

/** Parses `name{a="b"} 1 2+3x4 _ stale {{count:1}}`. */
export function parseSeriesLine(line: string): SeriesLine {
  const end = selectorEnd(line);
  const labels = parseLabels(line.slice(0, end));
  return { labels, points: splitItems(line.slice(end)).flatMap(parseItem) };
}

function parseLabels(text: string): Labels {
  const pairs: string[] = [];
  for (const { type, name, value } of parseMetricSelector(text)) {
    if (type !== '=') throw new Error(`a series is named with =, not ${type}: ${text}`);
    pairs.push(name, value);
  }
  return Labels.fromPairs(pairs);
}

/** Where the name and labels end: at the first blank outside braces and quotes. */
function selectorEnd(line: string): number {
  let quote = '';
  let inBraces = false;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (quote !== '') {
      if (char === '\\' && quote !== '`') at++;
      else if (char === quote) quote = '';
    } else if (inBraces && (char === '"' || char === "'" || char === '`')) quote = char;
    else if (char === '{') inBraces = true;
    else if (char === '}') return at + 1;
    else if (!inBraces && /\s/.test(char) && !/^\s*\{(?!\{)/.test(line.slice(at))) return at;
  }
  return line.length;
}

/** Items are parted by blanks outside the double braces of histograms. */
function splitItems(text: string): readonly string[] {
  return text.match(/(?:\{\{.*?\}\}|[^\s{])+/g) ?? [];
}

const BLANK = /^_(?:x(\d+))?$/;
const NUMBER = '(?:[0-9]+(?:\\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\\.[0-9]+(?:[eE][+-]?[0-9]+)?|inf|nan)';
const FLOATS = new RegExp(`^([+-]?${NUMBER})(?:([+-]${NUMBER})?x(\\d+))?$`, 'i');
const HISTOGRAMS = /^\{\{(.*?)\}\}(?:(?:([+-])\{\{(.*?)\}\})?x(\d+))?$/;

function parseItem(item: string): readonly Point[] {
  if (item === 'stale') return ['stale'];
  const blank = BLANK.exec(item);
  if (blank !== null) return Array.from<undefined>({ length: Number(blank[1] ?? 1) });
  const floats = FLOATS.exec(item);
  if (floats !== null) return floatPoints(floats);
  const histograms = HISTOGRAMS.exec(item);
  if (histograms !== null) return histogramPoints(histograms);
  throw new Error(`not a point: "${item}"`);
}

function floatPoints([, first = '', step = '0', repeats = '0']: RegExpExecArray): Point[] {
  const points: Point[] = [];
  const stepValue = numberOf(step);
  let value = numberOf(first);
  for (let count = 0; count <= Number(repeats); count++) {
    points.push(value);
    value += stepValue;
  }
  return points;
}

function numberOf(text: string): number {
  const word = text.toLowerCase().replace(/^[+-]/, '');
  const magnitude = word === 'inf' ? Infinity : word === 'nan' ? NaN : Number(word);
  return text.startsWith('-') ? -magnitude : magnitude;
}

function histogramPoints([, first = '', sign, step, repeats = '0']: RegExpExecArray): Point[] {
  const start = parseHistogram(first);
  const increment = step === undefined ? undefined : parseHistogram(step);
  // The hint is looked at where the last histogram of the item names one.
  const hasHint = (increment ?? start).hasHint;
  const points: Point[] = [];
  let histogram = start.histogram;
  for (let count = 0; count <= Number(repeats); count++) {
    points.push({ histogram, hasHint });
    if (increment !== undefined) {
      histogram = addHistograms(histogram, increment.histogram, sign === '-' ? -1 : 1);
    }
  }
  return points;
}

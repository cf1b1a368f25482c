import type { AnsweredSeries } from './ask-server.ts';
import { type Bounds, clockText, roundBounds, shortNumber } from './axis.ts';
import { Canvas } from './canvas.ts';
import { seriesText } from './series-text.ts';

/** How a plot is drawn. */
export interface PlotOptions {
  /** Of the whole plot, in characters. */
  readonly width: number;
  /** Of the drawing itself, in lines. */
  readonly height: number;
  /** First and last time, in milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** With colours a line is Braille dots; without, the letter of its series. */
  readonly useColour: boolean;
}

/** More lines than these cannot be told apart. */
const MAX_SERIES = 10;

/** Foreground colours that can be seen on light and dark: SGR 31 to 36, then bright ones. */
const COLOURS = [36, 33, 35, 32, 31, 34, 96, 93, 95, 92];
const RESET = '\u001b[0m';
const LETTERS = 'abcdefghij';

/** Room for an axis label. */
const LABEL_WIDTH = 8;

/** Draws series over time: the chart with its axes, and below it who is who. */
export function plotLines(all: readonly AnsweredSeries[], options: PlotOptions): string[] {
  const drawable = all.filter(({ values = [] }) => values.some(isFinitePoint));
  if (drawable.length === 0) return [nothingText(all)];
  const drawn = drawable.slice(0, MAX_SERIES);
  const bounds = roundBounds(boundsOf(drawn));
  const columns = Math.max(20, options.width - LABEL_WIDTH - 2);
  const canvas = new Canvas(columns, options.height);
  for (const [index, series] of drawn.entries()) drawSeries(canvas, series, index, bounds, options);
  return [
    ...chartLines(canvas, bounds, options),
    ...timeAxis(columns, options),
    '',
    ...drawn.map((series, index) => legendLine(series, index, options)),
    ...omitted(all.length - drawable.length, drawable.length - drawn.length),
  ];
}

function nothingText(all: readonly AnsweredSeries[]): string {
  if (all.length === 0) return 'nothing found';
  return 'nothing to draw: there are only histograms, or NaN and infinity (try --format table)';
}

type Point = NonNullable<AnsweredSeries['values']>[number];

function isFinitePoint([, text]: Point): boolean {
  return Number.isFinite(Number(text));
}

function boundsOf(all: readonly AnsweredSeries[]): Bounds {
  let min = Infinity;
  let max = -Infinity;
  for (const { values = [] } of all) {
    for (const point of values) {
      if (!isFinitePoint(point)) continue;
      min = Math.min(min, Number(point[1]));
      max = Math.max(max, Number(point[1]));
    }
  }
  return { min, max };
}

/** Points of neighbouring steps are joined; a step without a point is a gap. */
function drawSeries(
  canvas: Canvas,
  { values = [] }: AnsweredSeries,
  owner: number,
  bounds: Bounds,
  { startMs, endMs, stepMs }: PlotOptions,
): void {
  const x = (timeMs: number): number =>
    endMs === startMs ? 0 : ((timeMs - startMs) / (endMs - startMs)) * (canvas.width - 1);
  const y = (value: number): number =>
    ((bounds.max - value) / (bounds.max - bounds.min)) * (canvas.height - 1);
  let before: { readonly timeMs: number; readonly at: readonly [number, number] } | undefined;
  for (const point of values) {
    const timeMs = point[0] * 1000;
    if (!isFinitePoint(point)) {
      before = undefined;
      continue;
    }
    const at = [Math.round(x(timeMs)), Math.round(y(Number(point[1])))] as const;
    const isJoined = before !== undefined && timeMs - before.timeMs < 1.5 * stepMs;
    canvas.line(isJoined && before !== undefined ? before.at : at, at, owner);
    before = { timeMs, at };
  }
}

function chartLines(canvas: Canvas, bounds: Bounds, options: PlotOptions): string[] {
  const { height, useColour } = options;
  const paint = (character: string, owner: number): string =>
    useColour ? coloured(character, owner) : (LETTERS[owner] ?? '?');
  const labelled = new Set([0, Math.floor((height - 1) / 2), height - 1]);
  return Array.from({ length: height }, (_, row) => {
    const share = height === 1 ? 0 : row / (height - 1);
    const value = bounds.max - share * (bounds.max - bounds.min);
    const label = labelled.has(row) ? shortNumber(value) : '';
    const tick = labelled.has(row) ? '┤' : '│';
    return `${label.padStart(LABEL_WIDTH)} ${tick}${canvas.row(row, paint)}`.trimEnd();
  });
}

function timeAxis(columns: number, { startMs, endMs }: PlotOptions): string[] {
  const span = endMs - startMs;
  const margin = ' '.repeat(LABEL_WIDTH + 2);
  const first = clockText(startMs, span);
  const middle = clockText(startMs + span / 2, span);
  const last = `${clockText(endMs, span)} UTC`;
  const room = columns - first.length - middle.length - last.length;
  const gap = Math.max(1, Math.floor(room / 2));
  const labels =
    room < 4
      ? `${first}${' '.repeat(Math.max(1, columns - first.length - last.length))}${last}`
      : `${first}${' '.repeat(gap)}${middle}${' '.repeat(room - gap)}${last}`;
  return [`${' '.repeat(LABEL_WIDTH + 1)}└${'─'.repeat(columns)}`, `${margin}${labels}`];
}

function legendLine(
  { metric, values = [] }: AnsweredSeries,
  index: number,
  options: PlotOptions,
): string {
  const mark = options.useColour ? coloured('⣿⣿', index) : (LETTERS[index] ?? '?');
  const last = values.at(-1);
  const newest = last === undefined ? '' : `  ${shortNumber(Number(last[1]))}`;
  const text = seriesText(metric);
  const room = Math.max(20, options.width - newest.length - 6);
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return `  ${mark} ${shown}${newest}`;
}

function omitted(undrawable: number, beyond: number): string[] {
  const lines: string[] = [];
  if (beyond > 0) lines.push(`  … and ${beyond} more series: topk(${MAX_SERIES}, …) chooses`);
  if (undrawable > 0) lines.push(`  ${undrawable} series have no number that can be drawn`);
  return lines;
}

function coloured(text: string, index: number): string {
  return `\u001b[${COLOURS[index % COLOURS.length]}m${text}${RESET}`;
}

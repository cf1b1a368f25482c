import type { AnsweredData, AnsweredElement, AnsweredSeries } from './ask-server.ts';
import { histogramText, seriesText } from './series-text.ts';

const GAP = '  ';
const NAME = '__name__';

/** An answer as lines of text, `width` columns wide where it fits. */
export function tableLines(data: AnsweredData, width: number): string[] {
  switch (data.resultType) {
    case 'vector':
      return vectorLines(data.result, width);
    case 'matrix':
      return matrixLines(data.result);
    default:
      return [printable(data.result[1])];
  }
}

/** A column for each label; where that is too wide, each series as PromQL writes it. */
function vectorLines(elements: readonly AnsweredElement[], width: number): string[] {
  if (elements.length === 0) return ['nothing found'];
  const labels = [...new Set(elements.flatMap(({ metric }) => Object.keys(metric)))].sort(byName);
  const head = [...labels.map((label) => (label === NAME ? 'NAME' : label.toUpperCase())), 'VALUE'];
  const rows = elements.map((element) => [
    ...labels.map((label) => printable(element.metric[label] ?? '')),
    valueText(element),
  ]);
  const lines = alignColumns([head, ...rows]);
  if (lines.every((line) => line.length <= width)) return lines;
  return alignColumns(elements.map((one) => [seriesText(one.metric), valueText(one)]));
}

/** Control characters are escaped: what a label says must not steer the terminal. */
function printable(text: string): string {
  return /\p{Cc}/u.test(text) ? JSON.stringify(text) : text;
}

/** The metric name first. */
function byName(a: string, b: string): number {
  if (a === NAME || b === NAME) return a === b ? 0 : a === NAME ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function valueText({ value, histogram }: AnsweredElement): string {
  if (histogram !== undefined) return histogramText(histogram[1]);
  return value?.[1] ?? '';
}

function matrixLines(all: readonly AnsweredSeries[]): string[] {
  if (all.length === 0) return ['nothing found'];
  return all.flatMap(({ metric, values = [], histograms = [] }, index) => [
    ...(index > 0 ? [''] : []),
    seriesText(metric),
    ...values.map(([time, value]) => `${GAP}${timeText(time)}${GAP}${value}`),
    ...histograms.map(([time, value]) => `${GAP}${timeText(time)}${GAP}${histogramText(value)}`),
  ]);
}

/** RFC 3339 in UTC, milliseconds only where there are any. */
export function timeText(seconds: number): string {
  return new Date(Math.round(seconds * 1000)).toISOString().replace('.000Z', 'Z');
}

/** Every column as wide as its widest cell; the last one is not padded. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell))
      .join(GAP),
  );
}

import type { HistogramValue, Labels, QueryData, SamplePair } from '../api/prometheus.ts';
import { formatSelector } from '../format/labels.ts';
import { formatTimestamp, parseValue } from '../format/value.ts';

/** One line of the result table. */
export interface ResultRow {
  key: string;
  labels: Labels;
  /** Stands for the labels where there are none to show. */
  title: string;
  /** The value as the server printed it. */
  text: string;
  /** The value to sort by; null for strings, histograms and lists. */
  value: number | null;
  /** Samples of a range selector, newest last. */
  details: string[];
}

/** What the table is sorted by: `value`, `labels`, a label's name, or null for server's order. */
export interface RowSort {
  by: string | null;
  descending: boolean;
}

/** Samples of one series that a row lists; the newest of more. */
const MAX_DETAILS = 60;

/** The lines of a result. */
export function resultRows(data: QueryData): ResultRow[] {
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return [singleRow(data.resultType, data.result)];
    case 'vector':
      return data.result.map(({ metric, value, histogram }) => ({
        key: formatSelector(metric),
        labels: metric,
        title: '{}',
        text: value?.[1] ?? histogramText(histogram?.[1]),
        value: value === undefined ? null : parseValue(value[1]),
        details: [],
      }));
    case 'matrix':
      return data.result.map(({ metric, values = [], histograms = [] }) => {
        const count = values.length + histograms.length;
        const floats = values.map(([time, text]) => sampleText(time, text));
        const others = histograms.map(([time, value]) => sampleText(time, histogramText(value)));
        return {
          key: formatSelector(metric),
          labels: metric,
          title: '{}',
          text: count === 1 ? '1 sample' : `${count} samples`,
          value: count,
          details: [...floats, ...others].slice(-MAX_DETAILS),
        };
      });
  }
}

function singleRow(kind: 'scalar' | 'string', [, text]: SamplePair): ResultRow {
  const value = kind === 'scalar' ? parseValue(text) : null;
  return { key: kind, labels: {}, title: kind, text, value, details: [] };
}

function sampleText(time: number, value: string): string {
  return `${value} @ ${formatTimestamp(time)}`;
}

function histogramText(histogram: HistogramValue | undefined): string {
  if (histogram === undefined) return '';
  return `count ${histogram.count}, sum ${histogram.sum}`;
}

/** A sorted copy; equal rows keep the server's order. Numbers without order (NaN) come last. */
export function sortRows(rows: readonly ResultRow[], sort: RowSort): ResultRow[] {
  const { by } = sort;
  if (by === null) return [...rows];
  const direction = sort.descending ? -1 : 1;
  if (by === 'value') return [...rows].sort((a, b) => compareValues(a.value, b.value, direction));
  const text = (row: ResultRow) => (by === 'labels' ? row.key : (row.labels[by] ?? ''));
  const collator = new Intl.Collator('en', { numeric: true });
  return [...rows].sort((a, b) => direction * collator.compare(text(a), text(b)));
}

function compareValues(a: number | null, b: number | null, direction: number): number {
  const hasA = a !== null && !Number.isNaN(a);
  const hasB = b !== null && !Number.isNaN(b);
  if (!hasA || !hasB) return Number(hasB) - Number(hasA);
  if (a === b) return 0;
  return direction * (a < b ? -1 : 1);
}

/** The rows as tab-separated text with a head line, as spreadsheets take it. */
export function rowsAsText(rows: readonly ResultRow[], columns: readonly string[]): string {
  const lines = rows.map((row) =>
    [...columns.map((column) => row.labels[column] ?? ''), row.text].map(oneCell).join('\t'),
  );
  return [[...columns, 'value'].join('\t'), ...lines].join('\n');
}

function oneCell(text: string): string {
  return text.replace(/[\t\n\r]+/g, ' ');
}

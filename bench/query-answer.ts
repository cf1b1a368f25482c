import type { BenchQuery } from './query-list.ts';

/** The times of the data, in milliseconds. */
export interface DataTimes {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** How long after the last samples queries look: with steps of whole seconds no edge is met. */
const AFTER_LAST_MS = 7_500;
/** Before the first samples of which no rate is asked. */
const RATE_WINDOW_MS = 5 * 60_000;

/** The path and parameters of a query in the Prometheus API. */
export function queryPath(
  query: BenchQuery,
  { firstMs, lastMs }: DataTimes,
  extra: Readonly<Record<string, string>> = {},
): string {
  const endMs = lastMs + AFTER_LAST_MS;
  const seconds = (ms: number): string => String(ms / 1000);
  const span = { start: seconds(firstMs), end: seconds(endMs) };
  switch (query.kind) {
    case 'instant':
      return pathOf('query', { query: query.query, time: seconds(endMs), ...extra });
    case 'range': {
      const { startMs, stepMs } = queryTimes(query, { firstMs, lastMs });
      return pathOf('query_range', {
        query: query.query,
        start: seconds(startMs),
        end: seconds(endMs),
        step: seconds(stepMs),
        ...extra,
      });
    }
    case 'label_values':
      return pathOf(`label/${query.label}/values`, { ...span, ...extra });
    case 'series':
      return pathOf('series', { 'match[]': query.selector, ...span, ...extra });
  }
}

/** The steps of a query, or the one time of an instant query. */
export function queryTimes(
  query: Extract<BenchQuery, { kind: 'instant' | 'range' }>,
  { firstMs, lastMs }: DataTimes,
): { readonly startMs: number; readonly endMs: number; readonly stepMs: number } {
  const endMs = lastMs + AFTER_LAST_MS;
  if (query.kind === 'instant') return { startMs: endMs, endMs, stepMs: 1 };
  const { steps } = query;
  const wholeMs = endMs - firstMs - RATE_WINDOW_MS;
  const stepMs = query.stepMs ?? Math.max(1000, Math.floor(wholeMs / steps / 1000) * 1000);
  return { startMs: endMs - (steps - 1) * stepMs, endMs, stepMs };
}

function pathOf(name: string, params: Readonly<Record<string, string>>): string {
  return `/api/v1/${name}?${new URLSearchParams(params).toString()}`;
}

interface AnsweredSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** Values by series and time, or the names that a list holds. */
export function readAnswer(body: string): ReadonlyMap<string, number> {
  const { data } = JSON.parse(body) as {
    readonly data:
      | { readonly result: readonly AnsweredSeries[] }
      | readonly (string | Readonly<Record<string, string>>)[];
  };
  const answer = new Map<string, number>();
  if ('result' in data) {
    for (const { metric, value, values = value === undefined ? [] : [value] } of data.result) {
      const key = keyOf(metric);
      for (const [time, text] of values) answer.set(`${key} @ ${time}`, Number(text));
    }
    return answer;
  }
  for (const item of data) answer.set(typeof item === 'string' ? item : keyOf(item), 0);
  return answer;
}

function keyOf(metric: Readonly<Record<string, string>>): string {
  const entries = Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}

/** What of an answer is comparable where values are not: its series (or names). */
export function seriesIn(answer: ReadonlyMap<string, number>): number {
  return new Set([...answer.keys()].map((key) => key.replace(/ @ [\d.]+$/, ''))).size;
}

/** The first difference between two answers beyond 1e-9 of the value, or ''. */
export function differenceOf(
  ours: ReadonlyMap<string, number>,
  theirs: ReadonlyMap<string, number>,
): string {
  if (ours.size !== theirs.size) return `${ours.size} values, not ${theirs.size}`;
  for (const [key, value] of theirs) {
    const own = ours.get(key);
    if (own === undefined) return `${key} is missing`;
    const isSame = own === value || Math.abs(own - value) <= 1e-9 * Math.abs(value);
    if (!isSame) return `${key}: ${own}, not ${value}`;
  }
  return '';
}

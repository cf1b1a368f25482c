import { parseDuration } from '../model/index.ts';
import { badParameter } from './errors.ts';

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** The largest distance from the epoch that the API takes, in milliseconds (year 292277). */
const MAX_TIME_MS = 9_223_372_036_854_000;

/** Unix seconds with fraction, or RFC 3339; integer milliseconds, undefined if neither. */
export function parseTime(text: string): number | undefined {
  const ms = NUMBER.test(text)
    ? Math.round(Number(text) * 1000)
    : RFC3339.test(text)
      ? Date.parse(text)
      : Number.NaN;
  return Math.abs(ms) <= MAX_TIME_MS ? ms : undefined;
}

/** Seconds with fraction, or a duration such as `1m30s`; milliseconds, undefined if neither. */
export function parseDurationParam(text: string): number | undefined {
  if (NUMBER.test(text)) {
    const ms = Math.round(Number(text) * 1000);
    return Math.abs(ms) <= MAX_TIME_MS ? ms : undefined;
  }
  return parseDuration(text);
}

/**
 * Parameters of one request: the URL's and, for a POST form, the body's after them (the first of
 * a name wins for single values, as in Go's `FormValue`, where the body comes first).
 */
export class Params {
  readonly #query: URLSearchParams;
  readonly #form: URLSearchParams | undefined;

  constructor(query: URLSearchParams, form?: URLSearchParams) {
    this.#query = query;
    this.#form = form;
  }

  /** '' where the parameter is missing. */
  text(name: string): string {
    return this.#form?.get(name) ?? this.#query.get(name) ?? '';
  }

  all(name: string): string[] {
    return [...(this.#form?.getAll(name) ?? []), ...this.#query.getAll(name)];
  }

  /** @throws ApiError where the text is there but no time. */
  time(name: string, fallbackMs: number): number {
    const text = this.text(name);
    if (text === '') return fallbackMs;
    const ms = parseTime(text);
    if (ms === undefined) {
      const problem = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
      throw badParameter(name, `Invalid time value for '${name}': ${problem}`);
    }
    return ms;
  }

  /** A time that must be given. @throws ApiError */
  requiredTime(name: string): number {
    const text = this.text(name);
    const ms = parseTime(text);
    if (ms === undefined) {
      throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
    }
    return ms;
  }

  /** Milliseconds; undefined where missing. @throws ApiError where the text is no duration. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    return text === '' ? undefined : this.requiredDuration(name);
  }

  requiredDuration(name: string): number {
    const text = this.text(name);
    const ms = parseDurationParam(text);
    if (ms === undefined) {
      throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
    }
    return ms;
  }

  /** `limit`: 0 and missing mean none. @throws ApiError */
  limit(name = 'limit'): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    if (!/^\d+$/.test(text)) {
      throw badParameter(name, `limit must be a non-negative number, got ${JSON.stringify(text)}`);
    }
    const limit = Number(text);
    return limit === 0 ? undefined : limit;
  }
}

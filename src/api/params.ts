import { assert, parseDuration } from '../model/index.ts';
import { badParameter } from './errors.ts';

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;

/** The largest distance from the epoch that the API takes, in milliseconds (year 292277). */
const MAX_TIME_MS = 9_223_372_036_854_000;
/** The largest duration, in milliseconds: 63 bits of nanoseconds. */
const MAX_DURATION_MS = 9_223_372_036_854;

/** How clients of Prometheus write the first and the last time there is. */
const BOUNDARY_TIMES = new Map([
  ['-292273086-05-16T16:47:06Z', -MAX_TIME_MS],
  ['+292277025-08-18T07:12:54.999999999Z', MAX_TIME_MS],
]);

/** Unix seconds with fraction, or RFC 3339; integer milliseconds, undefined if neither. */
export function parseTime(text: string): number | undefined {
  if (!NUMBER.test(text)) return BOUNDARY_TIMES.get(text) ?? parseDate(text);
  const ms = Math.round(Number(text) * 1000);
  return Math.abs(ms) <= MAX_TIME_MS ? ms : undefined;
}

/** RFC 3339; undefined also for what no calendar and no clock has (30 February, 24:00). */
function parseDate(text: string): number | undefined {
  if (!RFC3339.test(text)) return undefined;
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`);
  const isDay = !Number.isNaN(day) && new Date(day).getUTCDate() === Number(text.slice(8, 10));
  const ms = Date.parse(text);
  return isDay && text.slice(11, 13) < '24' && !Number.isNaN(ms) ? ms : undefined;
}

/** Seconds with fraction, or a duration such as `1m30s`; milliseconds, undefined if neither. */
export function parseDurationParam(text: string): number | undefined {
  if (NUMBER.test(text)) {
    const ms = Math.round(Number(text) * 1000);
    return Math.abs(ms) <= MAX_DURATION_MS ? ms : undefined;
  }
  return parseDuration(text);
}

/** What is wrong with a text of which `parseDurationParam` makes nothing, in Prometheus's words. */
export function durationProblem(text: string): string {
  const problem = `cannot parse ${JSON.stringify(text)} to a valid duration`;
  return NUMBER.test(text) ? `${problem}. It overflows int64` : problem;
}

/** Where the parameters of a request come from. */
export interface ParamSources {
  readonly query: URLSearchParams;
  /** A POST form's. */
  readonly form?: URLSearchParams | undefined;
  /** Parts of the path, decoded. */
  readonly path?: Readonly<Record<string, string>>;
}

/**
 * Parameters of one request: the form's and then the URL's (the first of a name wins for single
 * values, as in Go's `FormValue`). Only those that the route declares can be asked for, so that
 * the documents cannot leave one out.
 */
export class Params {
  readonly #sources: ParamSources;
  readonly #declared: ReadonlySet<string>;

  constructor(sources: ParamSources, declared: ReadonlySet<string>) {
    this.#sources = sources;
    this.#declared = declared;
  }

  /** '' where the parameter is missing. */
  text(name: string): string {
    this.#check(name);
    const { query, form, path } = this.#sources;
    return path?.[name] ?? form?.get(name) ?? query.get(name) ?? '';
  }

  all(name: string): string[] {
    this.#check(name);
    const { query, form } = this.#sources;
    return [...(form?.getAll(name) ?? []), ...query.getAll(name)];
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
    return this.text(name) === '' ? undefined : this.requiredDuration(name);
  }

  requiredDuration(name: string): number {
    const text = this.text(name);
    const ms = parseDurationParam(text);
    if (ms === undefined) {
      throw badParameter(name, durationProblem(text));
    }
    return ms;
  }

  /** A limit of which 0 and missing mean none. @throws ApiError */
  limit(name = 'limit'): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    const limit = this.integer(name);
    if (limit === undefined) {
      throw badParameter(name, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    if (limit < 0) throw badParameter(name, 'limit must be non-negative');
    return limit === 0 ? undefined : limit;
  }

  /** A whole number; undefined where the text is missing or none. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    return INTEGER.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
  }

  #check(name: string): void {
    assert(this.#declared.has(name), `the route declares no parameter ${name}`);
  }
}

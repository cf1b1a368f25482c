import { tlsFaultOf } from '../../agent/index.ts';
import { TidegaugeError } from '../../model/index.ts';
import { exchange } from '../http-exchange.ts';
import { markPosition } from './mark-position.ts';

/** A question could not be asked, or was not answered; the text is for people. */
export class QueryCommandError extends TidegaugeError {
  readonly code = 'query_command';
}

/** A histogram as answers have it. */
export interface AnsweredHistogram {
  readonly count: string;
  readonly sum: string;
  /** Boundary rule, lower bound, upper bound, count. */
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}

type LabelObject = Readonly<Record<string, string>>;
type Point = readonly [number, string];
type HistogramPoint = readonly [number, AnsweredHistogram];

export interface AnsweredElement {
  readonly metric: LabelObject;
  readonly value?: Point;
  readonly histogram?: HistogramPoint;
}

export interface AnsweredSeries {
  readonly metric: LabelObject;
  readonly values?: readonly Point[];
  readonly histograms?: readonly HistogramPoint[];
}

export type AnsweredData =
  | { readonly resultType: 'vector'; readonly result: readonly AnsweredElement[] }
  | { readonly resultType: 'matrix'; readonly result: readonly AnsweredSeries[] }
  | { readonly resultType: 'scalar' | 'string'; readonly result: Point };

export interface Answer {
  /** The body as it came. */
  readonly text: string;
  readonly data: AnsweredData;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

interface Body {
  readonly status?: string;
  readonly data?: AnsweredData;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly errorType?: string;
  readonly error?: string;
}

/** Parameters of `/api/v1/query` or, with `start`, of `/api/v1/query_range`. */
export type QueryParams = Readonly<Record<string, string>> & { readonly query: string };

/** Longer than servers evaluate. */
const TIMEOUT_MS = 150_000;

/**
 * Has a server with Prometheus's query API evaluate an expression, one of the authority given if
 * there is one. @throws QueryCommandError,
 * which shows the place of a fault in the expression.
 */
export async function askServer(
  url: string,
  params: QueryParams,
  authority: { readonly ca?: string } = {},
): Promise<Answer> {
  const path = 'start' in params ? 'api/v1/query_range' : 'api/v1/query';
  const { status, text } = await post(`${url.replace(/\/+$/, '')}/${path}`, params, authority);
  const body = parseBody(text);
  if (body.status === 'success' && body.data !== undefined) {
    return { text, data: body.data, warnings: body.warnings ?? [], infos: body.infos ?? [] };
  }
  if (body.error !== undefined) {
    throw new QueryCommandError(markPosition(body.error, params.query));
  }
  throw new QueryCommandError(
    `${url} answered with status ${status} and no answer of the query API; want a server such as ` +
      'Tidegauge or Prometheus',
  );
}

async function post(
  target: string,
  params: QueryParams,
  authority: { readonly ca?: string },
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    return await exchange(new URL(target), {
      ...{ headers: {}, form: new URLSearchParams(params), timeoutMs: TIMEOUT_MS },
      ...authority,
    });
  } catch (error) {
    const reason = (error instanceof Error ? tlsFaultOf(error, target) : '') || 'no connection';
    throw new QueryCommandError(
      `cannot ask ${target}: ${reason}. Does the server run? --url names another`,
      { cause: error },
    );
  }
}

function parseBody(text: string): Body {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

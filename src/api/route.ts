import type { z } from 'zod';
import type { Answer } from './answer.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Params } from './params.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A parameter: of the URL's query and, for POST, of a form as well; or a part of the path. */
export interface ParamSpec {
  readonly name: string;
  readonly in: 'query' | 'path';
  /** What it says and what holds where it is missing, in one sentence. */
  readonly text: string;
  readonly type: 'string' | 'time' | 'duration' | 'integer' | 'boolean';
  readonly choices?: readonly string[];
  readonly required?: boolean;
  readonly repeated?: boolean;
}

/** What a route answers when all is well. */
export type AnswerSpec =
  /** `{"status":"success","data":…}`. */
  | { readonly kind: 'json'; readonly data: z.ZodType }
  | { readonly kind: 'body'; readonly types: readonly string[]; readonly text: string }
  | { readonly kind: 'empty'; readonly status: number };

/** A route as it is documented. */
export interface RouteSpec {
  /** As OpenAPI writes it: `/api/v1/label/{name}/values`. */
  readonly path: string;
  /** GET includes HEAD. */
  readonly methods: readonly HttpMethod[];
  readonly tag: RouteTag;
  /** What it is for, without a full stop. */
  readonly summary: string;
  /** What else there is to know, in sentences. */
  readonly description?: string;
  readonly params: readonly ParamSpec[];
  /** Content types of the body it takes, other than a form of the parameters. */
  readonly takes?: readonly string[];
  readonly answer: AnswerSpec;
  /** Statuses of failure and when they come, beside 400 of a wrong parameter. */
  readonly failures?: Readonly<Record<number, string>>;
  /** A request that can be made of any collector: path and query. */
  readonly example?: string;
  /** The `data` of its answer over the samples that the examples have; a test asks for it. */
  readonly exampleData?: unknown;
}

/** A route that the app has; its handler finds no parameter that is not in `params`. */
export interface Route extends RouteSpec {
  readonly handle: (request: ApiRequest) => Answer | Promise<Answer>;
}

export const ROUTE_TAGS = {
  query: 'Queries',
  metadata: 'Series, labels and metadata',
  targets: 'Sources and targets',
  agents: 'Agents and completeness',
  rules: 'Rules and alerts',
  status: 'Status',
  admin: 'Administration',
  transfer: 'Data out',
  push: 'Data in',
  management: 'Management',
} as const;
export type RouteTag = keyof typeof ROUTE_TAGS;

/** One request, as handlers see it. */
export interface ApiRequest {
  readonly params: Params;
  readonly deps: ApiDependencies;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** Address that the connection comes from, without port. */
  readonly address: string;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  /** The body as sent; of a POST form it has been read already. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Size from which the answer is to be compressed; undefined: the client takes no gzip. */
  readonly gzipFromBytes: number | undefined;
}

/** Parameters that several routes have. */
export const START: ParamSpec = {
  name: 'start',
  in: 'query',
  type: 'time',
  text: 'First time looked at; without it the earliest there is.',
};
export const END: ParamSpec = {
  name: 'end',
  in: 'query',
  type: 'time',
  text: 'Last time looked at; without it the latest there is.',
};
export const MATCH: ParamSpec = {
  name: 'match[]',
  in: 'query',
  type: 'string',
  repeated: true,
  text: 'Selector of series, such as `up{job="node"}`; several mean any of them.',
};
export const LIMIT: ParamSpec = {
  name: 'limit',
  in: 'query',
  type: 'integer',
  text: 'Most elements of the answer, which then has a warning; 0 for all.',
};

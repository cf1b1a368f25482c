import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiDependencies } from './dependencies.ts';
import { ApiError, BodyTooLargeError } from './errors.ts';
import { Params } from './params.ts';
import { readBody } from './read-body.ts';
import type { ApiRequest, HttpMethod, Route } from './route.ts';

const FORM = 'application/x-www-form-urlencoded';
const TAKES_GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/;

/** A route with what each of its requests needs. */
export interface MountedRoute {
  readonly route: Route;
  readonly declared: ReadonlySet<string>;
}

/** What a path leads to. */
export interface Found {
  /** By method; HEAD is not among them, GET includes it. */
  readonly methods: ReadonlyMap<string, MountedRoute>;
  /** Parts of the path, decoded. */
  readonly parts: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly expression: RegExp;
  readonly methods: Map<HttpMethod, MountedRoute>;
}

const NO_PARTS: Readonly<Record<string, string>> = {};

/** Finds the routes of a path: those without parts by look-up, the few others in turn. */
export class Router {
  readonly #fixed = new Map<string, Map<HttpMethod, MountedRoute>>();
  readonly #patterns = new Map<string, Pattern>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const declared = new Set(route.params.map(({ name }) => name));
      const methods = this.#methodsOf(route.path);
      for (const method of route.methods) methods.set(method, { route, declared });
    }
  }

  find(path: string): Found | undefined {
    const methods = this.#fixed.get(path);
    if (methods !== undefined) return { methods, parts: NO_PARTS };
    for (const pattern of this.#patterns.values()) {
      const match = pattern.expression.exec(path);
      if (match?.groups === undefined) continue;
      const parts: Record<string, string> = {};
      for (const [name, text] of Object.entries(match.groups)) parts[name] = decoded(text);
      return { methods: pattern.methods, parts };
    }
    return undefined;
  }

  #methodsOf(path: string): Map<HttpMethod, MountedRoute> {
    if (!path.includes('{')) {
      const methods = this.#fixed.get(path) ?? new Map<HttpMethod, MountedRoute>();
      this.#fixed.set(path, methods);
      return methods;
    }
    const source = path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const pattern = this.#patterns.get(path) ?? {
      expression: new RegExp(`^${source}$`),
      methods: new Map<HttpMethod, MountedRoute>(),
    };
    this.#patterns.set(path, pattern);
    return pattern.methods;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The value of the `Allow` header. */
export function allowed(methods: Iterable<string>): string {
  const all = [...methods];
  return [...all, ...(all.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/** Splits a request target; the query has no question mark. */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark < 0
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Reads what a handler needs of a request. @throws ApiError where its form is wrong */
export async function toRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { route, declared }: MountedRoute,
  found: { readonly query: string; readonly parts: Found['parts'] },
  deps: ApiDependencies,
): Promise<ApiRequest> {
  const query = new URLSearchParams(found.query);
  // A body of its own type is no form, whatever the client says of it.
  const form =
    route.takes === undefined ? await readForm(request, deps.options.max_form_bytes) : undefined;
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  };
  let signal: AbortSignal | undefined;
  return {
    params: new Params({ query, form, path: found.parts }, declared),
    deps,
    // Most requests are answered before anybody asks.
    get signal() {
      signal ??= untilClosed(response);
      return signal;
    },
    address: request.socket.remoteAddress ?? '',
    header,
    body: request,
    gzipFromBytes: TAKES_GZIP.test(header('accept-encoding') ?? '')
      ? deps.options.gzip_min_bytes
      : undefined,
  };
}

/** Aborts when the connection goes before the answer is out. */
function untilClosed(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  else {
    response.once('close', () => {
      if (!response.writableFinished) controller.abort();
    });
  }
  return controller.signal;
}

async function readForm(
  request: IncomingMessage,
  maxBytes: number,
): Promise<URLSearchParams | undefined> {
  const type = request.headers['content-type'] ?? '';
  if (request.method !== 'POST' || !type.startsWith(FORM)) return undefined;
  try {
    return new URLSearchParams((await readBody(request, maxBytes)).toString('utf8'));
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw new ApiError('bad_data', `error parsing form values: ${error.message}`, { cause: error });
  }
}

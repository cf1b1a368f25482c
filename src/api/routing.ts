import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiDependencies } from './dependencies.ts';
import { ApiError, BodyTooLargeError } from './errors.ts';
import { Params } from './params.ts';
import { readBody } from './read-body.ts';
import type { ApiRequest, HttpMethod, Route } from './route.ts';

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';
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

interface FoundParams {
  readonly query: string;
  readonly parts: Found['parts'];
}

/**
 * What a handler needs of a request; a promise where that is a form to be read, which rejects with
 * ApiError where it is wrong.
 */
export function toRequest(
  request: IncomingMessage,
  response: ServerResponse,
  mounted: MountedRoute,
  found: FoundParams,
  deps: ApiDependencies,
): ApiRequest | Promise<ApiRequest> {
  // A body of its own type is no form, whatever the client says of it.
  const hasForm = mounted.route.takes === undefined && isForm(request);
  const query = new URLSearchParams(found.query);
  const withForm = (form: URLSearchParams | undefined): ApiRequest => {
    const params = new Params({ query, form, path: found.parts }, mounted.declared);
    return new ReadRequest(request, response, params, deps);
  };
  if (!hasForm) return withForm(undefined);
  return readForm(request, deps.options.max_form_bytes).then(withForm);
}

/** Most requests are answered before anybody asks for most of it. */
class ReadRequest implements ApiRequest {
  readonly params: Params;
  readonly deps: ApiDependencies;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #signal: AbortSignal | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    params: Params,
    deps: ApiDependencies,
  ) {
    this.#request = request;
    this.#response = response;
    this.params = params;
    this.deps = deps;
  }

  get signal(): AbortSignal {
    this.#signal ??= untilClosed(this.#response);
    return this.#signal;
  }

  get address(): string {
    return this.#request.socket.remoteAddress ?? '';
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#request;
  }

  get gzipFromBytes(): number | undefined {
    const accepted = this.header('accept-encoding');
    const takesGzip = accepted !== undefined && TAKES_GZIP.test(accepted);
    return takesGzip ? this.deps.options.gzip_min_bytes : undefined;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  }
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

function isForm(request: IncomingMessage): boolean {
  if (request.method !== 'POST' && request.method !== 'PUT') return false;
  const type = typeOf(request).toLowerCase();
  return type.startsWith(FORM) || type.startsWith(MULTIPART);
}

function typeOf({ headers }: IncomingMessage): string {
  return headers['content-type'] ?? '';
}

async function readForm(request: IncomingMessage, maxBytes: number): Promise<URLSearchParams> {
  try {
    const body = await readBody(request, maxBytes);
    const type = typeOf(request);
    if (!type.toLowerCase().startsWith(MULTIPART)) return new URLSearchParams(body.toString());
    return await readParts(body, type);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError || error instanceof TypeError)) throw error;
    throw new ApiError('bad_data', `error parsing form values: ${error.message}`, { cause: error });
  }
}

/** The fields of a form in parts, without its files. @throws TypeError where it is none */
async function readParts(body: Uint8Array, type: string): Promise<URLSearchParams> {
  const headers = { 'Content-Type': type };
  const form = await new Response(new Uint8Array(body), { headers }).formData();
  const fields = new URLSearchParams();
  for (const [name, value] of form) if (typeof value === 'string') fields.append(name, value);
  return fields;
}

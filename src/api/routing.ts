import type { Context, Hono } from 'hono';
import type { ApiDependencies } from './dependencies.ts';
import { ApiError, BodyTooLargeError } from './errors.ts';
import { Params } from './params.ts';
import { readBody } from './read-body.ts';
import { plainFailure } from './respond.ts';
import type { ApiRequest, HttpMethod, Route } from './route.ts';

const FORM = 'application/x-www-form-urlencoded';

/** Gives the app every route of the list; other methods of their paths are answered with 405. */
export function mountRoutes(app: Hono, routes: readonly Route[], deps: ApiDependencies): void {
  for (const route of routes) {
    const reading = {
      declared: new Set(route.params.map(({ name }) => name)),
      // A body of its own type is no form, whatever the client says of it.
      takesForm: route.takes === undefined,
    };
    const handler = async (context: Context): Promise<Response> =>
      route.handle(await toRequest(context, reading, deps));
    app.on([...route.methods], routerPath(route.path), handler);
  }
  for (const [path, methods] of methodsByPath(routes)) {
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    app.all(routerPath(path), () => {
      const response = plainFailure('Method Not Allowed', 405);
      response.headers.set('Allow', allow);
      return response;
    });
  }
}

/** `/label/{name}/values` as the router writes it. */
function routerPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function methodsByPath(routes: readonly Route[]): Map<string, HttpMethod[]> {
  const all = new Map<string, HttpMethod[]>();
  for (const { path, methods } of routes) {
    all.set(path, [...(all.get(path) ?? []), ...methods]);
  }
  return all;
}

async function toRequest(
  context: Context,
  { declared, takesForm }: { readonly declared: ReadonlySet<string>; readonly takesForm: boolean },
  deps: ApiDependencies,
): Promise<ApiRequest> {
  const { raw } = context.req;
  const query = new URL(raw.url).searchParams;
  const form = takesForm ? await readForm(raw, deps.options.max_form_bytes) : undefined;
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(
    raw.headers.get('Accept-Encoding') ?? '',
  );
  return {
    params: new Params({ query, form, path: context.req.param() }, declared),
    deps,
    signal: raw.signal,
    headers: raw.headers,
    body: form === undefined ? raw.body : null,
    gzipFromBytes: takesGzip ? deps.options.gzip_min_bytes : undefined,
  };
}

async function readForm(request: Request, maxBytes: number): Promise<URLSearchParams | undefined> {
  const type = request.headers.get('Content-Type') ?? '';
  if (request.method !== 'POST' || !type.startsWith(FORM)) return undefined;
  try {
    return new URLSearchParams((await readBody(request.body, maxBytes)).toString('utf8'));
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw new ApiError('bad_data', `error parsing form values: ${error.message}`, { cause: error });
  }
}

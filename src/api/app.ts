import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf, TidegaugeError } from '../model/index.ts';
import { type Answer, sendAnswer } from './answer.ts';
import { cors } from './cors.ts';
import type { ApiDependencies } from './dependencies.ts';
import { ApiError } from './errors.ts';
import { failure, noContent, plainFailure } from './respond.ts';
import { ROUTES } from './routes.ts';
import { allowed, Router, splitUrl, toRequest } from './routing.ts';
import { StaticFiles } from './static-files.ts';

/**
 * Answers a request: at once, or when the promise resolves, which never rejects. Then the answer is
 * on its way.
 */
export type App = (request: IncomingMessage, response: ServerResponse) => Promise<void> | undefined;

const API = '/api/v1/';
const NO_HEADERS: Readonly<Record<string, string>> = {};

/** Everything but the raw handlers: the routes of the table and the web page. */
export function createApp(deps: ApiDependencies): App {
  const router = new Router(ROUTES);
  const corsHeaders = cors(deps.options.cors_origin);
  const files = deps.uiDirectory === undefined ? undefined : new StaticFiles(deps.uiDirectory);
  return (request, response) => {
    const { path, query } = splitUrl(request.url ?? '/');
    const extra = path.startsWith(API) ? corsHeaders(request.headers.origin) : NO_HEADERS;
    const send = (answer: Answer): void => {
      if (!response.headersSent) sendAnswer(request, response, answer, extra);
    };
    const fail = (error: unknown): void => {
      // A client that has gone, maybe in the middle of its body, gets nothing.
      if (!response.destroyed) send(answerError(error, deps));
    };
    try {
      const answer = answerTo({ request, response, path, query, router, files, deps });
      if (answer instanceof Promise) return answer.then(send).catch(fail);
      send(answer);
    } catch (error) {
      fail(error);
    }
    return undefined;
  };
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: string;
  readonly router: Router;
  readonly files: StaticFiles | undefined;
  readonly deps: ApiDependencies;
}

function answerTo(asked: Asked): Answer | Promise<Answer> {
  const { request, response, path, query, router, deps } = asked;
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  if (method === 'OPTIONS' && path.startsWith(API)) return noContent();
  const found = router.find(path);
  if (found === undefined) {
    return pageOf(asked, method) ?? plainFailure('404 page not found', 404);
  }
  const mounted = found.methods.get(method);
  if (mounted === undefined) {
    const { status, headers, body } = plainFailure('Method Not Allowed', 405);
    return { status, headers: { ...headers, Allow: allowed(found.methods.keys()) }, body };
  }
  const { parts } = found;
  const read = toRequest(request, response, mounted, { query, parts }, deps);
  return read instanceof Promise
    ? read.then((whole) => mounted.route.handle(whole))
    : mounted.route.handle(read);
}

/** The page routes by itself: any path without a file extension is the page. */
function pageOf({ request, path, files }: Asked, method: string): Answer | undefined {
  if (files === undefined || method !== 'GET') return undefined;
  const wanted = path.includes('.') ? path : '/index.html';
  if (wanted === '/index.html' && /^\/(api|-|metrics)(\/|$)/.test(path)) return undefined;
  return files.answer(wanted, request.headers['accept-encoding'] ?? '');
}

function answerError(error: unknown, { logger }: ApiDependencies): Answer {
  if (error instanceof ApiError) return failure(error);
  const stack = error instanceof Error ? error.stack : undefined;
  if (!(error instanceof TidegaugeError)) {
    logger.error({ err: stack ?? messageOf(error) }, 'request failed by a bug');
  }
  return failure(new ApiError('internal', messageOf(error), { cause: error }));
}

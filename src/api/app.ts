import { Hono } from 'hono';
import { TidegaugeError } from '../model/index.ts';
import { cors } from './cors.ts';
import type { ApiDependencies } from './dependencies.ts';
import { ApiError } from './errors.ts';
import { failure, noContent, plainFailure } from './respond.ts';
import { ROUTES } from './routes.ts';
import { mountRoutes } from './routing.ts';
import { StaticFiles } from './static-files.ts';

/** Everything but the raw handlers: the routes of the table and the web page. */
export function createApp(deps: ApiDependencies): Hono {
  const app = new Hono();
  app.onError((error) => answerError(error, deps));
  app.use('/api/v1/*', cors(deps.options.cors_origin));
  app.options('/api/v1/*', noContent);
  mountRoutes(app, ROUTES, deps);
  if (deps.uiDirectory !== undefined) pageRoutes(app, new StaticFiles(deps.uiDirectory));
  app.notFound(() => plainFailure('404 page not found', 404));
  return app;
}

function pageRoutes(app: Hono, files: StaticFiles): void {
  app.get('*', async (context, next) => {
    const path = context.req.path;
    // The page routes by itself: any path without a file extension is the page.
    const wanted = path.includes('.') ? path : '/index.html';
    const isPage = wanted !== '/index.html' || !/^\/(api|-|metrics)(\/|$)/.test(path);
    const answer = isPage
      ? files.respond(wanted, context.req.header('Accept-Encoding') ?? '')
      : undefined;
    if (answer !== undefined) return answer;
    await next();
    return undefined;
  });
}

function answerError(error: Error, { logger }: ApiDependencies): Response {
  if (error instanceof ApiError) return failure(error);
  const known = error instanceof TidegaugeError;
  if (!known) logger.error({ err: error.stack ?? error.message }, 'request failed by a bug');
  return failure(new ApiError('internal', error.message, { cause: error }));
}

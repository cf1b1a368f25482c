import { Hono } from 'hono';
import { messageOf, TidegaugeError } from '../model/index.ts';
import { cors } from './cors.ts';
import type { ApiDependencies } from './dependencies.ts';
import { ApiError } from './errors.ts';
import { failure } from './respond.ts';
import type { ApiEnv } from './routing.ts';
import { readParams } from './routing.ts';
import { StaticFiles } from './static-files.ts';
import { exemplarRoutes } from './v1/exemplars.ts';
import { labelRoutes } from './v1/labels.ts';
import { metadataRoutes } from './v1/metadata.ts';
import { queryRoutes } from './v1/query.ts';
import { sourceRoutes } from './v1/sources.ts';
import { statusRoutes } from './v1/status.ts';
import { targetRoutes } from './v1/targets.ts';

const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };

/** All routes but the raw ones: the query API, management, own metrics, the web page. */
export function createApp(deps: ApiDependencies): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.onError((error) => answerError(error, deps));
  app.route('/api/v1', createV1(deps));
  managementRoutes(app, deps);
  app.get('/metrics', async () => {
    const body = await deps.registry.metrics();
    return new Response(body, { headers: { 'Content-Type': deps.registry.contentType } });
  });
  if (deps.uiDirectory !== undefined) pageRoutes(app, new StaticFiles(deps.uiDirectory));
  app.notFound(() => new Response('404 page not found\n', { status: 404, headers: PLAIN_TEXT }));
  return app;
}

function createV1(deps: ApiDependencies): Hono<ApiEnv> {
  const v1 = new Hono<ApiEnv>();
  v1.use(cors(deps.options.cors_origin));
  v1.options('*', () => new Response(null, { status: 204 }));
  v1.use(readParams(deps.options.max_form_bytes));
  queryRoutes(v1, deps);
  labelRoutes(v1, deps);
  exemplarRoutes(v1, deps);
  metadataRoutes(v1, deps);
  targetRoutes(v1, deps);
  sourceRoutes(v1, deps);
  statusRoutes(v1, deps);
  return v1;
}

function managementRoutes(app: Hono<ApiEnv>, { control, options, logger }: ApiDependencies): void {
  const text = (body: string, status = 200): Response =>
    new Response(body, { status, headers: PLAIN_TEXT });
  app.get('/-/healthy', () => text('Tidegauge is Healthy.\n'));
  app.get('/-/ready', () =>
    control.isReady() ? text('Tidegauge is Ready.\n') : text('Service Unavailable', 503),
  );
  app.on(['POST', 'PUT'], '/-/reload', async () => {
    if (!options.enable_lifecycle) return text('Lifecycle API is not enabled.\n', 403);
    try {
      await control.reload();
      return text('');
    } catch (error) {
      logger.error({ err: messageOf(error) }, 'reload failed, the old configuration stays');
      return text(`failed to reload config: ${messageOf(error)}\n`, 500);
    }
  });
}

function pageRoutes(app: Hono<ApiEnv>, files: StaticFiles): void {
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

import type { IncomingMessage, ServerResponse } from 'node:http';
import { IngestKernel } from '../kernel/index.ts';
import { Admission } from './admission.ts';
import { BufferPool } from './buffer-pool.ts';
import { type Push, type PushContext, type PushResult, runPush } from './exchange.ts';
import { rawPath, sendAnswer } from './http.ts';
import type { PushProtocol } from './metrics.ts';
import { handleOneShot, ONE_SHOT_PATH } from './oneshot/handler.ts';
import { OneShotJobs } from './oneshot/one-shot-jobs.ts';
import { groupsJson } from './pushgateway/api-json.ts';
import { expositionOf } from './pushgateway/exposition.ts';
import { isEmptyJobPath, isGroupPath } from './pushgateway/grouping.ts';
import { handleGroup } from './pushgateway/handler.ts';
import { Pushgateway } from './pushgateway/pushgateway.ts';
import { handleRemoteWrite, REMOTE_WRITE_PATH } from './remote-write/handler.ts';
import { handleTextPush, TEXT_PUSH_PATH } from './text/handler.ts';
import { TextSenders } from './text/text-senders.ts';
import { TroubleLog } from './trouble-log.ts';
import { Turns } from './turns.ts';

export interface PushDependencies
  extends Pick<PushContext, 'storage' | 'sources' | 'clock' | 'logger' | 'metrics' | 'options'> {
  /** Shown by `GET /api/v1/status`. */
  readonly version: string;
  /** Shared with the scrapes; one of its own unless set. */
  readonly kernel?: IngestKernel;
  /** Whether short jobs may push (`/tide/v1/oneshot`); true unless set. */
  readonly takesOneShots?: boolean;
}

/** Everything that takes pushes over HTTP. */
export interface PushHandlers {
  /**
   * Answers the request if its path is one of a push, and returns a promise that resolves, never
   * rejects, when it is answered. Undefined: the path is not, and nothing was done. Looks at the
   * raw path, so call it before any router that decodes.
   */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined;
  /** Takes up the Pushgateway groups that the storage holds. Await it before listening. */
  start(): Promise<void>;
  /** Stops sampling groups and waits for changes under way. Call it before the storage closes. */
  close(): Promise<void>;
}

interface Route {
  readonly methods: readonly string[];
  matches(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function createPushHandlers(dependencies: PushDependencies): PushHandlers {
  const { options, storage, clock, logger, metrics } = dependencies;
  const gateway = new Pushgateway({
    storage,
    clock,
    logger,
    metrics,
    resampleMs: options.pushgateway_resample_ms,
  });
  const jobs = new OneShotJobs(storage, clock, logger);
  const context: PushContext = {
    ...dependencies,
    admission: new Admission(options.max_in_flight_bytes),
    pool: new BufferPool(),
    turns: new Turns(),
    trouble: new TroubleLog(logger, clock),
  };
  const identityBytes = options.identity_cache_bytes;
  const kernel = dependencies.kernel ?? new IngestKernel({ identityBytes, clock });
  const routes = [
    ...(dependencies.takesOneShots === false ? [] : oneShotRoutes(context, jobs)),
    ...pushRoutes(context, kernel, gateway),
    ...gatewayRoutes(dependencies, gateway),
  ];
  return {
    handle: (request, response) => dispatch(routes, request, response),
    async start() {
      jobs.start();
      await gateway.start();
    },
    async close() {
      await jobs.close();
      await gateway.close();
    },
  };
}

function dispatch(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> | undefined {
  const path = rawPath(request);
  const route = routes.find((candidate) => candidate.matches(path));
  if (route === undefined) return undefined;
  if (route.methods.includes(request.method ?? '')) return route.handle(request, response);
  const headers = { allow: route.methods.join(', ') };
  sendAnswer(response, { statusCode: 405, body: 'Method Not Allowed\n', headers });
  return Promise.resolve();
}

function pushRoutes(context: PushContext, kernel: IngestKernel, gateway: Pushgateway): Route[] {
  const sender = { kernel, owner: kernel.openOwner(kernel.newContext(), false) };
  const senders = new TextSenders(kernel);
  const route = (
    protocol: PushProtocol,
    methods: readonly string[],
    matches: (path: string) => boolean,
    work: (push: Push) => Promise<PushResult>,
  ): Route => ({
    methods,
    matches,
    handle: (request, response) => runPush(context, protocol, { request, response }, work),
  });
  const isWrite = (path: string): boolean => path === REMOTE_WRITE_PATH;
  const isText = (path: string): boolean => path === TEXT_PUSH_PATH;
  return [
    route('remote-write', ['POST'], isWrite, (push) => handleRemoteWrite(push, context, sender)),
    route('text', ['POST', 'PUT'], isText, (push) => handleTextPush(push, context, senders)),
    { methods: ['POST', 'PUT', 'DELETE'], matches: isEmptyJobPath, handle: redirect },
    route('pushgateway', ['POST', 'PUT', 'DELETE'], isGroupPath, (push) =>
      handleGroup(push, context, gateway),
    ),
  ];
}

function oneShotRoutes(context: PushContext, jobs: OneShotJobs): Route[] {
  return [
    {
      methods: ['POST'],
      matches: (path) => path === ONE_SHOT_PATH,
      handle: (request, response) =>
        runPush(context, 'oneshot', { request, response }, (push) =>
          handleOneShot(push, context, jobs),
        ),
    },
  ];
}

// The Pushgateway's router sends an empty job to the path without the slash, which is none.
function redirect(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const location = rawPath(request).slice(0, -1);
  sendAnswer(response, { statusCode: 307, headers: { location } });
  return Promise.resolve();
}

/** What the Pushgateway serves beside its push API. */
function gatewayRoutes(dependencies: PushDependencies, gateway: Pushgateway): Route[] {
  const { clock, version, options } = dependencies;
  const startTime = new Date(clock.now()).toISOString();
  const get = (path: string, body: () => { type: string; text: string }): Route => ({
    methods: ['GET', 'HEAD'],
    matches: (asked) => asked === path,
    handle: (_request, response) => {
      const { type, text } = body();
      sendAnswer(response, { statusCode: 200, body: text, headers: { 'content-type': type } });
      return Promise.resolve();
    },
  });
  const json = (path: string, data: () => unknown): Route =>
    get(path, () => ({
      type: 'application/json',
      text: JSON.stringify({ status: 'success', data: data() }),
    }));
  const status = {
    build_information: { version },
    flags: {
      'push.max-body-bytes': String(options.max_body_bytes),
      'push.pushgateway-resample-ms': String(options.pushgateway_resample_ms),
      'web.enable-admin-api': String(options.pushgateway_admin),
    },
    start_time: startTime,
  };
  const exposition = 'text/plain; version=0.0.4; charset=utf-8';
  return [
    get('/metrics/pushed', () => ({ type: exposition, text: expositionOf(gateway.groups()) })),
    json('/api/v1/metrics', () => groupsJson(gateway.groups())),
    json('/api/v1/status', () => status),
    {
      methods: ['PUT'],
      matches: (path) => path === '/api/v1/admin/wipe',
      handle: (_request, response) => wipe(dependencies, gateway, response),
    },
  ];
}

async function wipe(
  { options, logger }: PushDependencies,
  gateway: Pushgateway,
  response: ServerResponse,
): Promise<void> {
  if (!options.pushgateway_admin) {
    const body = 'the admin API of the Pushgateway is off: set pushgateway_admin to use it\n';
    sendAnswer(response, { statusCode: 403, body });
    return;
  }
  try {
    await gateway.wipe();
    sendAnswer(response, { statusCode: 202 });
  } catch (error) {
    logger.error({ error: String(error) }, 'Pushgateway groups could not be wiped');
    sendAnswer(response, { statusCode: 503, body: 'the groups could not be deleted\n' });
  }
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Histogram } from 'prom-client';
import { createApp } from './app.ts';
import type { ApiDependencies } from './dependencies.ts';
import { closeServer, listen } from './listen.ts';
import { ROUTES } from './routes.ts';
import { type TlsDependencies, TlsListener } from './tls/tls-listener.ts';
import type { TlsOptions } from './tls/options.ts';
import { serveWithoutUpgrade } from './without-upgrade.ts';

export interface HttpServer {
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly url: string;
  /** The same for TLS; undefined where that is off. */
  readonly tlsUrl: string | undefined;
  /** Reads certificates again. @throws TlsMaterialError, and those in force stay. */
  reloadTls(options: TlsOptions): void;
  /** Takes no new connections and waits, within the shutdown timeout, for requests under way. */
  close(): Promise<void>;
}

/**
 * Listens and serves. Raw handlers are asked first, on node's own request and response, so that
 * bodies of pushes reach them as bytes; everything else goes to the routed app.
 *
 * @throws ListenError
 */
export async function startHttpServer(deps: ApiDependencies): Promise<HttpServer> {
  const serve = serverOf(deps);
  // Health checkers that speak HTTP/1.0 send no Host.
  const server = createServer({ requireHostHeader: false });
  serve(server);
  const url = await listen(server, deps.options.listen, 'http');
  const closeMs = deps.options.shutdown_timeout_ms;
  let tls: TlsListener | undefined;
  try {
    if (deps.tls !== undefined) tls = await TlsListener.start(deps.tls, deps, serve);
  } catch (error) {
    await closeServer(server, server, closeMs);
    throw error;
  }
  return {
    url,
    tlsUrl: tls?.url,
    reloadTls: (options) => tls?.reload(options),
    close: async () => {
      await Promise.all([closeServer(server, server, closeMs), tls?.close(closeMs)]);
    },
  };
}

/** Has a server answer all that this one answers. */
function serverOf(deps: ApiDependencies) {
  const app = createApp(deps);
  const observe = requestMetrics(deps);
  /** `faultOf` says why a request is not even looked at. */
  return (server: Server | SecureServer, faultOf?: TlsDependencies['faultOf']): void => {
    server.on('request', (request, response) => {
      observe(request, response);
      const fault = faultOf?.(request);
      if (fault !== undefined) {
        response.writeHead(401, { 'content-type': 'text/plain; charset=utf-8' });
        response.end(`${fault}\n`);
        return;
      }
      // What a browser asks beforehand is the same for all paths of the API.
      const asksBeforehand = request.method === 'OPTIONS' && request.url?.startsWith('/api/v1/');
      for (const raw of asksBeforehand === true ? [] : deps.rawHandlers) {
        if (raw.handle(request, response) !== undefined) return;
      }
      void app(request, response);
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (deps.rawHandlers.some((raw) => raw.upgrade?.(request, socket, head) === true)) return;
      serveWithoutUpgrade(server, request, socket, head);
    });
    // A sender that dribbles its headers must not hold a socket for ever; bodies have their own
    // limits where they are read.
    server.headersTimeout = 10_000;
    server.requestTimeout = 300_000;
    server.keepAliveTimeout = 75_000;
  };
}

/** Counts and times every request by a handler name of few values, never by the raw path. */
function requestMetrics({ registry }: ApiDependencies) {
  const durations = new Histogram({
    name: 'tidegauge_http_request_duration_seconds',
    help: 'Time from request to end of answer, by handler and status code.',
    labelNames: ['handler', 'method', 'code'],
    buckets: [0.001, 0.01, 0.1, 1, 10],
    registers: [registry],
  });
  return (request: IncomingMessage, response: ServerResponse): void => {
    const start = performance.now();
    response.once('close', () => {
      const handler = handlerName(request.url ?? '');
      const labels = { handler, method: request.method ?? '', code: response.statusCode };
      durations.observe(labels, (performance.now() - start) / 1000);
    });
  };
}

const PUSH_PATHS = [
  ...['/api/v1/write', '/api/v1/push', '/tide/v1/poll', '/tide/v1/oneshot', '/tide/v1/enroll'],
];
const FIXED_PATHS = new Set([...ROUTES.map(({ path }) => path), ...PUSH_PATHS]);

/** The path where it is that of a route, else what it begins with. */
function handlerName(url: string): string {
  const end = url.search(/[?#]/);
  const path = end < 0 ? url : url.slice(0, end);
  if (FIXED_PATHS.has(path)) return path;
  if (path.startsWith('/metrics/')) return '/metrics/*';
  if (path.startsWith('/api/v1/agents/')) return '/api/v1/agents/*';
  if (/^\/api\/v1\/label\/[^/]+\/values$/.test(path)) return '/api/v1/label/{name}/values';
  return path.startsWith('/api/') ? '/api/*' : '/*';
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Histogram } from 'prom-client';
import { messageOf, TidegaugeError } from '../model/index.ts';
import { createApp } from './app.ts';
import type { ApiDependencies } from './dependencies.ts';
import { ROUTES } from './routes.ts';
import { serveWithoutUpgrade } from './without-upgrade.ts';

/** The address could not be listened on. */
export class ListenError extends TidegaugeError {
  readonly code = 'listen_failed';
}

export interface HttpServer {
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly url: string;
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
  const app = createApp(deps);
  const observe = requestMetrics(deps);
  // Health checkers that speak HTTP/1.0 send no Host.
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    observe(request, response);
    // What a browser asks beforehand is the same for all paths of the API.
    const asksBeforehand = request.method === 'OPTIONS' && request.url?.startsWith('/api/v1/');
    for (const raw of asksBeforehand === true ? [] : deps.rawHandlers) {
      if (raw.handle(request, response) !== undefined) return;
    }
    void app(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    if (deps.rawHandlers.some((raw) => raw.upgrade?.(request, socket, head) === true)) return;
    serveWithoutUpgrade(server, request, socket, head);
  });
  // A sender that dribbles its headers must not hold a socket for ever; bodies have their own
  // limits where they are read.
  server.headersTimeout = 10_000;
  server.requestTimeout = 300_000;
  server.keepAliveTimeout = 75_000;
  const { host, port } = splitAddress(deps.options.listen);
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const shownHost = host === '' || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const bracketed = shownHost.includes(':') ? `[${shownHost}]` : shownHost;
  return {
    url: `http://${bracketed}:${address.port}`,
    close: () => closeServer(server, deps.options.shutdown_timeout_ms),
  };
}

function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(listen.slice(colon + 1)) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new ListenError(`cannot listen on ${host}:${port}: ${messageOf(error)}`));
    });
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
}

function closeServer(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), timeoutMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
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

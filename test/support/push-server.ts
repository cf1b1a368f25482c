import { createServer, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IngestKernel } from '../../src/ingest/kernel/index.ts';
import {
  createPushHandlers,
  noPushMetrics,
  type PushMetrics,
  type PushOptions,
  pushOptionsSchema,
} from '../../src/ingest/push/index.ts';
import { SourceRegistry } from '../../src/sources/index.ts';
import type { Storage } from '../../src/storage/api.ts';
import { silentLogger } from '../../src/telemetry/index.ts';
import { type Clock, systemClock } from '../../src/util/index.ts';

export interface PushServerOptions {
  readonly storage: Storage;
  readonly clock?: Clock;
  readonly metrics?: PushMetrics;
  readonly options?: Partial<PushOptions>;
  readonly kernel?: IngestKernel;
}

export interface PushAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface PushServer {
  readonly port: number;
  readonly sources: SourceRegistry;
  /** Sends one request, the target as it stands, and resolves with the answer. */
  readonly send: (
    method: string,
    target: string,
    body?: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<PushAnswer>;
  close(): Promise<void>;
}

/** The push handlers on a real server on the loopback address, over any storage. */
export async function startPushServer(settings: PushServerOptions): Promise<PushServer> {
  const clock = settings.clock ?? systemClock;
  const sources = new SourceRegistry({ clock });
  const handlers = createPushHandlers({
    storage: settings.storage,
    sources,
    clock,
    logger: silentLogger,
    metrics: settings.metrics ?? noPushMetrics,
    options: pushOptionsSchema.parse(settings.options ?? {}),
    version: '0.0.0-test',
    ...(settings.kernel === undefined ? {} : { kernel: settings.kernel }),
  });
  await handlers.start();
  const server = createServer((request, response) => {
    if (handlers.handle(request, response) !== undefined) return;
    response.writeHead(404).end('no push');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    sources,
    send: (method, target, body, headers) => send(port, { method, target, body, headers }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await handlers.close();
    },
  };
}

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly body: string | Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

function send(port: number, { method, target, body, headers }: Sent): Promise<PushAnswer> {
  return new Promise((resolve, reject) => {
    const path = target;
    const options = { host: '127.0.0.1', port, method, path, agent: false };
    const request = httpRequest({ ...options, headers: { ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

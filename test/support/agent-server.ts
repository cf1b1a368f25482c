import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ApiDependencies } from '../../src/api/index.ts';
import { startHttpServer } from '../../src/api/index.ts';
import type { CollectorMessage } from '../../src/formats/tide/index.ts';
import type { AgentSessions } from '../../src/ingest/index.ts';
import { agentsOptionsSchema, createAgentSessions } from '../../src/ingest/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { silentLogger } from '../../src/telemetry/index.ts';
import { type Clock, systemClock } from '../../src/util/index.ts';
import { createTestApi } from './api-app.ts';
import { collectorMessages } from './scripted-agent.ts';

/** Sessions, API and store behind a real socket. */
export interface AgentServer {
  readonly url: string;
  readonly agents: AgentSessions;
  json(path: string, init?: RequestInit): Promise<{ status: number; body: unknown }>;
  /** Opens a WebSocket; resolves when it is open. */
  connect(headers?: Record<string, string>): Promise<SocketClient>;
  /** Status and headers of an upgrade that is refused. */
  refusal(
    headers?: Record<string, string>,
    protocols?: string[],
  ): Promise<{ status: number; retryAfter: string | undefined }>;
  close(): Promise<void>;
}

export async function startAgentServer(
  storage: Storage,
  options: Record<string, unknown> = {},
  clock: Clock = systemClock,
): Promise<AgentServer> {
  const api = createTestApi({ storage, clock });
  const agents = createAgentSessions({
    ...{ storage, sources: api.sources, clock, logger: silentLogger, runId: 'run' },
    options: agentsOptionsSchema.parse(options),
  });
  const deps: ApiDependencies = {
    ...api.deps,
    options: { ...api.deps.options, listen: '127.0.0.1:0' },
    agents: agents.sessions,
    rawHandlers: [agents],
  };
  const server = await startHttpServer(deps);
  const target = `${server.url.replace('http', 'ws')}/tide/v1/session`;
  return {
    url: server.url,
    agents,
    async json(path, init) {
      const response = await fetch(`${server.url}${path}`, init);
      return { status: response.status, body: await response.json() };
    },
    async connect(headers = {}) {
      const socket = new WebSocket(target, ['tide.v1'], { headers, perMessageDeflate: false });
      const client = new SocketClient(socket);
      await once(socket, 'open');
      return client;
    },
    refusal(headers = {}, protocols = ['tide.v1']) {
      const socket = new WebSocket(target, protocols, { headers });
      return new Promise((resolve, reject) => {
        socket.on('unexpected-response', (_request, response) => {
          const status = response.statusCode ?? 0;
          resolve({ status, retryAfter: response.headers['retry-after'] });
          response.resume();
        });
        socket.on('open', () => reject(new Error('the upgrade was not refused')));
        socket.on('error', () => {
          // The answer is what counts.
        });
      });
    },
    async close() {
      await agents.close();
      await server.close();
      await api.close();
    },
  };
}

/** The agent's end of a WebSocket, to be told what to send and asked what came. */
export class SocketClient {
  readonly messages: CollectorMessage[] = [];
  readonly socket: WebSocket;
  closed: { readonly code: number; readonly reason: string } | undefined;
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.messages.push(...collectorMessages(data as Buffer));
      this.#wake();
    });
    socket.on('error', () => {
      // `close` follows.
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
  }

  send(...frames: Uint8Array[]): void {
    for (const frame of frames) this.socket.send(frame);
  }

  /** The first message of a type, from now or before, that fits. */
  async message<T extends CollectorMessage['type']>(
    type: T,
    fits: (message: Extract<CollectorMessage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<CollectorMessage, { type: T }>> {
    for (;;) {
      for (const message of this.messages) {
        const typed = message as Extract<CollectorMessage, { type: T }>;
        if (message.type === type && fits(typed)) return typed;
      }
      if (this.closed !== undefined) throw new Error(`closed: ${this.closed.reason}`);
      await this.#next();
    }
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    while (this.closed === undefined) await this.#next();
    return this.closed;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake;
      this.#wake = () => {
        before();
        resolve();
      };
    });
  }
}

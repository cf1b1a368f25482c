import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../model/index.ts';
import { rawPath, sendAnswer } from '../push/http.ts';
import { ONE_SHOT_PATH } from '../push/oneshot/handler.ts';
import { type Authority, Credentials } from './identity/index.ts';
import type { AgentsOptions } from './options.ts';
import type { SessionServerDependencies } from './session-parts.ts';
import { SessionServer } from './session-server.ts';
import { Door } from './transport/door.ts';
import { ENROLL_PATH, handleEnrolment } from './transport/enrolment.ts';
import { LongPollTransport, POLL_PATH } from './transport/long-poll.ts';
import { ConnectionRefusedError, refusalHeaders } from './transport/refusal.ts';
import { SESSION_PATH, WebSocketTransport } from './transport/web-socket.ts';

/** Everything that agents connect to. */
export interface AgentSessions {
  readonly sessions: SessionServer;
  readonly credentials: Credentials;
  /** As a raw handler of the HTTP server: undefined where the path is none of its own. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined;
  /** Takes a request to upgrade, or refuses it; false where the path is none of its own. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** What is wrong with a request's client certificate; enrolment needs none. */
  certificateFault(request: IncomingMessage): string | undefined;
  /**
   * Reads token files again, and takes policies over.
   * @throws TokenFileError, and what was read before stays in force.
   */
  reload(options: Pick<AgentsOptions, 'policies'>): void;
  /** Sends agents away and waits for writes. Call it before the HTTP server closes. */
  close(): Promise<void>;
}

export interface AgentSessionsDependencies extends Omit<SessionServerDependencies, 'identity'> {
  /** Who signs certificates of agents; undefined where there is no TLS. */
  readonly authority?: Authority | undefined;
}

/**
 * Puts the collector's end of agents' sessions together, and takes up what the store holds.
 * @throws TokenFileError
 */
export function createAgentSessions(deps: AgentSessionsDependencies): AgentSessions {
  const { storage, clock, options, logger } = deps;
  const credentials = new Credentials({
    storage,
    clock,
    tokenFile: options.token_file,
    joinTokenFile: options.join_token_file,
    authority: deps.authority,
    certificateLifetimeMs: options.certificate_lifetime_ms,
  });
  const sessions = new SessionServer({ ...deps, identity: credentials });
  const door = new Door(sessions, credentials, clock, options);
  const webSocket = new WebSocketTransport(sessions, door, clock);
  const poll = new LongPollTransport({ sessions, door, clock, heartbeatMs: options.heartbeat_ms });
  sessions.start();
  const handlers: Record<string, (one: IncomingMessage, two: ServerResponse) => Promise<void>> = {
    [POLL_PATH]: (request, response) => poll.handle(request, response),
    [ENROLL_PATH]: (request, response) => handleEnrolment(credentials, request, response),
  };
  return {
    sessions,
    credentials,
    handle(request, response) {
      const path = rawPath(request);
      if (path === ONE_SHOT_PATH) return refuseUnknown(door, request, response);
      if (path === SESSION_PATH) {
        const headers = { upgrade: 'websocket', connection: 'Upgrade' };
        const body = 'this path takes WebSocket connections only\n';
        sendAnswer(response, { statusCode: 426, body, headers });
        return Promise.resolve();
      }
      const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
      if (handler === undefined) return undefined;
      if (request.method !== 'POST') {
        const answer = {
          statusCode: 405,
          body: 'Method Not Allowed\n',
          headers: { allow: 'POST' },
        };
        sendAnswer(response, answer);
        return Promise.resolve();
      }
      return handler(request, response).catch((error: unknown) => {
        logger.error({ err: messageOf(error) }, 'a request of an agent failed');
        sendAnswer(response, { statusCode: 500, body: 'internal error\n' });
      });
    },
    upgrade(request, socket, head) {
      if (rawPath(request) !== SESSION_PATH) return false;
      try {
        webSocket.upgrade(request, socket, head);
      } catch (error) {
        if (!(error instanceof ConnectionRefusedError)) throw error;
        deps.metrics?.refused(error.statusCode);
        refuseUpgrade(socket, error);
      }
      return true;
    },
    certificateFault(request) {
      if (rawPath(request) === ENROLL_PATH) return undefined;
      return door.certificateFault(request);
    },
    reload({ policies }) {
      credentials.reload();
      sessions.configure(policies);
    },
    close: () => sessions.close(),
  };
}

/** Lets a request on to whoever handles it, unless its credentials are wrong. */
function refuseUnknown(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> | undefined {
  try {
    door.check(request);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConnectionRefusedError)) throw error;
    const { statusCode, message } = error;
    sendAnswer(response, { statusCode, body: `${message}\n`, headers: refusalHeaders(error) });
    return Promise.resolve();
  }
}

/** An answer on a socket that node has handed over. */
function refuseUpgrade(socket: Duplex, error: ConnectionRefusedError): void {
  const body = `${error.message}\n`;
  const headers = {
    ...refusalHeaders(error),
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = `HTTP/1.1 ${error.statusCode} Refused\r\n${lines.join('\r\n')}\r\n\r\n`;
  socket.on('error', () => socket.destroy());
  socket.end(head + body);
}

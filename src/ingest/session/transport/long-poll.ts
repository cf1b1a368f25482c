import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CancelTimer, Clock } from '../../../util/index.ts';
import type { AgentConnection, CloseKind, Principal } from '../agent-connection.ts';
import { remoteAddress } from '../../push/http.ts';
import type { SessionServer } from '../session-server.ts';
import type { Door } from './door.ts';
import { readRequest } from './read-request.ts';
import { ConnectionRefusedError, refusalHeaders } from './refusal.ts';

export const POLL_PATH = '/tide/v1/poll';

const BODY_BYTES_MAX = 1 << 20;
const WAIT_MS_MAX = 30_000;
/** The first answer of a session waits so long for the answer to HELLO. */
const WELCOME_WAIT_MS = 1000;
const BUFFERED_BYTES_MAX = 1 << 20;
/** A session that is over is remembered so long, for its last frames to be fetched. */
const LINGER_MS = 30_000;

interface Options {
  readonly sessions: SessionServer;
  readonly door: Door;
  readonly clock: Clock;
  readonly heartbeatMs: number;
}

/** Sessions over plain HTTP: frames in the bodies of requests and answers. */
export class LongPollTransport {
  readonly #options: Options;
  readonly #polls = new Map<string, PollConnection>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Answers a POST. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (!(error instanceof ConnectionRefusedError)) throw error;
      if (response.headersSent) return;
      response.writeHead(error.statusCode, refusalHeaders(error)).end(`${error.message}\n`);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = request.headers['tide-session'];
    const poll = typeof token === 'string' ? this.#polls.get(token) : undefined;
    if (token !== undefined && poll === undefined) {
      throw new ConnectionRefusedError(410, 'the session is not known: begin again with HELLO');
    }
    const waitMs = Math.min(WAIT_MS_MAX, Math.max(0, Number(request.headers['tide-wait'] ?? 0)));
    if (poll !== undefined) {
      // A session's number is no proof of who asks.
      const { agentId } = this.#options.door.check(request);
      if (agentId !== poll.principal.agentId) {
        throw new ConnectionRefusedError(403, 'the session is not of this token');
      }
    }
    const principal = poll === undefined ? this.#options.door.enter(request) : poll.principal;
    const body = await readRequest(request, BODY_BYTES_MAX);
    const open = poll ?? this.#open(principal, remoteAddress(request));
    open.touch();
    await open.ready();
    if (body.length > 0) this.#options.sessions.receive(open.id, body);
    // WELCOME comes as soon as the epoch is stored.
    const leastMs = poll === undefined ? WELCOME_WAIT_MS : 0;
    await open.wait(Math.max(leastMs, Number.isFinite(waitMs) ? waitMs : 0), response);
    open.answer(response);
  }

  #open(principal: Principal, address: string): PollConnection {
    const { sessions, clock, heartbeatMs } = this.#options;
    const token = randomBytes(18).toString('base64url');
    const connection = new PollConnection({
      ...{ token, principal, address, clock },
      silenceMs: 2.5 * heartbeatMs,
      lost: () => sessions.lost(connection.id),
      over: () => this.#polls.delete(token),
    });
    this.#polls.set(token, connection);
    connection.id = sessions.attach(connection, principal);
    return connection;
  }
}

interface PollOptions {
  readonly token: string;
  readonly principal: Principal;
  readonly address: string;
  readonly clock: Clock;
  readonly silenceMs: number;
  lost(): void;
  over(): void;
}

class PollConnection implements AgentConnection {
  id = 0;
  readonly transport = 'poll';
  readonly address: string;
  readonly principal: Principal;
  readonly #options: PollOptions;
  #frames: Uint8Array[] = [];
  #frameBytes = 0;
  #closed: string | undefined;
  #endWait: (() => void) | undefined;
  #waiters: (() => void)[] | undefined;
  #cancelTimer: CancelTimer = () => {};

  constructor(options: PollOptions) {
    this.#options = options;
    this.address = options.address;
    this.principal = options.principal;
  }

  /** The agent has asked: it is there. */
  touch(): void {
    if (this.#closed !== undefined) return;
    this.#cancelTimer();
    const { clock, silenceMs } = this.#options;
    this.#cancelTimer = clock.setTimer(Math.max(silenceMs, WAIT_MS_MAX + silenceMs), () => {
      this.#options.lost();
      this.#options.over();
    });
  }

  /** Resolves when the collector takes frames. */
  ready(): Promise<void> {
    if (this.#waiters === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiters?.push(resolve));
  }

  /** Resolves when there is something to answer, or the time is over. */
  wait(waitMs: number, response: ServerResponse): Promise<void> {
    if (waitMs === 0 || this.#frames.length > 0 || this.#closed !== undefined) {
      return Promise.resolve();
    }
    this.#endWait?.();
    return new Promise((resolve) => {
      const end = (): void => {
        cancelTimer();
        if (this.#endWait === end) this.#endWait = undefined;
        resolve();
      };
      const cancelTimer = this.#options.clock.setTimer(waitMs, end);
      this.#endWait = end;
      response.once('close', end);
    });
  }

  /** Sends what waits. */
  answer(response: ServerResponse): void {
    if (response.destroyed) return;
    const body = Buffer.concat(this.#frames);
    this.#frames = [];
    this.#frameBytes = 0;
    const headers: Record<string, string | number> = {
      'content-type': 'application/octet-stream',
      'content-length': body.length,
      'tide-session': this.#options.token,
    };
    if (this.#closed !== undefined) {
      headers['tide-close'] = this.#closed;
      this.#cancelTimer();
      this.#options.over();
    }
    response.writeHead(200, headers).end(body);
  }

  send(frame: Uint8Array): boolean {
    if (this.#frameBytes > BUFFERED_BYTES_MAX) return false;
    this.#frames.push(frame);
    this.#frameBytes += frame.length;
    // After all that is sent in this turn.
    setImmediate(() => this.#endWait?.());
    return true;
  }

  close(_kind: CloseKind, reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200) || 'closed';
    this.#endWait?.();
    this.resume();
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.setTimer(LINGER_MS, () => this.#options.over());
  }

  pause(): void {
    this.#waiters ??= [];
  }

  resume(): void {
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    for (const resolve of waiters) resolve();
  }
}

import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { TokenBucket } from '../../../sources/index.ts';
import type { Clock } from '../../../util/index.ts';
import type { Principal } from '../agent-connection.ts';
import type { Caller, Credentials } from '../identity/index.ts';
import type { AgentsOptions } from '../options.ts';
import type { SessionServer } from '../session-server.ts';
import { ConnectionRefusedError } from './refusal.ts';

/** Headers of proxies. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** The longest that one who is refused is told to wait. */
const MAX_WAIT_MS = 60_000;

/**
 * Who may open a session, and how many in a second. What is refused costs the collector no more
 * than reading a request's headers: all agents come back at once after a restart.
 */
export class Door {
  readonly #sessions: SessionServer;
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  readonly #options: AgentsOptions;
  readonly #bucket: TokenBucket;
  /** When those refused so far will have had their turn. */
  #turnMs = 0;

  constructor(
    sessions: SessionServer,
    credentials: Credentials,
    clock: Clock,
    options: AgentsOptions,
  ) {
    this.#sessions = sessions;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#options = options;
    this.#bucket = new TokenBucket(options.accept_per_second, options.accept_burst);
  }

  /** Lets a new session in. @throws ConnectionRefusedError */
  enter(request: IncomingMessage): Principal {
    const { reconnect_spread_ms: spreadMs, max_sessions: most } = this.#options;
    const spreadSeconds = Math.max(1, Math.ceil(spreadMs / 1000));
    if (this.#sessions.isClosing) {
      throw new ConnectionRefusedError(503, 'the collector is stopping', spreadSeconds);
    }
    const nowMs = this.#clock.monotonic();
    if (!this.#bucket.ready(nowMs)) {
      const text = `too many new sessions at once, ${this.#options.accept_per_second} a second`;
      throw new ConnectionRefusedError(503, text, this.#turnSeconds(nowMs));
    }
    const principal = this.check(request);
    if (this.#sessions.connectionCount >= most) {
      throw new ConnectionRefusedError(503, `${most} sessions are open, the limit`, 60);
    }
    this.#bucket.spend(1);
    return principal;
  }

  /** Why a request's client certificate is not accepted, or that there is none. */
  certificateFault(request: IncomingMessage): string | undefined {
    try {
      this.#credentials.check({ ...callerOf(request), authorization: undefined });
      return undefined;
    } catch (error) {
      if (error instanceof ConnectionRefusedError) return error.message;
      throw error;
    }
  }

  /**
   * Seconds until it is the turn of one more that was refused: as many come as are let in. Whoever
   * knocks is counted, known or not, so the queue is no longer than agents may be told to wait.
   */
  #turnSeconds(nowMs: number): number {
    const aheadMs = Math.max(0, this.#turnMs - nowMs);
    const waitMs = Math.min(aheadMs + 1000 / this.#options.accept_per_second, MAX_WAIT_MS);
    this.#turnMs = nowMs + waitMs;
    return Math.max(1, Math.ceil(waitMs / 1000));
  }

  /** Who asks. @throws ConnectionRefusedError */
  check(request: IncomingMessage): Principal {
    return this.#credentials.check(callerOf(request));
  }
}

function callerOf({ headers, socket }: IncomingMessage): Caller {
  const isEncrypted = socket instanceof TLSSocket;
  return {
    authorization: headers.authorization,
    remoteAddress: socket.remoteAddress ?? '',
    isForwarded: FORWARDED.some((name) => headers[name] !== undefined),
    isEncrypted,
    certificate: isEncrypted ? socket.getPeerX509Certificate() : undefined,
  };
}

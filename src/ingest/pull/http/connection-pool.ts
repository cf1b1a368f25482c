import { connect as connectNet, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Clock } from '../../../util/index.ts';
import { type ConnectionOwner, HttpConnection, type OnRead } from './http-connection.ts';
import type { ResponseHead } from './response-head.ts';

const CONNECT_TIMEOUT_MS = 30_000;

/** Longer than any usual scrape interval, so that connections live from scrape to scrape. */
const KEEP_ALIVE_MS = 300_000;

/** So much before the time that a server names, its connection is not used any more. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** TLS sessions that are kept, to be resumed. */
const SESSIONS_MAX = 1000;

/** How servers with TLS are spoken to. */
export interface TlsSettings {
  readonly context: SecureContext;
  readonly verifies: boolean;
  /** The name asked for and verified in place of the host's. */
  readonly serverName: string | undefined;
}

/** Connections to the servers of one scrape configuration, kept alive by origin. */
export class ConnectionPool implements ConnectionOwner {
  readonly #tls: TlsSettings;
  readonly #clock: Clock;
  /** Free connections by origin, the one used last at the end. */
  readonly #free = new Map<string, HttpConnection[]>();
  readonly #originOf = new Map<HttpConnection, string>();
  readonly #sessions = new Map<string, Buffer>();
  #isClosed = false;

  constructor(tls: TlsSettings, clock: Clock) {
    this.#tls = tls;
    this.#clock = clock;
  }

  /** A connection for one exchange: one that was kept, unless a new one is wanted. */
  take(url: URL, isNewWanted: boolean): HttpConnection {
    const kept = isNewWanted ? undefined : this.#takeFree(url.origin);
    if (kept !== undefined) return kept;
    const opened = new HttpConnection(
      (onread) => this.#open(url, onread),
      this,
      CONNECT_TIMEOUT_MS,
    );
    this.#originOf.set(opened, url.origin);
    return opened;
  }

  #takeFree(origin: string): HttpConnection | undefined {
    const free = this.#free.get(origin);
    for (;;) {
      const connection = free?.pop();
      if (connection === undefined) return undefined;
      if (this.#clock.monotonic() < connection.usableUntilMs) return connection;
      connection.destroy();
    }
  }

  /** Closes free connections now, and the others when they are done. */
  close(): void {
    this.#isClosed = true;
    for (const connections of this.#free.values()) {
      for (const connection of connections) connection.destroy();
    }
    this.#free.clear();
  }

  onFree(connection: HttpConnection, head: ResponseHead | undefined): void {
    const origin = this.#originOf.get(connection);
    const keepMs = Math.min(KEEP_ALIVE_MS, namedTimeoutMs(head) - KEEP_ALIVE_MARGIN_MS);
    if (this.#isClosed || origin === undefined || keepMs <= 0) {
      connection.destroy();
      return;
    }
    connection.usableUntilMs = this.#clock.monotonic() + keepMs;
    connection.keep(KEEP_ALIVE_MS);
    const free = this.#free.get(origin);
    if (free === undefined) this.#free.set(origin, [connection]);
    else free.push(connection);
  }

  onClosed(connection: HttpConnection): void {
    const origin = this.#originOf.get(connection) ?? '';
    this.#originOf.delete(connection);
    const free = this.#free.get(origin);
    const index = free?.indexOf(connection) ?? -1;
    if (index >= 0) free?.splice(index, 1);
    if (free?.length === 0) this.#free.delete(origin);
  }

  #open(url: URL, onread: OnRead): Socket {
    // Of an IPv6 address the URL has brackets around it.
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isTls = url.protocol === 'https:';
    const port = Number(url.port || (isTls ? 443 : 80));
    if (!isTls) return connectNet({ host, port, onread });
    const { context, verifies, serverName } = this.#tls;
    const session = this.#sessions.get(url.origin);
    const socket = connectTls({
      ...{ host, port, onread, secureContext: context, rejectUnauthorized: verifies },
      servername: serverName ?? (isIP(host) === 0 ? host : ''),
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
    });
    socket.on('session', (ticket: Buffer) => this.#keepSession(url.origin, ticket));
    socket.once('error', () => this.#sessions.delete(url.origin));
    return socket;
  }

  #keepSession(origin: string, session: Buffer): void {
    this.#sessions.delete(origin);
    this.#sessions.set(origin, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
  }
}

/** How long the server says that it keeps the connection; for ever where it does not say. */
function namedTimeoutMs(head: ResponseHead | undefined): number {
  const seconds = /(?:^|[\s,])timeout=(\d{1,9})(?:$|[\s,])/i.exec(
    head?.fields.get('keep-alive') ?? '',
  )?.[1];
  return seconds === undefined ? Infinity : Number(seconds) * 1000;
}

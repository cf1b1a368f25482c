import type { IncomingMessage } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import { closeServer, listen } from '../listen.ts';
import type { TlsOptions } from './options.ts';
import type { TlsMaterial, TlsMaterialSource } from './tls-material.ts';

const WATCH_MS = 5_000;
const FIRST_BYTE_TIMEOUT_MS = 10_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const WARN_BEFORE_MS = 7 * 86_400_000;
/** How TLS begins: a record of a handshake. */
const HANDSHAKE = 0x16;
const VERSIONS = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;

const PLAIN_TEXT = 'this port speaks TLS: use https:// where you have http://\n';
const PLAIN_ANSWER = [
  ...['HTTP/1.1 400 Bad Request', 'content-type: text/plain; charset=utf-8', 'connection: close'],
  ...[`content-length: ${PLAIN_TEXT.length}`, '', PLAIN_TEXT],
].join('\r\n');

export interface TlsDependencies {
  readonly material: TlsMaterialSource;
  /** Certificate of the authority whose client certificates are asked for, PEM. */
  readonly clientAuthorityPem: string;
  /** What is wrong with who asks, for a listener that requires certificates. */
  readonly faultOf: (request: IncomingMessage) => string | undefined;
}

/**
 * A listener with TLS before what a plain one serves. Certificates of clients are asked for and
 * looked at where a request is answered, so that what is wrong with one can be said in words.
 */
export class TlsListener {
  readonly url: string;
  readonly #material: TlsMaterialSource;
  readonly #clientAuthorityPem: string;
  readonly #secure: SecureServer;
  readonly #raw: Server;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #cancelWatch: CancelTimer = () => {};

  private constructor(
    url: string,
    servers: { secure: SecureServer; raw: Server },
    { material, clientAuthorityPem }: TlsDependencies,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.url = url;
    this.#secure = servers.secure;
    this.#raw = servers.raw;
    this.#material = material;
    this.#clientAuthorityPem = clientAuthorityPem;
    this.#clock = clock;
    this.#logger = logger;
    this.#watch();
  }

  /**
   * Listens; `serve` says what is answered.
   * @throws ListenError, TlsMaterialError
   */
  static async start(
    deps: TlsDependencies,
    parts: { readonly clock: Clock; readonly logger: Logger },
    serve: (server: SecureServer, faultOf: TlsDependencies['faultOf'] | undefined) => void,
  ): Promise<TlsListener> {
    const { material, clientAuthorityPem } = deps;
    const secure = createSecureServer({
      ...contextOf(material.load(), material.options, clientAuthorityPem),
      requireHostHeader: false,
      requestCert: true,
      // Who shows what is wrong is told so in the answer, not by an alert.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    const isRequired = material.options.client_certificates === 'require';
    serve(secure, isRequired ? deps.faultOf : undefined);
    const raw = createServer({ noDelay: true }, (socket) => begin(socket, secure));
    const url = await listen(raw, material.options.listen, 'https');
    return new TlsListener(url, { secure, raw }, deps, parts);
  }

  /** Takes certificates anew. @throws TlsMaterialError, and those in force stay. */
  reload(options: TlsOptions): void {
    const before = this.#material.options;
    this.#material.configure(options);
    try {
      this.#take();
    } catch (error) {
      this.#material.configure(before);
      throw error;
    }
  }

  async close(timeoutMs: number): Promise<void> {
    this.#cancelWatch();
    await closeServer(this.#raw, this.#secure, timeoutMs);
  }

  #take(): void {
    const material = this.#material.load();
    this.#secure.setSecureContext(
      contextOf(material, this.#material.options, this.#clientAuthorityPem),
    );
    const expires = new Date(material.expiresMs).toISOString();
    this.#logger.info({ expires }, 'the TLS certificate was taken anew');
    if (material.expiresMs - this.#clock.now() < WARN_BEFORE_MS) {
      this.#logger.warn({ expires }, 'the TLS certificate expires soon');
    }
  }

  #watch(): void {
    this.#cancelWatch = this.#clock.setTimer(WATCH_MS, () => {
      this.#watch();
      if (!this.#material.isStale()) return;
      try {
        this.#take();
      } catch (error) {
        const fields = { err: messageOf(error) };
        this.#logger.error(fields, 'the TLS certificate has changed and cannot be used');
      }
    });
  }
}

function contextOf(
  { key, cert }: TlsMaterial,
  { min_version: version }: TlsOptions,
  clientAuthorityPem: string,
) {
  return { key, cert, ca: clientAuthorityPem, minVersion: VERSIONS[version] };
}

/** Looks at how a connection begins: what speaks plain HTTP is told so. */
function begin(socket: Socket, secure: SecureServer): void {
  socket.setTimeout(FIRST_BYTE_TIMEOUT_MS, () => socket.destroy());
  const failed = (): void => {
    socket.destroy();
  };
  socket.once('error', failed);
  socket.once('data', (first: Buffer) => {
    socket.setTimeout(0);
    if (first[0] !== HANDSHAKE) {
      socket.end(PLAIN_ANSWER);
      socket.setTimeout(FIRST_BYTE_TIMEOUT_MS, () => socket.destroy());
      return;
    }
    socket.removeListener('error', failed);
    socket.pause();
    socket.unshift(first);
    secure.emit('connection', socket);
  });
}

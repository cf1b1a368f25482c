import { createSecureContext } from 'node:tls';
import { messageOf } from '../../../model/index.ts';
import type { Clock } from '../../../util/index.ts';
import type { HttpClientConfig, TlsConfig } from '../config/scrape-config.ts';
import { ScrapeError } from '../errors.ts';
import type { BodyBuffer } from './body-buffer.ts';
import { ConnectionPool } from './connection-pool.ts';
import { credentialHeaders, readText } from './credentials.ts';
import { StaleConnectionError } from './http-connection.ts';
import { requestText } from './request-text.ts';
import { ResponseReader } from './response-reader.ts';
import type { ScrapeRequest, ScrapeTransport } from './transport.ts';

/** As Go's client, which Prometheus uses. */
const REDIRECTS_MAX = 10;

/** Certificates and keys in files are read again after that, so that renewed ones are used. */
const TLS_RELOAD_MS = 60_000;

interface LoadedPool {
  readonly pool: ConnectionPool;
  readonly loadedAtMs: number;
  /** Texts of certificates and keys. */
  readonly material: readonly string[];
}

/**
 * Scrapes over HTTP/1.1 with connections that are kept alive, one for each target that is being
 * scraped. The whole of connecting, waiting and reading is bounded by the caller's signal alone.
 */
export class HttpTransport implements ScrapeTransport {
  readonly #config: HttpClientConfig;
  readonly #clock: Clock;
  #loaded: Promise<LoadedPool> | undefined;
  /** Scrapes under way. */
  #active = 0;
  #idle: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(config: HttpClientConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  async get(request: ScrapeRequest, body: BodyBuffer, signal: AbortSignal): Promise<string> {
    this.#active++;
    try {
      const secrets = await credentialHeaders(this.#config);
      const pool = await this.#pool();
      return await this.#follow(pool, { request, secrets, body, signal });
    } catch (error) {
      const failure = error instanceof ScrapeError ? error.failure : 'connection';
      if (failure !== 'timeout' && failure !== 'connection') throw error;
      const message = `Get ${JSON.stringify(request.url)}: ${reasonOf(error)}`;
      throw new ScrapeError(failure, message, { cause: error });
    } finally {
      this.#active--;
      if (this.#active === 0) this.#idle();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A scrape may still be on its way to the pool, which keeps no connection once it closes.
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    const loaded = await this.#loaded?.catch(() => undefined);
    loaded?.pool.close();
  }

  async #follow(pool: ConnectionPool, fetch: Fetch): Promise<string> {
    let url = new URL(fetch.request.url);
    const first = url;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      // Credentials are for the configured host, never for one that a redirect names.
      const trusted = url.host === first.host && url.protocol === first.protocol;
      const headers = { ...fetch.request.headers, ...(trusted ? fetch.secrets : {}) };
      const result = await getOnce(pool, url, headers, this.#config.followRedirects, fetch);
      if (result.kind === 'body') return result.contentType;
      url = new URL(result.location, url);
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        throw new Error(`unsupported protocol scheme ${JSON.stringify(url.protocol)}`);
      }
    }
    throw new Error(`stopped after ${REDIRECTS_MAX} redirects`);
  }

  async #pool(): Promise<ConnectionPool> {
    const held = this.#loaded;
    if (held !== undefined) {
      const loaded = await held.catch(() => undefined);
      const fresh = (loaded?.loadedAtMs ?? -Infinity) + TLS_RELOAD_MS > this.#clock.monotonic();
      if (loaded !== undefined && (fresh || !hasFiles(this.#config.tls))) return loaded.pool;
      // Another scrape may have begun to load while this one waited.
      if (this.#loaded !== held) return this.#pool();
      this.#loaded = this.#load(loaded);
    } else {
      this.#loaded = this.#load(undefined);
    }
    return (await this.#loaded).pool;
  }

  async #load(old: LoadedPool | undefined): Promise<LoadedPool> {
    const { tls } = this.#config;
    const parts = [tls.ca, tls.cert, tls.key];
    const material = await Promise.all(
      parts.map(async (part) => (part === undefined ? '' : readText(part))),
    );
    const loadedAtMs = this.#clock.monotonic();
    if (old !== undefined && old.material.every((text, index) => text === material[index])) {
      return { ...old, loadedAtMs };
    }
    old?.pool.close();
    return { pool: makePool(tls, material, this.#clock), loadedAtMs, material };
  }
}

interface Fetch {
  readonly request: ScrapeRequest;
  readonly secrets: Readonly<Record<string, string | string[]>>;
  readonly body: BodyBuffer;
  readonly signal: AbortSignal;
}

async function getOnce(
  pool: ConnectionPool,
  url: URL,
  headers: Readonly<Record<string, string | string[]>>,
  followRedirects: boolean,
  { body, signal }: Fetch,
): Promise<Awaited<ResponseReader['done']>> {
  const text = requestText(url, headers);
  for (let isAgain = false; ; isAgain = true) {
    if (signal.aborted) throw abortReason(signal);
    const reader = new ResponseReader({ body, followRedirects });
    const abort = (): void => reader.abort(abortReason(signal));
    signal.addEventListener('abort', abort, { once: true });
    try {
      pool.take(url, isAgain).send(text, reader);
      return await reader.done;
    } catch (error) {
      // A connection that was kept alive may be closed by the server just as it is used again.
      if (!(error instanceof StaleConnectionError)) throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

function makePool(tls: TlsConfig, material: readonly string[], clock: Clock): ConnectionPool {
  const [ca = '', cert = '', key = ''] = material;
  const context = createSecureContext({
    // As Prometheus: a configured authority takes the place of the system's.
    ...(ca === '' ? {} : { ca }),
    ...(cert === '' ? {} : { cert, key }),
    ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
  });
  const { insecureSkipVerify, serverName } = tls;
  return new ConnectionPool({ context, verifies: !insecureSkipVerify, serverName }, clock);
}

function hasFiles(tls: TlsConfig): boolean {
  return [tls.ca, tls.cert, tls.key].some((part) => part?.file !== undefined);
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new ScrapeError('stopped', 'scrape stopped');
}

/** What went wrong, also where all addresses of a host were tried and each failed. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) {
    return error.errors.map((each) => messageOf(each)).join('; ');
  }
  return messageOf(error);
}

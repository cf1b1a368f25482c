import type { HttpClientConfig } from '../config/scrape-config.ts';
import type { BodyBuffer } from './body-buffer.ts';

export interface ScrapeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How bodies are fetched from the targets of one pool. */
export interface ScrapeTransport {
  /**
   * Fetches a body, uncompressed, into `body`, and resolves with its Content-Type ('' where there
   * is none). Gives up at once when `signal` aborts.
   * @throws ScrapeError
   */
  get(request: ScrapeRequest, body: BodyBuffer, signal: AbortSignal): Promise<string>;
  /** Closes the connections that are idle, and the others when they are done; again is no harm. */
  close(): Promise<void>;
}

export type TransportFactory = (config: HttpClientConfig) => ScrapeTransport;

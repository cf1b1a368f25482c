import { STATUS_CODES } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { ScrapeError } from '../errors.ts';
import type { BodyBuffer } from './body-buffer.ts';
import type { ResponseHead } from './response-head.ts';
import type { ResponseHandler } from './response-parser.ts';

/** Output of the decompressor in one piece. */
const GUNZIP_CHUNK_BYTES = 64 * 1024;

/** What of a body that is not wanted is read, to keep the connection for later. */
const DRAINED_BYTES_MAX = 256 * 1024;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export type ReadResult =
  | { readonly kind: 'body'; readonly contentType: string }
  | { readonly kind: 'redirect'; readonly location: string };

/** The connection that a response comes over. */
export interface ResponseSource {
  pause(): void;
  resume(): void;
  /** Drops the connection. */
  destroy(): void;
}

export interface ResponseReaderOptions {
  readonly body: BodyBuffer;
  readonly followRedirects: boolean;
}

/**
 * Reads one response into a body buffer, through the decompressor where it is compressed. `done`
 * settles once; after a failure the connection is dropped, unless all of the response was read.
 */
export class ResponseReader implements ResponseHandler {
  readonly done: Promise<ReadResult>;
  readonly #options: ResponseReaderOptions;
  #resolve: (result: ReadResult) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #source: ResponseSource | undefined;
  #failure: Error | undefined;
  #gunzip: Gunzip | undefined;
  #result: ReadResult = { kind: 'body', contentType: '' };
  /** Set where the body is not wanted: bytes of it still to be read, and what to fail with. */
  #drain: { left: number; readonly error: Error | undefined } | undefined;

  constructor(options: ResponseReaderOptions) {
    this.#options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Where the response will come from. */
  begin(source: ResponseSource): void {
    this.#source = source;
  }

  /** Gives up: rejects now, and drops the connection, also one that is still being made. */
  abort(error: Error): void {
    if (this.#failure !== undefined) return;
    this.fail(error);
    this.#source?.destroy();
  }

  /** There will be no more: the connection is lost, or what came over it was no response. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#reject(error);
    this.#gunzip?.destroy();
  }

  onHead({ status, reason, fields, lengthBytes }: ResponseHead): void {
    const location = fields.get('location');
    if (this.#options.followRedirects && REDIRECTS.has(status) && location !== undefined) {
      this.#result = { kind: 'redirect', location };
      this.#drain = { left: DRAINED_BYTES_MAX, error: undefined };
      return;
    }
    if (status !== 200) {
      const text = reason || STATUS_CODES[status] || '';
      const message = `server returned HTTP status ${status} ${text}`.trimEnd();
      this.#drain = { left: DRAINED_BYTES_MAX, error: new ScrapeError('status', message) };
      return;
    }
    this.#result = { kind: 'body', contentType: fields.get('content-type') ?? '' };
    this.#startBody(fields.get('content-encoding') ?? '');
    if (this.#gunzip === undefined) this.#options.body.expect(lengthBytes);
  }

  onBody(part: Uint8Array): void {
    if (this.#failure !== undefined) return;
    if (this.#drain !== undefined) {
      this.#drain.left -= part.length;
      if (this.#drain.left < 0) this.#endDrain(true);
      return;
    }
    if (this.#gunzip === undefined) this.#append(part);
    // A copy, as it is decompressed later; what waits is bounded by the reader's flow control.
    else if (!this.#gunzip.write(Buffer.from(part))) {
      this.#source?.pause();
      this.#gunzip.once('drain', () => this.#source?.resume());
    }
  }

  onEnd(): void {
    // From here on the connection is for others.
    this.#source = undefined;
    if (this.#failure !== undefined) return;
    if (this.#drain !== undefined) this.#endDrain(false);
    else if (this.#gunzip === undefined) this.#resolve(this.#result);
    else this.#gunzip.end();
  }

  #startBody(encoding: string): void {
    if (encoding === '' || encoding === 'identity') return;
    if (encoding.toLowerCase() !== 'gzip') {
      const shown = JSON.stringify(encoding.slice(0, 40));
      this.abort(new ScrapeError('encoding', `unsupported Content-Encoding ${shown}`));
      return;
    }
    const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
    gunzip.on('data', (chunk: Buffer) => this.#append(chunk));
    gunzip.on('end', () => this.#resolve(this.#result));
    gunzip.on('error', (error) => {
      this.abort(new ScrapeError('encoding', `gzip: ${error.message}`, { cause: error }));
    });
    this.#gunzip = gunzip;
  }

  #append(chunk: Uint8Array): void {
    if (this.#failure !== undefined) return;
    try {
      this.#options.body.append(chunk);
    } catch (error) {
      this.abort(error as Error);
    }
  }

  #endDrain(cut: boolean): void {
    const error = this.#drain?.error;
    if (error === undefined) this.#resolve(this.#result);
    else this.#reject(error);
    this.#failure = error ?? new ScrapeError('connection', 'response not read to its end');
    if (cut) this.#source?.destroy();
  }
}

import type { IncomingHttpHeaders } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { ScrapeError } from '../errors.ts';
import type { BodyBuffer } from './body-buffer.ts';

/** Output of the decompressor in one piece. */
const GUNZIP_CHUNK_BYTES = 64 * 1024;

/** What of a body that is not wanted is read, to keep the connection for later. */
const DRAINED_BYTES_MAX = 256 * 1024;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export type ReadResult =
  | { readonly kind: 'body'; readonly contentType: string }
  | { readonly kind: 'redirect'; readonly location: string };

export interface ResponseReaderOptions {
  readonly url: string;
  readonly body: BodyBuffer;
  readonly followRedirects: boolean;
}

/**
 * Reads one response into a body buffer, through the decompressor where it is compressed. `done`
 * settles once; after a failure the connection is dropped, unless all of the response was read.
 */
export class ResponseReader implements Dispatcher.DispatchHandler {
  readonly done: Promise<ReadResult>;
  /** Whether the server has begun to answer. */
  answered = false;

  readonly #options: ResponseReaderOptions;
  #resolve: (result: ReadResult) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #controller: Dispatcher.DispatchController | undefined;
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

  /** Gives up: rejects now, and drops the connection, also one that is still being made. */
  abort(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#reject(error);
    this.#gunzip?.destroy();
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    this.answered = true;
    if (status < 200) return;
    const { location } = headers;
    if (this.#options.followRedirects && REDIRECTS.has(status) && location !== undefined) {
      this.#result = { kind: 'redirect', location };
      this.#drain = { left: DRAINED_BYTES_MAX, error: undefined };
      return;
    }
    if (status !== 200) {
      const text = statusMessage || STATUS_CODES[status] || '';
      const message = `server returned HTTP status ${status} ${text}`.trimEnd();
      this.#drain = { left: DRAINED_BYTES_MAX, error: new ScrapeError('status', message) };
      return;
    }
    this.#result = { kind: 'body', contentType: headers['content-type'] ?? '' };
    this.#startBody(headers['content-encoding'] ?? '');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    if (this.#drain !== undefined) {
      this.#drain.left -= chunk.length;
      if (this.#drain.left < 0) this.#endDrain(true);
      return;
    }
    if (this.#gunzip === undefined) this.#append(chunk);
    // What is written here and not yet decompressed is bounded by the reader's flow control below.
    else if (!this.#gunzip.write(chunk)) {
      this.#controller?.pause();
      this.#gunzip.once('drain', () => this.#controller?.resume());
    }
  }

  onResponseEnd(): void {
    if (this.#failure !== undefined) return;
    if (this.#drain !== undefined) this.#endDrain(false);
    else if (this.#gunzip === undefined) this.#resolve(this.#result);
    else this.#gunzip.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#failure ??= error;
    this.#gunzip?.destroy();
    this.#reject(this.#failure);
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

  #append(chunk: Buffer): void {
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
    if (cut) this.#controller?.abort(this.#failure);
  }
}

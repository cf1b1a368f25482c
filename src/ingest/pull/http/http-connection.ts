import type { Socket } from 'node:net';
import { ScrapeError } from '../errors.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';
import type { ResponseReader, ResponseSource } from './response-reader.ts';

/** All sockets read into this one, one after the other: what was read is used at once. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/** Makes a socket; it must hand what it reads to `onread`. */
export type OpenSocket = (onread: OnRead) => Socket;

export interface OnRead {
  readonly buffer: Buffer;
  readonly callback: (sizeBytes: number, buffer: Uint8Array) => boolean;
}

export interface ConnectionOwner {
  /** An exchange is over, and the connection may carry another one. */
  onFree(connection: HttpConnection, head: ResponseHead | undefined): void;
  /** The connection has ended. */
  onClosed(connection: HttpConnection): void;
}

interface Exchange {
  readonly reader: ResponseReader;
  readonly parser: ResponseParser;
}

/** One connection to a server, which carries one request and its answer at a time. */
export class HttpConnection implements ResponseSource {
  /** Monotonic time from which on a free connection is not used again, in milliseconds. */
  usableUntilMs = Infinity;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #exchange: Exchange | undefined;
  #error: Error | undefined;
  #isPaused = false;
  #isUsed = false;

  constructor(open: OpenSocket, owner: ConnectionOwner, connectTimeoutMs: number) {
    this.#owner = owner;
    const socket = open({
      buffer: READ_BUFFER,
      callback: (sizeBytes) => {
        this.#read(READ_BUFFER.subarray(0, sizeBytes));
        return true;
      },
    });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(connectTimeoutMs, () => {
      const text = socket.connecting ? 'connect timeout after' : 'idle for';
      socket.destroy(new ScrapeError('connection', `${text} ${socket.timeout ?? 0} ms`));
    });
    socket.once('connect', () => {
      if (this.#exchange !== undefined) socket.setTimeout(0);
    });
    socket.on('error', (error) => (this.#error ??= error));
    socket.once('end', () => this.#ended());
    socket.once('close', () => this.#closed());
  }

  /** Sends a request, whose text is Latin-1, and has its answer read. */
  send(request: string, reader: ResponseReader): void {
    this.#exchange = { reader, parser: new ResponseParser(reader) };
    reader.begin(this);
    const socket = this.#socket;
    if (!socket.connecting) {
      socket.setTimeout(0);
      socket.ref();
    }
    socket.write(request, 'latin1');
  }

  /** Waits for another request for at most so long. */
  keep(timeoutMs: number): void {
    this.#isUsed = true;
    if (this.#isPaused) this.resume();
    this.#socket.setTimeout(timeoutMs);
    // One that nobody uses keeps no process alive.
    this.#socket.unref();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    const exchange = this.#exchange;
    // What nobody asked for makes all that follows doubtful.
    if (exchange === undefined) {
      this.destroy();
      return;
    }
    if (this.#socket.destroyed) return;
    try {
      exchange.parser.feed(bytes);
    } catch (error) {
      exchange.reader.abort(error as Error);
      this.destroy();
      return;
    }
    if (exchange.parser.isDone) this.#finished(exchange);
  }

  #finished({ parser }: Exchange): void {
    this.#exchange = undefined;
    if (this.#socket.destroyed) return;
    if (parser.isReusable) this.#owner.onFree(this, parser.head);
    else this.destroy();
  }

  /** The server sends no more. */
  #ended(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#error === undefined) {
      try {
        exchange.parser.finish();
        this.#exchange = undefined;
      } catch (error) {
        this.#error = exchange.parser.hasBegun ? (error as Error) : undefined;
      }
    }
    this.destroy();
  }

  #closed(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#owner.onClosed(this);
    if (exchange === undefined) return;
    if (this.#isUsed && !exchange.parser.hasBegun) {
      exchange.reader.fail(new StaleConnectionError(this.#error));
    } else {
      exchange.reader.fail(this.#error ?? new ScrapeError('connection', NOT_ANSWERED));
    }
  }
}

const NOT_ANSWERED = 'the connection was closed before an answer came';

/**
 * A connection that was kept turned out to be closed: nothing of the answer came, and the request
 * may be sent again over another.
 */
export class StaleConnectionError extends ScrapeError {
  constructor(cause: Error | undefined) {
    super('connection', cause?.message ?? NOT_ANSWERED, { cause });
  }
}

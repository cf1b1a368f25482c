import http from 'node:http';
import https from 'node:https';
import { messageOf } from '../../model/index.ts';
import { tlsFaultOf } from './tls-client.ts';
import {
  type AgentTransport,
  type CollectorAddress,
  REFUSAL_CHARS_MAX,
  refusalText,
  requestHeaders,
  retryAfterMs,
  type TransportEvents,
} from './transport.ts';

const PATH = 'tide/v1/poll';
/** How long an answer may be held by the collector. */
const WAIT_MS = 20_000;
/** Beyond what was asked for, that nobody answers. */
const GRACE_MS = 10_000;
const BODY_BYTES_MAX = 1_048_576;
/** Of an answer: what a collector holds for an agent is a mebibyte and a frame. */
const ANSWER_BYTES_MAX = 2_097_152;
/** An answer that was to be held and came empty within this was not held. */
const HELD_MS = 1000;
/** So many of those may be chance: what waited was taken along by another answer. */
const UNHELD_FREE = 3;
const UNHELD_WAIT_MS = 250;
const UNHELD_WAIT_MS_MAX = 5000;

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/**
 * A session over plain HTTP: frames go out in requests, one at a time, and come in as answers; one
 * more request without a body waits for what the collector has to say.
 */
export function connectPoll(address: CollectorAddress, events: TransportEvents): AgentTransport {
  return new PollTransport(address, events);
}

class PollTransport implements AgentTransport {
  readonly #address: CollectorAddress;
  readonly #events: TransportEvents;
  readonly #http: http.Agent;
  readonly #requests = new Set<http.ClientRequest>();
  #session: string | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #sending = false;
  #waiting = false;
  /** Answers in a row that were to be held and were not. */
  #unheld = 0;
  #ending = false;
  #ended = false;

  constructor(address: CollectorAddress, events: TransportEvents) {
    this.#address = address;
    this.#events = events;
    const options = { keepAlive: true, maxSockets: 2 };
    this.#http = isSecure(address)
      ? new https.Agent({ ...options, ...address.tls?.() })
      : new http.Agent(options);
    // As with a socket, what is opened is told later, when the caller has the transport.
    setImmediate(() => {
      if (!this.#ended) events.opened();
    });
  }

  get bufferedBytes(): number {
    return this.#queuedBytes;
  }

  send(frame: Uint8Array): void {
    if (this.#ended || this.#ending) return;
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
    // What is sent in one go by the session goes in one request.
    queueMicrotask(() => this.#pump());
  }

  close(): void {
    this.#ending = true;
    this.#pump();
  }

  abort(): void {
    this.#end('given up', 0);
  }

  #pump(): void {
    if (this.#ended || this.#sending) return;
    const body = this.#nextBody();
    if (body !== undefined) {
      this.#sending = true;
      void this.#exchange(body, undefined).then(() => {
        this.#sending = false;
        this.#pump();
      });
    } else if (this.#ending) {
      this.#end('closed', 0);
      return;
    }
    if (this.#waiting || this.#session === undefined || this.#ending) return;
    this.#waiting = true;
    void this.#wait().then(() => {
      this.#waiting = false;
      this.#pump();
    });
  }

  /** One request that asks for what the collector has to say. */
  async #wait(): Promise<void> {
    const startMs = performance.now();
    const sizeBytes = await this.#exchange(undefined, WAIT_MS);
    const wasHeld = sizeBytes > 0 || performance.now() - startMs > HELD_MS;
    this.#unheld = wasHeld ? 0 : this.#unheld + 1;
    if (this.#unheld <= UNHELD_FREE) return;
    // Something between answers for itself, at once: asking on and on would keep both busy.
    const waitMs = UNHELD_WAIT_MS * 2 ** Math.min(this.#unheld - UNHELD_FREE - 1, 10);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(waitMs, UNHELD_WAIT_MS_MAX));
      if (!this.#address.keepsAlive) timer.unref();
    });
  }

  #nextBody(): Uint8Array | undefined {
    const frames: Uint8Array[] = [];
    let sizeBytes = 0;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (sizeBytes + next.length > BODY_BYTES_MAX) break;
      frames.push(next);
      sizeBytes += next.length;
      this.#queue.shift();
      this.#queuedBytes -= next.length;
      // HELLO goes alone: nothing may follow before the session has its name.
      if (this.#session === undefined) break;
    }
    return frames.length === 0 ? undefined : Buffer.concat(frames);
  }

  /** Resolves with the size of what came. */
  async #exchange(body: Uint8Array | undefined, waitMs: number | undefined): Promise<number> {
    try {
      const answer = await this.#request(body, waitMs);
      this.#take(answer);
      return answer.body.length;
    } catch (error) {
      const { url } = this.#address;
      this.#end(error instanceof Error ? tlsFaultOf(error, url) : messageOf(error), 0);
      return 0;
    }
  }

  #take({ status, headers, body }: Answer): void {
    if (this.#ended) return;
    const { 'tide-session': session, 'tide-close': closed, location } = headers;
    const isSession = session !== undefined || closed !== undefined || this.#session !== undefined;
    if (status !== 200 || !isSession) {
      const text = new TextDecoder().decode(body.subarray(0, REFUSAL_CHARS_MAX));
      const retryMs = retryAfterMs(headers['retry-after'], Date.now());
      const reason = refusalText(this.#address.url, { status, text, location });
      this.#end(reason, status, retryMs);
      return;
    }
    if (typeof session === 'string') this.#session = session;
    if (body.length > 0) this.#events.frames(body);
    if (typeof closed === 'string') this.#end(`the collector closed: ${closed}`, 0);
  }

  #request(body: Uint8Array | undefined, waitMs: number | undefined): Promise<Answer> {
    const { url } = this.#address;
    const headers: Record<string, string> = {
      ...requestHeaders(this.#address),
      'content-type': 'application/octet-stream',
      'content-length': String(body?.length ?? 0),
    };
    if (this.#session !== undefined) headers['tide-session'] = this.#session;
    if (waitMs !== undefined) headers['tide-wait'] = String(waitMs);
    const whole = new URL(PATH, url.endsWith('/') ? url : `${url}/`);
    const module = isSecure(this.#address) ? https : http;
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', headers, agent: this.#http };
      const request = module.request(whole, options, (response) => {
        const chunks: Buffer[] = [];
        let sizeBytes = 0;
        response.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length;
          if (sizeBytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
          else request.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`));
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, headers: answered, body: Buffer.concat(chunks) });
        });
      });
      if (!this.#address.keepsAlive) request.on('socket', (socket) => socket.unref());
      this.#requests.add(request);
      request.setTimeout((waitMs ?? 0) + GRACE_MS, () => {
        request.destroy(new Error(`no answer within ${(waitMs ?? 0) + GRACE_MS} ms`));
      });
      request.on('error', reject);
      request.on('close', () => this.#requests.delete(request));
      request.end(body);
    });
  }

  #end(reason: string, status: number, retryMs?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const request of this.#requests) request.destroy();
    this.#http.destroy();
    this.#queue = [];
    setImmediate(() => this.#events.closed({ reason, status, retryAfterMs: retryMs }));
  }
}

function isSecure({ url }: CollectorAddress): boolean {
  return url.startsWith('https:');
}

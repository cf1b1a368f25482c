import type { IncomingMessage, ServerResponse } from 'node:http';
import { KernelMemoryError } from '../../kernel/index.ts';
import { messageOf, TidegaugeError } from '../../model/index.ts';
import type { SourceRegistry } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import type { Admission, AdmissionTicket } from './admission.ts';
import { readBody } from './body.ts';
import type { BufferPool } from './buffer-pool.ts';
import {
  admitSnappy,
  type ContentEncoding,
  contentEncodingOf,
  decodeBody,
} from './content-encoding.ts';
import { ClientGoneError, PushRefusedError } from './errors.ts';
import type { Body } from './growing-body.ts';
import { type Answer, remoteAddress, sendAnswer } from './http.ts';
import type { PushMetrics, PushProtocol } from './metrics.ts';
import type { PushOptions } from './options.ts';
import type { TroubleLog } from './trouble-log.ts';
import type { Turns } from './turns.ts';

/** What pushes need of a store, or of what stands in for one. */
export type PushStore = Pick<Storage, 'appender' | 'state'>;

/** Where it is noted who pushes. */
export type PushContacts = Pick<SourceRegistry, 'contactPush'>;

/** What all push handlers share. */
export interface PushContext {
  readonly storage: PushStore;
  readonly sources: PushContacts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PushMetrics;
  readonly options: PushOptions;
  readonly admission: Admission;
  readonly pool: BufferPool;
  readonly turns: Turns;
  /** For what every push meets as long as the trouble lasts, such as a full disk. */
  readonly trouble: TroubleLog;
}

/** What a push came to. */
export interface PushResult {
  readonly answer: Answer;
  readonly samplesStored: number;
  readonly samplesRejected: number;
}

/** One push under way. */
export interface Push {
  readonly request: IncomingMessage;
  /** Whose samples these are, for the bound on the series of one source. */
  readonly source: string;
  /**
   * Reads and decompresses the body, and waits for its turn to be handled. It is released when the
   * push is over.
   */
  body(encodings: readonly ContentEncoding[]): Promise<Uint8Array>;
  /**
   * The same for a body of snappy, which is given as it was sent: its header is right, and there is
   * room for it decompressed.
   */
  snappyBody(): Promise<Uint8Array>;
}

/**
 * Runs one push from admission to answer: reads within the budget, maps what `work` throws to a
 * status, counts, tells the source registry, and gives back what was held. Never rejects.
 */
export async function runPush(
  context: PushContext,
  protocol: PushProtocol,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  work: (push: Push) => Promise<PushResult>,
): Promise<void> {
  const { request, response } = exchange;
  const startMs = context.clock.monotonic();
  const ticket = context.admission.open();
  const address = remoteAddress(request);
  const bodies = new BodyReader(context, request, ticket);
  let result: PushResult | undefined;
  let failure: Failure | undefined;
  try {
    result = await work({
      request,
      source: `${protocol}/${address}`,
      body: (encodings) => bodies.read(encodings),
      snappyBody: () => bodies.readSnappy(),
    });
    sendAnswer(response, result.answer);
  } catch (error) {
    failure = failureOf(error, context);
    if (failure.answer !== undefined) sendAnswer(response, failure.answer);
  } finally {
    bodies.release();
    ticket.release();
  }
  const durationMs = context.clock.monotonic() - startMs;
  const answer = result?.answer ?? failure?.answer;
  const statusCode = answer?.statusCode ?? CLIENT_GONE;
  const samples = result?.samplesStored ?? 0;
  const rejected = result?.samplesRejected ?? 0;
  const error = statusCode >= 400 ? firstLine(answer?.body ?? 'the client went away') : undefined;
  const contact = { samples, rejected, durationMs, ...(error === undefined ? {} : { error }) };
  context.sources.contactPush(protocol, address, contact);
  context.metrics.request(protocol, {
    statusCode,
    refusal: failure?.reason ?? '',
    samplesStored: samples,
    bodyBytes: bodies.sentBytes,
    durationMs,
  });
}

/** The status under which requests are counted whose client did not wait; nginx's number. */
const CLIENT_GONE = 499;

class BodyReader {
  sentBytes = 0;
  readonly #context: PushContext;
  readonly #request: IncomingMessage;
  readonly #ticket: AdmissionTicket;
  #body: Body | undefined;

  constructor(context: PushContext, request: IncomingMessage, ticket: AdmissionTicket) {
    this.#context = context;
    this.#request = request;
    this.#ticket = ticket;
  }

  async read(encodings: readonly ContentEncoding[]): Promise<Uint8Array> {
    const { options, pool, turns } = this.#context;
    const encoding = contentEncodingOf(this.#request.headers['content-encoding'], encodings);
    const sent = await this.#receive();
    this.#body = await decodeBody(sent, encoding, {
      maxBodyBytes: options.max_body_bytes,
      ticket: this.#ticket,
      pool,
    });
    const { bytes } = this.#body;
    await turns.take(bytes.length);
    return bytes;
  }

  async readSnappy(): Promise<Uint8Array> {
    const { options, turns } = this.#context;
    contentEncodingOf(this.#request.headers['content-encoding'], ['snappy']);
    this.#body = await this.#receive();
    const { bytes } = this.#body;
    const { max_body_bytes: maxBodyBytes } = options;
    const sizeBytes = admitSnappy(bytes, { maxBodyBytes, ticket: this.#ticket });
    await turns.take(sizeBytes);
    return bytes;
  }

  async #receive(): Promise<Body> {
    const { options, pool, clock } = this.#context;
    const { max_body_bytes: maxBodyBytes, body_timeout_ms: timeoutMs } = options;
    const ticket = this.#ticket;
    const sent = await readBody(this.#request, { maxBodyBytes, timeoutMs, ticket, pool, clock });
    this.sentBytes = sent.bytes.length;
    return sent;
  }

  release(): void {
    this.#body?.release();
    this.#body = undefined;
  }
}

/** Codes with which a commit fails: nothing of it is stored. */
const STORAGE_CODES: ReadonlySet<string> = new Set([
  'storage_failed',
  'storage_full',
  'storage_closed',
  // Of an agent, whose ring stands in for a store.
  'ring_full',
  'ring_failed',
]);

/** Of an agent: a series that its sessions cannot carry. */
const UNCARRIED_CODE = 'series_uncarried';

interface Failure {
  readonly reason: string;
  /** Undefined when nobody waits for it. */
  readonly answer: Answer | undefined;
}

function failureOf(error: unknown, context: PushContext): Failure {
  const retry = { 'retry-after': String(context.options.retry_after_seconds) };
  if (error instanceof PushRefusedError) {
    const headers = headersFor(error.statusCode, retry);
    const answer = { statusCode: error.statusCode, body: `${error.message}\n`, headers };
    return { reason: error.reason, answer };
  }
  if (error instanceof KernelMemoryError) {
    context.trouble.report({ error: error.message, code: error.code }, 'a push was not handled');
    const body = `nothing of this push was stored: ${error.message}\n`;
    return { reason: 'overloaded', answer: { statusCode: 503, body, headers: retry } };
  }
  if (error instanceof TidegaugeError && error.code === UNCARRIED_CODE) {
    return { reason: 'malformed', answer: { statusCode: 400, body: `${error.message}\n` } };
  }
  if (error instanceof ClientGoneError) return { reason: error.code, answer: undefined };
  if (error instanceof TidegaugeError && STORAGE_CODES.has(error.code)) {
    // Nothing of it was stored: the sender is to come again, which 5xx makes every sender do.
    context.trouble.report({ error: error.message, code: error.code }, 'a push was not stored');
    const body = `nothing of this push was stored: ${error.message}\n`;
    return { reason: 'storage', answer: { statusCode: 503, body, headers: retry } };
  }
  context.logger.error({ error: messageOf(error) }, 'a push failed unexpectedly');
  return { reason: 'internal', answer: { statusCode: 500, body: 'internal error\n' } };
}

function headersFor(
  statusCode: number,
  retry: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (statusCode === 503) return retry;
  // The rest of the body is not wanted, and may be long.
  return statusCode === 413 || statusCode === 408 ? { connection: 'close' } : {};
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

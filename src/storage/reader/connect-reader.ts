import { MessagePort } from 'node:worker_threads';
import type { Matcher } from '../../model/index.ts';
import { assert } from '../../model/index.ts';
import type { MessagePortLike, Queryable, SelectHints, TimeRange } from '../api.ts';
import { StorageClosedError } from '../errors.ts';
import type { LabelTableData } from './label-table.ts';
import type { ReadAnswer, ReaderMessage, ReadRequest, StoreMessage } from './protocol.ts';
import { plainMatchers, reviveError } from './protocol.ts';
import type { MatcherLists, Reader, SelectAnswer } from './reader.ts';
import { ReaderQuerier } from './reader-querier.ts';
import type { TextTableData } from './text-table.ts';

/**
 * In a worker: reads the store whose `workerHandle().message` this is. The worker stays alive
 * while an answer is awaited, and not because of the connection alone. When the store closes, what
 * is pending and all that comes after rejects with `StorageClosedError`.
 */
export function connectReader(message: unknown): Queryable {
  assert(
    typeof message === 'object' &&
      message !== null &&
      'port' in message &&
      message.port instanceof MessagePort,
    'connectReader takes the message of a worker handle',
  );
  const reader = new PortReader(message.port);
  return { querier: () => new ReaderQuerier(reader) };
}

interface Waiting {
  readonly resolve: (answer: ReadAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

class PortReader implements Reader {
  readonly #port: MessagePortLike;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closed = false;

  constructor(port: MessagePortLike) {
    this.#port = port;
    port.on('message', (message: StoreMessage) => this.#receive(message));
    port.on('close', () => this.#close());
    port.unref();
  }

  select(
    matchers: readonly Matcher[],
    hints: SelectHints,
    signal: AbortSignal,
  ): Promise<SelectAnswer> {
    const { minTime, maxTime, maxSamples, maxSeries } = hints;
    const plainHints = {
      minTime,
      maxTime,
      ...(maxSamples === undefined ? {} : { maxSamples }),
      ...(maxSeries === undefined ? {} : { maxSeries }),
    };
    return this.#ask(
      { op: 'select', matchers: plainMatchers(matchers), hints: plainHints },
      signal,
    );
  }

  series(lists: MatcherLists, range: TimeRange, signal: AbortSignal): Promise<LabelTableData> {
    return this.#ask({ op: 'series', lists: lists.map(plainMatchers), range }, signal);
  }

  labelNames(lists: MatcherLists, range: TimeRange, signal: AbortSignal): Promise<TextTableData> {
    return this.#ask({ op: 'labelNames', lists: lists.map(plainMatchers), range }, signal);
  }

  labelValues(
    name: string,
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<TextTableData> {
    return this.#ask({ op: 'labelValues', name, lists: lists.map(plainMatchers), range }, signal);
  }

  /** `T` is what the store answers to this request. */
  async #ask<T extends ReadAnswer>(request: ReadRequest, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#closed) throw new StorageClosedError('the store was closed');
    const id = ++this.#lastId;
    const giveUp = (): void => {
      this.#waiting.get(id)?.reject(signal.reason);
      this.#port.postMessage({ id, cancel: true } satisfies ReaderMessage);
    };
    signal.addEventListener('abort', giveUp);
    if (this.#waiting.size === 0) this.#port.ref();
    try {
      return (await new Promise<ReadAnswer>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        this.#port.postMessage({ id, request } satisfies ReaderMessage);
      })) as T;
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#port.unref();
    }
  }

  #receive(message: StoreMessage): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if ('error' in message) waiting.reject(reviveError(message.error));
    else waiting.resolve(message.answer);
  }

  #close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new StorageClosedError('the store was closed'));
    }
  }
}

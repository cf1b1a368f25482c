import { reviveMatcher } from '../../model/index.ts';
import type { MessagePortLike } from '../api.ts';
import { StorageClosedError } from '../errors.ts';
import type { ReadAnswer, ReaderMessage, ReadRequest, StoreMessage } from './protocol.ts';
import { plainError, reviveLists, transferList } from './protocol.ts';
import type { Reader } from './reader.ts';

/** Answers the reader at the other end of a port. Does not keep the process alive. */
export class ReaderServer {
  readonly #reader: Reader;
  readonly #port: MessagePortLike;
  readonly #running = new Map<number, AbortController>();
  #closed = false;

  /** `onClose` is called when the other end has gone. */
  constructor(reader: Reader, port: MessagePortLike, onClose: () => void) {
    this.#reader = reader;
    this.#port = port;
    port.on('message', (message: ReaderMessage) => this.#receive(message));
    port.on('close', () => {
      this.#stop();
      onClose();
    });
    port.unref();
  }

  /** Refuses what is under way and closes the port. */
  close(): void {
    if (this.#closed) return;
    for (const id of this.#running.keys()) {
      const error = plainError(new StorageClosedError('the store was closed'));
      this.#port.postMessage({ id, error } satisfies StoreMessage);
    }
    this.#stop();
    this.#port.close();
  }

  #stop(): void {
    this.#closed = true;
    const reason = new StorageClosedError('the store was closed');
    for (const controller of this.#running.values()) controller.abort(reason);
    this.#running.clear();
  }

  #receive(message: ReaderMessage): void {
    if ('cancel' in message) {
      this.#running.get(message.id)?.abort(new StorageClosedError('the querier was closed'));
      this.#running.delete(message.id);
      return;
    }
    void this.#answer(message.id, message.request);
  }

  async #answer(id: number, request: ReadRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const answer = await this.#read(request, controller.signal);
      // What is not among the running any more nobody waits for.
      if (!this.#running.has(id)) return;
      this.#port.postMessage({ id, answer } satisfies StoreMessage, transferList(answer));
    } catch (error) {
      if (!this.#running.has(id)) return;
      this.#port.postMessage({ id, error: plainError(error) } satisfies StoreMessage);
    } finally {
      this.#running.delete(id);
    }
  }

  async #read(request: ReadRequest, signal: AbortSignal): Promise<ReadAnswer> {
    switch (request.op) {
      case 'select':
        return this.#reader.select(request.matchers.map(reviveMatcher), request.hints, signal);
      case 'series':
        return this.#reader.series(reviveLists(request.lists), request.range, signal);
      case 'labelNames':
        return this.#reader.labelNames(reviveLists(request.lists), request.range, signal);
      case 'labelValues': {
        const { name, lists, range } = request;
        return this.#reader.labelValues(name, reviveLists(lists), range, signal);
      }
    }
  }
}

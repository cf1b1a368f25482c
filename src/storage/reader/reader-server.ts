import type { MessagePortLike } from '../api.ts';
import { StorageClosedError } from '../errors.ts';
import type { ReaderMessage, ReadRequest, StoreMessage } from './protocol.ts';
import { plainError, transferList } from './protocol.ts';
import type { LeasedAnswer, ReadSource } from './read-source.ts';

/** Answers the reader at the other end of a port. Does not keep the process alive. */
export class ReaderServer {
  readonly #source: ReadSource;
  readonly #port: MessagePortLike;
  readonly #running = new Map<number, AbortController>();
  /** Answers whose blocks the other end reads. */
  readonly #leased = new Map<number, LeasedAnswer>();
  #closed = false;

  /** `onClose` is called when the other end has gone. */
  constructor(source: ReadSource, port: MessagePortLike, onClose: () => void) {
    this.#source = source;
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
    for (const leased of this.#leased.values()) leased.release();
    this.#leased.clear();
  }

  #receive(message: ReaderMessage): void {
    if ('cancel' in message) {
      this.#running.get(message.id)?.abort(new StorageClosedError('the querier was closed'));
      this.#running.delete(message.id);
      return;
    }
    if ('release' in message) {
      this.#letGo(message.id);
      return;
    }
    void this.#answer(message.id, message.request);
  }

  async #answer(id: number, request: ReadRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const leased = await this.#source.ask(request, controller.signal);
      const { answer, blocks } = leased;
      // What is not among the running any more nobody waits for.
      const isAwaited = this.#running.has(id);
      if (isAwaited && blocks.length > 0) this.#leased.set(id, leased);
      else leased.release();
      if (!isAwaited) return;
      this.#port.postMessage({ id, answer, blocks } satisfies StoreMessage, transferList(answer));
    } catch (error) {
      this.#letGo(id);
      if (!this.#running.has(id)) return;
      this.#port.postMessage({ id, error: plainError(error) } satisfies StoreMessage);
    } finally {
      this.#running.delete(id);
    }
  }

  /** The other end has read the blocks of an answer, or never will. */
  #letGo(id: number): void {
    this.#leased.get(id)?.release();
    this.#leased.delete(id);
  }
}

import { MessagePort } from 'node:worker_threads';
import { assert } from '../../model/index.ts';
import type { MessagePortLike, Queryable } from '../api.ts';
import { BlockCache } from '../block/block-cache.ts';
import { StorageClosedError } from '../errors.ts';
import { nodeFileSystem } from '../file-system.ts';
import { MergingReader } from './merging-reader.ts';
import type { ReaderMessage, ReadRequest, StoreMessage } from './protocol.ts';
import { reviveError } from './protocol.ts';
import type { LeasedAnswer, ReadSource } from './read-source.ts';
import { ReaderQuerier } from './reader-querier.ts';

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
  const cache = new BlockCache(nodeFileSystem);
  const source = new PortSource(message.port, () => void cache.close());
  const reader = new MergingReader(source, cache);
  return { querier: () => new ReaderQuerier(reader) };
}

interface Waiting {
  readonly resolve: (answer: LeasedAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

/** The head at the other end of a port, with the blocks of the store. */
class PortSource implements ReadSource {
  readonly #port: MessagePortLike;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closed = false;

  constructor(port: MessagePortLike, onClose: () => void) {
    this.#port = port;
    port.on('message', (message: StoreMessage) => this.#receive(message));
    port.on('close', () => {
      this.#close();
      onClose();
    });
    port.unref();
  }

  async ask(request: ReadRequest, signal: AbortSignal): Promise<LeasedAnswer> {
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
      return await new Promise<LeasedAnswer>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        this.#port.postMessage({ id, request } satisfies ReaderMessage);
      });
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#port.unref();
    }
  }

  #receive(message: StoreMessage): void {
    const { id } = message;
    const waiting = this.#waiting.get(id);
    if ('error' in message) {
      waiting?.reject(reviveError(message.error));
      return;
    }
    const { answer, blocks } = message;
    const release = (): void => {
      if (blocks.length > 0) this.#port.postMessage({ id, release: true } satisfies ReaderMessage);
    };
    if (waiting === undefined) release();
    else waiting.resolve({ answer, blocks, release });
  }

  #close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new StorageClosedError('the store was closed'));
    }
  }
}

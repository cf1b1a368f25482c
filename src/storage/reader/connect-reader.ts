import { MessagePort } from 'node:worker_threads';
import { assert } from '../../model/index.ts';
import type { MessagePortLike, Queryable } from '../api.ts';
import { BlockCache } from '../block/block-cache.ts';
import type { BlockFiles } from '../block/block.ts';
import { StorageClosedError } from '../errors.ts';
import { nodeFileSystem } from '../file-system.ts';
import { RemovalCount } from '../head/removal-count.ts';
import { PostedBlockLists } from './block-lists.ts';
import { HeadAccess } from './head-access.ts';
import type {
  ConnectMessage,
  ReaderMessage,
  StoreAnswer,
  StoreAnswers,
  StoreMessage,
  StoreRequest,
} from './messages.ts';
import { reviveError } from './messages.ts';
import { SeenLabels } from './seen-labels.ts';
import type { StoreParts } from './store-access.ts';
import { StoreQuerier } from './store-querier.ts';
import { StoreState } from './store-state.ts';

/** How long a worker goes on without looking for messages, which may cancel what it does. */
const SLICE_MS = 20;

/**
 * In a worker: reads the store whose `workerHandle().message` this is, in the memory shared with
 * it; it is asked only for histograms of the head. The worker stays alive while an answer is
 * awaited, and not because of the connection alone. When the store closes, what is pending and all
 * that comes after rejects with `StorageClosedError`.
 */
export function connectReader(message: unknown): Queryable {
  assert(isConnectMessage(message), 'connectReader takes the message of a worker handle');
  const port = new StorePort(message);
  const parts: StoreParts = {
    head: new HeadAccess(message.head),
    seen: new SeenLabels(new RemovalCount(message.removals)),
    state: new StoreState(message.state),
    blocks: port.blocks,
    cache: port.cache,
    histograms: (request) => port.ask({ op: 'histograms', ...request }),
    sliceMs: SLICE_MS,
    isLazy: true,
  };
  return { querier: () => new StoreQuerier(parts) };
}

function isConnectMessage(message: unknown): message is ConnectMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'port' in message &&
    message.port instanceof MessagePort
  );
}

interface Waiting {
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

/** This end of the port to the store. */
class StorePort {
  readonly blocks: PostedBlockLists;
  readonly cache: BlockCache;
  readonly #port: MessagePortLike;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #isClosed = false;

  constructor({ port, blockVersion, blocks, isOnDisk }: ConnectMessage) {
    this.#port = port;
    this.blocks = new PostedBlockLists(blockVersion, blocks, {
      letGo: (version) => this.#post({ letGo: version }),
      awaited: () => this.#keepAlive(),
    });
    this.cache = new BlockCache(isOnDisk ? nodeFileSystem : this.#files());
    port.on('message', (message: StoreMessage) => this.#receive(message));
    port.on('close', () => this.#close());
    port.unref();
  }

  async ask<Request extends StoreRequest>(request: Request): Promise<StoreAnswers[Request['op']]> {
    if (this.#isClosed) throw closedError();
    const id = ++this.#lastId;
    try {
      const answer = await new Promise<StoreAnswer>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        this.#keepAlive();
        this.#post({ id, request });
      });
      // The store answers what it is asked.
      return answer as StoreAnswers[Request['op']];
    } finally {
      this.#waiting.delete(id);
      this.#keepAlive();
    }
  }

  /** Only what is awaited keeps the thread alive. */
  #keepAlive(): void {
    if (this.#waiting.size > 0 || this.blocks.isAwaited) this.#port.ref();
    else this.#port.unref();
  }

  #receive(message: StoreMessage): void {
    if ('blocks' in message) {
      this.blocks.take(message.blockVersion, message.blocks);
      void this.cache.keepOnly(message.blocks);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if ('error' in message) waiting?.reject(reviveError(message.error));
    else waiting?.resolve(message.answer);
  }

  #post(message: ReaderMessage): void {
    if (!this.#isClosed) this.#port.postMessage(message);
  }

  #close(): void {
    this.#isClosed = true;
    for (const waiting of this.#waiting.values()) waiting.reject(closedError());
    this.blocks.close();
    void this.cache.close();
  }

  /** Files that only the store can get at. */
  #files(): BlockFiles {
    return {
      read: (path) => this.ask({ op: 'readFile', path }),
      openRead: async (path) => ({
        sizeBytes: await this.ask({ op: 'fileSize', path }),
        read: (position, length) => this.ask({ op: 'readBytes', path, position, length }),
        close: () => Promise.resolve(),
      }),
    };
  }
}

function closedError(): StorageClosedError {
  return new StorageClosedError('the store was closed');
}

import type { MessagePortLike } from '../api.ts';
import type { BlockLease } from '../block/block-set.ts';
import type { BlockFiles } from '../block/block.ts';
import { StorageClosedError } from '../errors.ts';
import type { HeadSource } from './head-source.ts';
import { readHistogramColumns } from './histogram-columns.ts';
import type { ReaderMessage, StoreAnswer, StoreMessage, StoreRequest } from './messages.ts';
import { plainError } from './messages.ts';

export interface ConnectionParts {
  readonly head: HeadSource;
  readonly files: BlockFiles;
  readonly port: MessagePortLike;
}

/**
 * The store's end of a worker's port: tells it of blocks, keeps those that it may be reading, and
 * answers what it cannot read by itself. Does not keep the process alive.
 */
export class StoreConnection {
  readonly #parts: ConnectionParts;
  /** Lists of blocks that the worker may use, by version. */
  readonly #leases = new Map<number, BlockLease>();
  #isClosed = false;

  /** `onClose` is called when the other end has gone, with its thread. */
  constructor(parts: ConnectionParts, version: number, lease: BlockLease, onClose: () => void) {
    this.#parts = parts;
    this.#leases.set(version, lease);
    const { port } = parts;
    port.on('message', (message: ReaderMessage) => this.#receive(message));
    port.on('close', () => {
      this.#stop();
      onClose();
    });
    port.unref();
  }

  /** Posts a new list of blocks. */
  publish(version: number, lease: BlockLease): void {
    if (this.#isClosed) {
      lease.release();
      return;
    }
    this.#leases.set(version, lease);
    this.#post({ blockVersion: version, blocks: lease.blocks });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#stop();
    this.#parts.port.close();
  }

  #stop(): void {
    this.#isClosed = true;
    for (const lease of this.#leases.values()) lease.release();
    this.#leases.clear();
  }

  #receive(message: ReaderMessage): void {
    if ('letGo' in message) {
      this.#leases.get(message.letGo)?.release();
      this.#leases.delete(message.letGo);
      return;
    }
    void this.#answer(message.id, message.request);
  }

  async #answer(id: number, request: StoreRequest): Promise<void> {
    try {
      const answer = await this.#read(request);
      this.#post({ id, answer }, buffersOf(answer));
    } catch (error) {
      this.#post({ id, error: plainError(error) });
    }
  }

  async #read(request: StoreRequest): Promise<StoreAnswer> {
    if (this.#isClosed) throw new StorageClosedError('the store was closed');
    if (request.op === 'histograms') return readHistogramColumns(this.#parts.head, request);
    const { files } = this.#parts;
    if (request.op === 'readFile') return files.read(request.path);
    const file = await files.openRead(request.path);
    try {
      if (request.op === 'fileSize') return file.sizeBytes;
      return await file.read(request.position, request.length);
    } finally {
      await file.close();
    }
  }

  #post(message: StoreMessage, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#isClosed) this.#parts.port.postMessage(message, transfer);
  }
}

/** Columns are given away; bytes of files are copied, as they may be a part of something larger. */
function buffersOf(answer: StoreAnswer): readonly ArrayBuffer[] {
  if (typeof answer === 'number' || answer instanceof Uint8Array) return [];
  return [answer.offsets.buffer, answer.bytes.buffer];
}

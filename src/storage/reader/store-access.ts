import type { BlockCache } from '../block/block-cache.ts';
import type { BlockLease, BlockRef } from '../block/block-set.ts';
import { StorageClosedError } from '../errors.ts';
import type { BlockLists } from './block-lists.ts';
import type { HeadAccess } from './head-access.ts';
import type { HistogramRequest } from './head-source.ts';
import type { HistogramColumns } from './histogram-columns.ts';
import type { ReadScope } from './read-scope.ts';
import type { SeenLabels } from './seen-labels.ts';
import type { StoreState } from './store-state.ts';

/** What a thread reads the store by. */
export interface StoreParts {
  readonly head: HeadAccess;
  /** What look-ups of labels found in the head. */
  readonly seen: SeenLabels;
  readonly state: StoreState;
  readonly blocks: BlockLists;
  readonly cache: BlockCache;
  /** Histograms of the head, which are with the thread that writes. */
  readonly histograms: (request: HistogramRequest) => Promise<HistogramColumns>;
  /** How long one piece of work may keep the event loop, in milliseconds. */
  readonly sliceMs: number;
  /**
   * Selections may read samples as they are asked for, until their querier closes: no copy, but
   * late samples and deletes show meanwhile, and cuts wait.
   */
  readonly isLazy: boolean;
}

/** One read under way: what it sees of the store stays until `release`. */
export interface StoreRead {
  /** Floats before this time are not to be read from the head. */
  readonly floor: number;
  /** The last commit to be seen. */
  readonly commit: number;
  readonly blocks: readonly BlockRef[];
  readonly isReleased: boolean;
  /** May be called again. */
  release(): void;
}

/** Begins a read; it ends with the scope at the latest. @throws StorageClosedError */
export async function beginRead(parts: StoreParts, scope: ReadScope): Promise<StoreRead> {
  for (;;) {
    scope.throwIfAborted();
    assertOpen(parts.state);
    const { head, state, blocks } = parts;
    head.begin();
    // What is published later, cuts and removals of blocks, waits for this read.
    const { floor, blockVersion } = state.read();
    const lease = blocks.lease(blockVersion);
    if (lease !== undefined) return new HeldRead(head, scope, floor, lease);
    head.end();
    await scope.unlessClosed(blocks.arrival(blockVersion));
  }
}

/** @throws StorageClosedError */
export function assertOpen(state: StoreState): void {
  if (state.isClosed) throw new StorageClosedError('the store was closed');
}

class HeldRead implements StoreRead {
  readonly floor: number;
  readonly commit: number;
  isReleased = false;
  readonly #head: HeadAccess;
  readonly #scope: ReadScope;
  readonly #lease: BlockLease;
  readonly release = (): void => this.#release();

  constructor(head: HeadAccess, scope: ReadScope, floor: number, lease: BlockLease) {
    this.#head = head;
    this.#scope = scope;
    this.#lease = lease;
    this.floor = floor;
    this.commit = head.commit();
    scope.onClose(this.release);
  }

  get blocks(): readonly BlockRef[] {
    return this.#lease.blocks;
  }

  #release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.#scope.forget(this.release);
    this.#head.end();
    this.#lease.release();
  }
}

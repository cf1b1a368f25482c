import type { BlockLease, BlockRef } from '../block/block-set.ts';

/** The blocks of the store, by the version of their list. */
export interface BlockLists {
  /** Blocks that stay until released; undefined while that list is on its way here. */
  lease(version: number): BlockLease | undefined;
  /** Resolves when the list of that version, or a later one, has come. */
  arrival(version: number): Promise<void>;
}

/** Where the store itself is. */
export class LocalBlockLists implements BlockLists {
  readonly #blocks: { lease(): BlockLease };

  constructor(blocks: { lease(): BlockLease }) {
    this.#blocks = blocks;
  }

  lease(): BlockLease {
    return this.#blocks.lease();
  }

  arrival(): Promise<void> {
    return Promise.resolve();
  }
}

interface List {
  readonly version: number;
  readonly blocks: readonly BlockRef[];
  users: number;
}

/** What whoever has the lists is told. */
export interface ListEvents {
  /** A list is not used any more and will not be. */
  letGo(version: number): void;
  /** `isAwaited` may have changed. */
  awaited(): void;
}

/**
 * On another thread: lists as they come. The newest is kept for whoever begins to read, older ones
 * as long as they are in use; then the store is told.
 */
export class PostedBlockLists implements BlockLists {
  readonly #events: ListEvents;
  #newest: List;
  #waiting: { readonly version: number; readonly arrived: () => void }[] = [];

  constructor(version: number, blocks: readonly BlockRef[], events: ListEvents) {
    this.#newest = { version, blocks, users: 0 };
    this.#events = events;
  }

  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** The store publishes a version before it posts the list: none that is used is newer. */
  take(version: number, blocks: readonly BlockRef[]): void {
    const before = this.#newest;
    this.#newest = { version, blocks, users: 0 };
    if (before.users === 0) this.#events.letGo(before.version);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((each) => !this.#hasCome(each.version));
    for (const each of waiting) if (this.#hasCome(each.version)) each.arrived();
    this.#events.awaited();
  }

  lease(version: number): BlockLease | undefined {
    const list = this.#newest;
    if (list.version !== version) return undefined;
    list.users++;
    let isReleased = false;
    return {
      blocks: list.blocks,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        list.users--;
        if (list.users === 0 && list !== this.#newest) this.#events.letGo(list.version);
      },
    };
  }

  async arrival(version: number): Promise<void> {
    if (this.#hasCome(version)) return;
    await new Promise<void>((arrived) => {
      this.#waiting.push({ version, arrived });
      this.#events.awaited();
    });
  }

  /** Ends every wait: the store has gone. */
  close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { arrived } of waiting) arrived();
  }

  #hasCome(version: number): boolean {
    // Versions wrap.
    return ((this.#newest.version - version) | 0) >= 0;
  }
}

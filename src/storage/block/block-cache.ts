import type { BlockFiles } from './block.ts';
import { Block } from './block.ts';
import type { BlockRef } from './block-set.ts';

/** Indexes of so many bytes stay in memory, on each thread that reads blocks. */
const KEPT_INDEX_BYTES = 128 * 1024 * 1024;

interface Entry {
  readonly opening: Promise<Block>;
  readonly bytes: number;
  users: number;
  /** Not to be found any more; closed by its last user. */
  dropped: boolean;
}

/** The blocks that a thread has open: those used last. */
export class BlockCache {
  readonly #files: BlockFiles;
  readonly #keptBytes: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(files: BlockFiles, keptBytes = KEPT_INDEX_BYTES) {
    this.#files = files;
    this.#keptBytes = keptBytes;
  }

  /** Calls `use` with the open block; it stays open until that resolves. */
  async with<T>(ref: BlockRef, use: (block: Block) => Promise<T>): Promise<T> {
    const { entry, opening } = this.#entry(ref);
    entry.users++;
    try {
      return await use(await opening);
    } finally {
      entry.users--;
      if (entry.dropped) await this.#closeUnused(entry);
      else await this.#evict();
    }
  }

  /** Closes blocks that are not among these. */
  async keepOnly(blocks: readonly BlockRef[]): Promise<void> {
    const paths = new Set(blocks.map(({ path }) => path));
    for (const [path, entry] of [...this.#entries]) {
      if (!paths.has(path)) await this.#drop(path, entry);
    }
  }

  async close(): Promise<void> {
    await this.keepOnly([]);
  }

  #entry({ path, meta }: BlockRef): { entry: Entry; opening: Promise<Block> } {
    let entry = this.#entries.get(path);
    if (entry === undefined) {
      const opening = Block.open(this.#files, path, meta);
      entry = { opening, bytes: meta.indexBytes, users: 0, dropped: false };
      const opened = entry;
      // The next one that asks tries again.
      opening.catch(() => {
        opened.dropped = true;
        if (this.#entries.get(path) === opened) this.#entries.delete(path);
      });
    }
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    return { entry, opening: entry.opening };
  }

  async #evict(): Promise<void> {
    let bytes = 0;
    for (const entry of this.#entries.values()) bytes += entry.bytes;
    for (const [path, entry] of [...this.#entries]) {
      if (bytes <= this.#keptBytes) return;
      if (entry.users > 0) continue;
      bytes -= entry.bytes;
      await this.#drop(path, entry);
    }
  }

  async #drop(path: string, entry: Entry): Promise<void> {
    entry.dropped = true;
    this.#entries.delete(path);
    await this.#closeUnused(entry);
  }

  async #closeUnused(entry: Entry): Promise<void> {
    if (entry.users > 0) return;
    const block = await entry.opening.catch(() => undefined);
    await block?.close().catch(() => {});
  }
}

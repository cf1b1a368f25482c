import { messageOf } from '../../model/index.ts';
import type { StorageEnvironment } from '../environment.ts';
import { StorageError, systemCodeOf } from '../errors.ts';
import type { FileSystem } from '../file-system.ts';
import type { DeleteRecord } from '../wal/records.ts';
import type { ReplayedDelete } from '../wal/record-replay.ts';
import type { BlockMeta } from './block-meta.ts';
import { blockBytes, decodeBlockMeta } from './block-meta.ts';
import { DELETED_SUFFIX, isBlockName, UNFINISHED_SUFFIX } from './block-names.ts';
import type { Tombstone } from './tombstone.ts';
import { decodeTombstones, encodeTombstones, sameTombstone, tombstoneOf } from './tombstone.ts';

/** A block for whoever reads it, as plain data. */
export interface BlockRef {
  readonly path: string;
  readonly meta: BlockMeta;
  readonly tombstones: readonly Tombstone[];
}

/** Blocks that stay on the disk until `release`, which may be called again. */
export interface BlockLease {
  readonly blocks: readonly BlockRef[];
  release(): void;
}

interface Held {
  ref: BlockRef;
  readers: number;
  removed: boolean;
  /** Whether the tombstones are on the disk. */
  saved: boolean;
}

/**
 * The blocks of a store: which there are, who reads them, and what of them deletes hide. Blocks
 * are removed when their last reader lets go.
 */
export class BlockSet {
  readonly dir: string;
  damagedCount = 0;
  /** Called at once after blocks or tombstones have changed. */
  onChange: () => void = () => {};
  readonly #environment: StorageEnvironment;
  readonly #held = new Map<string, Held>();
  #saving: Promise<void> = Promise.resolve();

  private constructor(environment: StorageEnvironment, dir: string) {
    this.#environment = environment;
    this.dir = dir;
  }

  /**
   * Finds the blocks of a folder. What was not finished is removed; so are blocks that others were
   * merged from, and, unless the log was damaged, those of cuts that the log does not know, whose
   * samples the head still has.
   */
  static async open(
    environment: StorageEnvironment,
    dir: string,
    lastCut: number,
  ): Promise<BlockSet> {
    const set = new BlockSet(environment, dir);
    await environment.files.makeDirectory(dir);
    const found: BlockRef[] = [];
    for (const name of await environment.files.list(dir)) {
      const path = `${dir}/${name}`;
      if (name.endsWith(UNFINISHED_SUFFIX) || name.endsWith(DELETED_SUFFIX)) {
        await environment.files.remove(path);
      } else if (isBlockName(name)) {
        const ref = await set.#find(path);
        if (ref !== undefined) found.push(ref);
      }
    }
    const merged = new Set(found.flatMap(({ meta }) => meta.sources));
    for (const ref of found) {
      const obsolete = merged.has(ref.meta.name) || ref.meta.cut > lastCut;
      if (obsolete) await set.#removeFiles(ref);
      else set.#held.set(ref.meta.name, { ref, readers: 0, removed: false, saved: true });
    }
    return set;
  }

  /** All of them, the oldest samples first. */
  list(): BlockRef[] {
    const refs = [...this.#held.values()].filter(({ removed }) => !removed).map(({ ref }) => ref);
    return refs.sort((a, b) => a.meta.minTime - b.meta.minTime || a.meta.cut - b.meta.cut);
  }

  get sizeBytes(): number {
    return this.list().reduce((sum, { meta }) => sum + blockBytes(meta), 0);
  }

  /** Keeps every block as it is now. */
  lease(): BlockLease {
    const blocks = this.list();
    const holds = blocks.map(({ meta }) => this.#held.get(meta.name)!);
    for (const held of holds) held.readers++;
    let released = false;
    return {
      blocks,
      release: () => {
        if (released) return;
        released = true;
        for (const held of holds) {
          held.readers--;
          if (held.removed && held.readers === 0) void this.#removeLater(held);
        }
      },
    };
  }

  /** Adds finished blocks. */
  add(metas: readonly BlockMeta[]): void {
    for (const meta of metas) {
      const ref = { path: `${this.dir}/${meta.name}`, meta, tombstones: [] };
      this.#held.set(meta.name, { ref, readers: 0, removed: false, saved: true });
    }
    if (metas.length > 0) this.onChange();
  }

  /** Lets blocks go, now or when their readers do. Resolves when those without readers are gone. */
  remove(names: readonly string[]): Promise<void> {
    return this.replace(names, []);
  }

  /** Puts blocks in the place of others, in one moment. Resolves as `remove` does. */
  async replace(names: readonly string[], by: readonly BlockMeta[]): Promise<void> {
    const found = names.map((name) => this.#held.get(name)).filter((held) => held !== undefined);
    const going = found.filter(({ removed }) => !removed);
    for (const held of going) held.removed = true;
    this.add(by);
    if (going.length > 0 && by.length === 0) this.onChange();
    await Promise.all(
      going.filter(({ readers }) => readers === 0).map((held) => this.#removeLater(held)),
    );
  }

  /** Hides samples from now on; `saveTombstones` makes it last. */
  hide(record: DeleteRecord): void {
    if (this.#hide(tombstoneOf(record), Infinity)) this.onChange();
  }

  /** Hides what deletes in the log hide, where a crash came before it was saved. */
  replay(deletes: readonly ReplayedDelete[]): void {
    for (const { record, cut } of deletes) this.#hide(tombstoneOf(record), cut);
  }

  /** Writes the tombstones that are not on the disk. */
  saveTombstones(): Promise<void> {
    const saving = this.#saving.then(() => this.#saveTombstones());
    this.#saving = saving.catch(() => {});
    return saving;
  }

  async #saveTombstones(): Promise<void> {
    const { files } = this.#environment;
    for (const held of this.#held.values()) {
      if (held.saved || held.removed) continue;
      const { path, tombstones } = held.ref;
      await writeTombstones(files, path, tombstones);
      // More may have come while these were written.
      held.saved = held.ref.tombstones === tombstones;
    }
  }

  /** Whether there are blocks that it hides something of, and that it did not before. */
  #hide(tombstone: Tombstone, lastCut: number): boolean {
    let isNew = false;
    for (const held of this.#held.values()) {
      const { meta, tombstones } = held.ref;
      if (held.removed || meta.cut > lastCut) continue;
      const { minTime, maxTime } = tombstone.range;
      if (maxTime < meta.minTime || minTime > meta.maxTime) continue;
      if (tombstones.some((each) => sameTombstone(each, tombstone))) continue;
      held.ref = { ...held.ref, tombstones: [...tombstones, tombstone] };
      held.saved = false;
      isNew = true;
    }
    return isNew;
  }

  async #find(path: string): Promise<BlockRef | undefined> {
    const { files, log } = this.#environment;
    try {
      const meta = decodeBlockMeta(`${path}/meta.json`, await files.read(`${path}/meta.json`));
      return { path, meta, tombstones: await readTombstones(files, path) };
    } catch (error) {
      this.damagedCount++;
      log.error({ path, reason: messageOf(error) }, 'a block cannot be read and is left alone');
      return undefined;
    }
  }

  async #removeLater(held: Held): Promise<void> {
    try {
      await this.#removeFiles(held.ref);
    } catch (error) {
      // It is removed at the next start, if it is not of use by then.
      const { path } = held.ref;
      this.#environment.log.warn({ path, reason: messageOf(error) }, 'a block was not removed');
    }
    if (this.#held.get(held.ref.meta.name) === held) this.#held.delete(held.ref.meta.name);
  }

  async #removeFiles({ path }: BlockRef): Promise<void> {
    const { files } = this.#environment;
    const deleted = path + DELETED_SUFFIX;
    await files.rename(path, deleted);
    await files.syncDirectory(this.dir);
    await files.remove(deleted);
  }
}

/** Tombstones of a block, none where it has no such file. @throws StorageError */
export async function readTombstones(files: FileSystem, path: string): Promise<Tombstone[]> {
  try {
    return decodeTombstones(`${path}/tombstones`, await files.read(`${path}/tombstones`));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Makes these the tombstones of a block, durably. */
export function writeTombstones(
  files: FileSystem,
  path: string,
  tombstones: readonly Tombstone[],
): Promise<void> {
  return replaceFile(files, path, 'tombstones', encodeTombstones(tombstones));
}

/** Puts a file in the place of the one before; after a crash there is one or the other. */
async function replaceFile(
  files: FileSystem,
  dir: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const temporary = `${dir}/${name}${UNFINISHED_SUFFIX}`;
  const file = await files.open(temporary, 'create');
  try {
    await file.write(bytes, 0);
    await file.sync();
  } catch (error) {
    throw new StorageError(`cannot write ${dir}/${name}: ${messageOf(error)}`, { cause: error });
  } finally {
    await file.close();
  }
  await files.rename(temporary, `${dir}/${name}`);
  await files.syncDirectory(dir);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage, type Storage, type StorageOptionsInput } from '../../src/storage/index.ts';
import { type Clock, systemClock } from '../../src/util/index.ts';

/** The real store in a folder of its own. */
export interface TemporaryStorage {
  /** The open store; another one after `reopen`. */
  readonly storage: Storage;
  /** Closes the store and opens its folder again, as a restart does. */
  reopen(): Promise<void>;
  /** Closes the store and deletes its folder. */
  remove(): Promise<void>;
}

/** Opens a store in a temporary folder. It does not wait for the disk unless told to. */
export async function openTemporaryStorage(
  options: Omit<StorageOptionsInput, 'data_dir'> = {},
  clock: Clock = systemClock,
): Promise<TemporaryStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-store-'));
  const open = (): Promise<Storage> =>
    openStorage({ fsync: 'none', ...options, data_dir: folder }, { clock });
  let storage = await open();
  return {
    get storage() {
      return storage;
    },
    async reopen() {
      await storage.close();
      storage = await open();
    },
    async remove() {
      await storage.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import { Labels } from '../../src/model/index.ts';
import type { Storage } from '../../src/storage/index.ts';

/** What the suite asks of a store under test. */
export interface StorageSettings {
  readonly outOfOrderWindowMs: number;
  readonly maxSeries?: number;
  readonly maxExemplars?: number;
}

/** One place where stores are kept, empty at first. */
export interface StorageFactory {
  /** Opens the store of the place; the one before was closed. Its clock stands at `NOW`. */
  open(settings: StorageSettings): Promise<Storage>;
  /** Removes the place. */
  dispose(): Promise<void>;
}

/** The time at which the stores under test live. */
export const NOW = 1_700_000_000_000;
export const WINDOW_MS = 60_000;
export const SETTINGS: StorageSettings = { outOfOrderWindowMs: WINDOW_MS };

export const A = Labels.fromObject({ __name__: 'm', job: 'a' });
export const B = Labels.fromObject({ __name__: 'm', job: 'b' });

export const STALE = 0x7ff0000000000002n;
export const ODD_NANS = [
  0x7ff8000000000001n,
  0xfff8000000000000n,
  0x7ff0000000000001n,
  0xffffffffffffffffn,
];

/** The store under test, another one for each test, and ways to open it again. */
export class Subject {
  #factory: StorageFactory | undefined;
  #storage: Storage | undefined;

  get storage(): Storage {
    if (this.#storage === undefined) throw new Error('no store is open');
    return this.#storage;
  }

  async begin(factory: StorageFactory): Promise<void> {
    this.#factory = factory;
    await this.open();
  }

  async open(settings = SETTINGS): Promise<void> {
    this.#storage = await this.#factory?.open(settings);
  }

  /** Closes the store and opens it again, with other settings if given. */
  async reopen(settings = SETTINGS): Promise<void> {
    await this.storage.close();
    await this.open(settings);
  }

  /** Runs a check on the store as it is, after a restart, and after a checkpoint and restart. */
  async lasting(check: () => Promise<void> | void): Promise<void> {
    await check();
    await this.reopen();
    await check();
    await this.storage.checkpoint();
    await check();
    await this.reopen();
    await check();
  }

  async end(): Promise<void> {
    await this.storage.close();
    await this.#factory?.dispose();
  }
}

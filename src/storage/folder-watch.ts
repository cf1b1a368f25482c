import type { FolderLock } from '../util/index.ts';
import type { StorageEnvironment } from './environment.ts';
import { StorageError, systemCodeOf } from './errors.ts';

/** Between two looks while all is well. */
const LOOK_MS = 250;

export interface FolderWatchPlace {
  readonly dataDir: string;
  readonly walDir: string;
  readonly lock: FolderLock;
}

/**
 * Sees that the data folder is gone, or another's: a file that is open can be written to all the
 * same, and what is in it would be acknowledged and lost. While that is so nothing is written; a
 * folder that is moved back is as if it had never been away.
 */
export class FolderWatch {
  readonly #environment: StorageEnvironment;
  readonly #place: FolderWatchPlace;
  #lookedMs: number;
  #isMissing = false;

  constructor(environment: StorageEnvironment, place: FolderWatchPlace) {
    this.#environment = environment;
    this.#place = place;
    this.#lookedMs = environment.clock.monotonic();
  }

  /** As seen last. */
  get isMissing(): boolean {
    return this.#isMissing;
  }

  /** Looks, if that is due, else undefined. Rejects with StorageError where the folder is gone. */
  check(): Promise<void> | undefined {
    const nowMs = this.#environment.clock.monotonic();
    const age = nowMs - this.#lookedMs;
    if (!this.#isMissing && age >= 0 && age < LOOK_MS) return undefined;
    this.#lookedMs = nowMs;
    return this.#look();
  }

  async #look(): Promise<void> {
    this.#isMissing = !(await this.#isThere());
    if (!this.#isMissing) return;
    throw new StorageError(
      `the data folder ${this.#place.dataDir} was removed, moved or taken over while in use: put it ` +
        'back where it was, or start again, which begins with what is there then',
    );
  }

  async #isThere(): Promise<boolean> {
    const { lock, walDir } = this.#place;
    if (!(await lock.isHeld())) return false;
    try {
      // The log alone may have been removed.
      return (await this.#environment.files.list(walDir)).length > 0;
    } catch (error) {
      const code = systemCodeOf(error);
      // Anything else says nothing of the folder: the write itself will tell.
      return code !== 'ENOENT' && code !== 'ENOTDIR';
    }
  }
}

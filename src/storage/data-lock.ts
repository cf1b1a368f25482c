import { readFileSync } from 'node:fs';
import { StorageLockedError, systemCodeOf } from './errors.ts';
import type { FileSystem } from './file-system.ts';

const ATTEMPTS = 6;
/** An empty lock that is still empty at this attempt has no maker any more. */
const EMPTY_ATTEMPTS = 3;

/**
 * Keeps the data folder to one open store: a file that names its process. The lock of a process
 * that is no more is taken over. @throws StorageLockedError while its process lives.
 */
export class DataLock {
  readonly #files: FileSystem;
  readonly #path: string;

  private constructor(files: FileSystem, path: string) {
    this.#files = files;
    this.#path = path;
  }

  static async acquire(files: FileSystem, dataDir: string): Promise<DataLock> {
    const path = `${dataDir}/lock`;
    const mine = processToken(process.pid);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await files.createExclusive(path, mine)) return new DataLock(files, path);
      const holder = await readIfThere(files, path);
      // An empty file: its maker is about to write its name, or died before it could.
      if (holder === undefined || (holder === '' && attempt < EMPTY_ATTEMPTS)) continue;
      if (isAlive(holder)) {
        throw new StorageLockedError(
          `${path} says that process ${holder.split(' ')[0]} has the data folder open; ` +
            'two cannot write to it at once',
        );
      }
      await takeAway(files, path, holder);
    }
    throw new StorageLockedError(`${path} is fought over by several processes that start at once`);
  }

  async release(): Promise<void> {
    await this.#files.remove(this.#path);
  }
}

/** Moves a stale lock out of the way. Of several that try, one succeeds. */
async function takeAway(files: FileSystem, path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await files.rename(path, aside);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  const taken = await readIfThere(files, aside);
  await files.remove(aside);
  // Another process was faster and this was its new lock already: give it back.
  if (taken !== undefined && taken !== stale) await files.createExclusive(path, taken);
}

async function readIfThere(files: FileSystem, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(token: string): boolean {
  const pid = Number(token.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not ours to signal is alive all the same.
    if (systemCodeOf(error) !== 'EPERM') return false;
  }
  // The number may belong to another process by now, in a container often to this one.
  return processToken(pid) === token;
}

/** The process's number and, where the system tells, when it started. */
function processToken(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name in parentheses and may hold anything; field 22 is the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${pid} ${fields[19] ?? ''}`;
  } catch {
    return String(pid);
  }
}

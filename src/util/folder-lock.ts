import { readFileSync } from 'node:fs';

const FILE = 'lock';
const ATTEMPTS = 6;
/** An empty lock that is still empty at this attempt has no maker any more. */
const EMPTY_ATTEMPTS = 3;

/** The file operations of a lock. Paths are joined with `/`; rejections are the system's errors. */
export interface LockFiles {
  read(path: string): Promise<Uint8Array>;
  /** Makes the file with this text; false where it exists already. */
  createExclusive(path: string, text: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  /** No error where there is none. */
  remove(path: string): Promise<void>;
}

/** Why a folder could not be locked. */
export interface LockHolder {
  /** Of the lock. */
  readonly path: string;
  /** The process that lives and has it; undefined where several fight over it. */
  readonly pid: number | undefined;
}

/**
 * Keeps a data folder to one process, and to one user within it: a file that names the process. The
 * lock of a process that is no more, as `kill -9` leaves it, is taken over. Processes that do not
 * see each other (containers that share a volume) are not kept apart.
 */
export class FolderLock {
  readonly #files: LockFiles;
  readonly #path: string;
  readonly #token: string;

  private constructor(files: LockFiles, path: string, token: string) {
    this.#files = files;
    this.#path = path;
    this.#token = token;
  }

  /** Locks a folder that exists. Throws what `refused` makes while another process has it. */
  static async acquire(
    files: LockFiles,
    folder: string,
    refused: (holder: LockHolder) => Error,
  ): Promise<FolderLock> {
    const path = `${folder}/${FILE}`;
    const mine = processToken(process.pid);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await files.createExclusive(path, mine)) return new FolderLock(files, path, mine);
      const holder = await readIfThere(files, path);
      // An empty file: its maker is about to write its name, or died before it could.
      if (holder === undefined || (holder === '' && attempt < EMPTY_ATTEMPTS)) continue;
      if (isAlive(holder)) throw refused({ path, pid: pidOf(holder) });
      await takeAway(files, path, holder);
    }
    throw refused({ path, pid: undefined });
  }

  /** Whether the folder is where it was, and still this one's. What cannot be told is taken so. */
  async isHeld(): Promise<boolean> {
    try {
      return (await readIfThere(this.#files, this.#path)) === this.#token;
    } catch (error) {
      return codeOf(error) !== 'ENOTDIR';
    }
  }

  /** Gives the folder free. A lock that is another's by now, as in a folder made anew, stays. */
  async release(): Promise<void> {
    const holder = await readIfThere(this.#files, this.#path);
    if (holder === this.#token) await this.#files.remove(this.#path);
  }
}

/** Moves a stale lock out of the way. Of several that try, one succeeds. */
async function takeAway(files: LockFiles, path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await files.rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const taken = await readIfThere(files, aside);
  await files.remove(aside);
  // Another process was faster and this was its new lock already: give it back.
  if (taken !== undefined && taken !== stale) await files.createExclusive(path, taken);
}

async function readIfThere(files: LockFiles, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function pidOf(token: string): number | undefined {
  const pid = Number(token.split(' ')[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

function isAlive(token: string): boolean {
  const pid = pidOf(token);
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not ours to signal is alive all the same.
    if (codeOf(error) !== 'EPERM') return false;
  }
  // The number may belong to another process by now, in a container often to this one.
  return processToken(pid) === token;
}

/** The process's number and, where the system tells, when it started; empty for a dead one. */
function processToken(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name in parentheses and may hold anything; field 22 is the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Killed, and not yet taken note of by its parent: it has nothing open any more.
    if (fields[0] === 'Z') return '';
    return `${pid} ${fields[19] ?? ''}`;
  } catch {
    return String(pid);
  }
}

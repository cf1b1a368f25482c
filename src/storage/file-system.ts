import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCodeOf } from './errors.ts';

/**
 * The file operations that the store needs, and no more, so that tests can keep files in memory,
 * tear writes and fill the disk. Paths are joined with `/`. Operations reject with the operating
 * system's errors (`code` is `ENOSPC`, `ENOENT`, ...).
 */
export interface FileSystem {
  /** Makes the folder and those above it, durably; no error where it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Names in the folder, in no order. */
  list(path: string): Promise<string[]>;
  /** The whole file. */
  read(path: string): Promise<Uint8Array>;
  /** Opens for writing; `create` makes an empty file, or empties one that exists. */
  open(path: string, mode: 'create' | 'update'): Promise<WritableFile>;
  /** Makes the file with this text; false where it exists already. */
  createExclusive(path: string, text: string): Promise<boolean>;
  /** Replaces a file; a folder must not exist at the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all in it; no error where there is none. */
  remove(path: string): Promise<void>;
  /** Makes entries of the folder (creations, renames, removals) durable. */
  syncDirectory(path: string): Promise<void>;
}

export interface WritableFile {
  /** Writes all the bytes at the position; on an error part of them may be written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes data and size durable. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** The disk. */
export const nodeFileSystem: FileSystem = {
  async makeDirectory(path) {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    // A folder is an entry of the one above it: without these syncs a power cut takes it along.
    const top = dirname(resolve(first));
    let above = resolve(path);
    do {
      above = dirname(above);
      await syncEntries(above);
    } while (above !== top && above !== dirname(above));
  },
  list: (path) => readdir(path),
  read: (path) => readFile(path),
  async open(path, mode) {
    return new NodeFile(await open(path, mode === 'create' ? 'w' : 'r+'));
  },
  async createExclusive(path, text) {
    try {
      const file = await open(path, 'wx');
      try {
        await file.writeFile(text);
      } finally {
        await file.close();
      }
      return true;
    } catch (error) {
      if (systemCodeOf(error) === 'EEXIST') return false;
      throw error;
    }
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { recursive: true, force: true }),
  syncDirectory: syncEntries,
};

async function syncEntries(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

class NodeFile implements WritableFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      // A short write is no error in itself; the next one says why (a full disk, mostly).
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        position + done,
      );
      done += bytesWritten;
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#handle.truncate(sizeBytes);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

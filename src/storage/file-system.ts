import {
  constants,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname } from 'node:path';
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
  /** Opens for reading in pieces. */
  openRead(path: string): Promise<ReadableFile>;
  /**
   * Opens for writing; `create` makes an empty file, or empties one that exists. With `durable`,
   * each write has been synced when it resolves.
   */
  open(path: string, mode: 'create' | 'update', writes?: 'durable'): Promise<WritableFile>;
  /** Makes the file with this text; false where it exists already. */
  createExclusive(path: string, text: string): Promise<boolean>;
  /** Replaces a file; a folder must not exist at the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Gives the file a second name, which must be free. Neither name may be written to after. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all in it; no error where there is none. */
  remove(path: string): Promise<void>;
  /** Makes entries of the folder (creations, renames, removals) durable. */
  syncDirectory(path: string): Promise<void>;
}

/** A file that does not change. It can be read until it is closed, whatever becomes of its name. */
export interface ReadableFile {
  readonly sizeBytes: number;
  /** Bytes `[position, position + length)`; rejects where the file ends before. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export interface WritableFile {
  /**
   * Writes all the bytes at the position, durably where the file was opened so; on an error part of
   * them may be written.
   */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes data and size durable. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Flag by which a write and its sync are one call, and one turn of a thread. Elsewhere it is not
 * there, or leaves data in the cache of the drive (macOS, where libuv's sync does not).
 */
const SYNCED_BY_WRITE = process.platform === 'linux' ? constants.O_DSYNC : 0;

/** The disk. */
export const nodeFileSystem: FileSystem = {
  async makeDirectory(path) {
    // Level by level: a folder is an entry of the one above it, and without a sync of that a power
    // cut takes it along. (Node's recursive mkdir also hangs where nothing can be made, in /proc.)
    if (await isDirectory(path)) return;
    const above = dirname(path);
    if (above !== path) await nodeFileSystem.makeDirectory(above);
    // `x/..` is there as soon as `x` is.
    if (await isDirectory(path)) return;
    await mkdir(path);
    await syncEntries(above);
  },
  list: (path) => readdir(path),
  read: (path) => readFile(path),
  async openRead(path) {
    const handle = await open(path, 'r');
    try {
      return new NodeReadableFile(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
  async open(path, mode, writes) {
    const create = mode === 'create' ? constants.O_CREAT | constants.O_TRUNC : 0;
    const flags = create | (mode === 'create' ? constants.O_WRONLY : constants.O_RDWR);
    if (writes === undefined) return new NodeFile(await open(path, flags), false);
    return new NodeFile(await open(path, flags | SYNCED_BY_WRITE), SYNCED_BY_WRITE === 0);
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
  link: (from, to) => link(from, to),
  remove: (path) => rm(path, { recursive: true, force: true }),
  syncDirectory: syncEntries,
};

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

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
  readonly #syncsAfterWrite: boolean;

  constructor(handle: FileHandle, syncsAfterWrite: boolean) {
    this.#handle = handle;
    this.#syncsAfterWrite = syncsAfterWrite;
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
    if (this.#syncsAfterWrite) await this.sync();
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

class NodeReadableFile implements ReadableFile {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  async read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, position + done);
      if (bytesRead === 0) {
        throw new Error(`the file ends ${length - done} bytes before ${position + length}`);
      }
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

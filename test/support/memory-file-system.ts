import type { FileSystem, ReadableFile, WritableFile } from '../../src/storage/index.ts';

/** A file with what has been written and what a power cut would leave. */
interface MemoryFile {
  written: Uint8Array;
  synced: Uint8Array;
}

/** What a crash does with writes that were not synced; each is asked for one file at a time. */
export interface Crash {
  /** How many of the last bytes, which are not synced, the disk has all the same. */
  keptBytes(path: string, unsyncedBytes: number): number;
  /** Changes bytes of a file's unsynced end in place. */
  damage(path: string, unsynced: Uint8Array): void;
}

/** Everything that was written is kept: the operating system lives on (`kill -9`). */
export const processCrash: Crash = {
  keptBytes: (_path, unsyncedBytes) => unsyncedBytes,
  damage() {},
};

type Operation =
  | 'write'
  | 'sync'
  | 'rename'
  | 'create'
  | 'truncate'
  | 'syncDirectory'
  | 'link'
  | 'remove';

/**
 * Files in memory with the guarantees of a disk and no others: a write is durable after `sync`, a
 * name after `syncDirectory`. `crashed` is the disk that the next start finds.
 */
export class MemoryFileSystem implements FileSystem {
  /** Names as programs see them. */
  #files = new Map<string, MemoryFile>();
  /** Names as a power cut would leave them. */
  #durableNames = new Map<string, MemoryFile>();
  /** Called before each operation; throws to make it fail. */
  onOperation: (operation: Operation, path: string) => void = () => {};
  /** Awaited before each operation on a file: how slow the disk is. */
  delay: () => Promise<void> = () => Promise.resolve();
  /** Bytes that still fit; a write beyond them is torn there and fails with ENOSPC. */
  freeBytes = Infinity;
  /** Files that were opened for writing and not closed yet. */
  openCount = 0;
  /** Bytes given to `write` in all. */
  writtenBytes = 0;

  async makeDirectory(): Promise<void> {}

  async list(path: string): Promise<string[]> {
    const names = new Set<string>();
    for (const each of this.#files.keys()) {
      if (!each.startsWith(`${path}/`)) continue;
      names.add(each.slice(path.length + 1).split('/')[0] ?? '');
    }
    return [...names];
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#get(path).written.slice();
  }

  async openRead(path: string): Promise<ReadableFile> {
    const { written } = this.#get(path);
    return {
      sizeBytes: written.length,
      read: async (position, length) => {
        if (position + length > written.length) throw new Error('the file ends before');
        return written.slice(position, position + length);
      },
      close: async () => {},
    };
  }

  async link(from: string, to: string): Promise<void> {
    await this.delay();
    this.onOperation('link', to);
    if (this.#files.has(to)) throw systemError('EEXIST', `the file exists: ${to}`);
    this.#files.set(to, this.#get(from));
  }

  async open(path: string, mode: 'create' | 'update', writes?: 'durable'): Promise<WritableFile> {
    if (mode === 'create') {
      this.onOperation('create', path);
      const existing = this.#files.get(path);
      if (existing === undefined) {
        this.#files.set(path, { written: new Uint8Array(0), synced: new Uint8Array(0) });
      } else {
        existing.written = new Uint8Array(0);
      }
    }
    const file = this.#writable(path, this.#get(path));
    return writes === undefined ? file : synced(file);
  }

  async createExclusive(path: string, text: string): Promise<boolean> {
    if (this.#files.has(path)) return false;
    const bytes = new TextEncoder().encode(text);
    this.#files.set(path, { written: bytes, synced: bytes });
    return true;
  }

  async rename(from: string, to: string): Promise<void> {
    await this.delay();
    this.onOperation('rename', from);
    for (const [path, file] of [...this.#files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#files.delete(path);
      this.#files.set(to + path.slice(from.length), file);
    }
  }

  async remove(path: string): Promise<void> {
    this.onOperation('remove', path);
    for (const each of [...this.#files.keys()]) {
      if (each === path || each.startsWith(`${path}/`)) this.#files.delete(each);
    }
  }

  async syncDirectory(path: string): Promise<void> {
    await this.delay();
    this.onOperation('syncDirectory', path);
    const below = `${path}/`;
    for (const each of [...this.#durableNames.keys()]) {
      if (each.startsWith(below) && !this.#files.has(each)) this.#durableNames.delete(each);
    }
    for (const [each, file] of this.#files) {
      if (each.startsWith(below)) this.#durableNames.set(each, file);
    }
  }

  /** The disk after a crash of the machine (or, with `processCrash`, of the process). */
  crashed(crash: Crash): MemoryFileSystem {
    const after = new MemoryFileSystem();
    const names = crash === processCrash ? this.#files : this.#durableNames;
    for (const [path, file] of names) {
      if (path.endsWith('/lock')) continue;
      const bytes = surviving(path, file, crash);
      after.#files.set(path, { written: bytes, synced: bytes });
    }
    after.#durableNames = new Map(after.#files);
    return after;
  }

  /** The bytes of a file, to look at or to spoil in place. */
  bytes(path: string): Uint8Array {
    return this.#get(path).written;
  }

  /** Replaces a file as something else than the store would. */
  put(path: string, bytes: Uint8Array): void {
    this.#files.set(path, { written: bytes, synced: bytes });
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  #get(path: string): MemoryFile {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT', `no such file: ${path}`);
    return file;
  }

  #writable(path: string, file: MemoryFile): WritableFile {
    this.openCount++;
    return {
      write: async (bytes, position) => {
        await this.delay();
        let kept = bytes.length;
        let failure: Error | undefined;
        try {
          this.onOperation('write', path);
        } catch (error) {
          failure = error instanceof Error ? error : new Error(String(error));
          kept = bytes.length >>> 1;
        }
        const grows = Math.max(0, position + kept - file.written.length);
        if (grows > this.freeBytes) {
          kept = Math.max(0, kept - (grows - this.freeBytes));
          failure ??= systemError('ENOSPC', 'no space left on device');
        }
        this.freeBytes -= Math.max(0, position + kept - file.written.length);
        const grown = new Uint8Array(Math.max(file.written.length, position + kept));
        grown.set(file.written);
        grown.set(bytes.subarray(0, kept), position);
        file.written = grown;
        this.writtenBytes += kept;
        if (failure !== undefined) throw failure;
      },
      sync: async () => {
        await this.delay();
        this.onOperation('sync', path);
        file.synced = file.written.slice();
      },
      truncate: async (sizeBytes) => {
        this.onOperation('truncate', path);
        this.freeBytes += Math.max(0, file.written.length - sizeBytes);
        file.written = file.written.slice(0, sizeBytes);
      },
      close: async () => {
        this.openCount--;
      },
    };
  }
}

/** The file with each write synced: a failing sync is a failing write. */
function synced(file: WritableFile): WritableFile {
  const write = async (bytes: Uint8Array, position: number): Promise<void> => {
    await file.write(bytes, position);
    await file.sync();
  };
  return { ...file, write };
}

function surviving(path: string, { written, synced }: MemoryFile, crash: Crash): Uint8Array {
  // Only what follows the synced bytes is in doubt; the store never writes over anything.
  if (written.length <= synced.length) return synced.slice();
  const unsynced = written.length - synced.length;
  const bytes = written.slice(0, synced.length + crash.keptBytes(path, unsynced));
  crash.damage(path, bytes.subarray(synced.length));
  return bytes;
}

/** An error as `node:fs` throws it. */
export function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

import { FolderLock, type LockHolder } from '../util/index.ts';
import { StorageLockedError } from './errors.ts';
import type { FileSystem } from './file-system.ts';

/**
 * Keeps the data folder to one open store. @throws StorageLockedError while the process that has it
 * lives.
 */
export function lockData(files: FileSystem, dataDir: string): Promise<FolderLock> {
  return FolderLock.acquire(files, dataDir, refused);
}

function refused({ path, pid }: LockHolder): StorageLockedError {
  if (pid === undefined) {
    return new StorageLockedError(`${path} is fought over by several processes that start at once`);
  }
  return new StorageLockedError(
    `${path} says that process ${pid} has the data folder open; two cannot write to it at once: ` +
      'stop that one, or use another folder',
  );
}

import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { makeFolder } from '../../util/index.ts';
import type { RingFileSystem } from './ring-file-system.ts';

/** The disk, for the agent's ring and its epoch. */
export const nodeRingFiles: RingFileSystem = {
  async makeDirectory(path) {
    makeFolder(path);
  },
  list: (path) => readdir(path),
  read: (path) => readFile(path),
  async openRead(path) {
    const handle = await open(path, 'r');
    const { size: sizeBytes } = await handle.stat();
    return {
      sizeBytes,
      async read(position, length) {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await handle.read(bytes, 0, length, position);
        return bytes.subarray(0, bytesRead);
      },
      close: () => handle.close(),
    };
  },
  async open(path, mode) {
    const handle = await open(path, mode === 'create' ? 'w' : 'r+');
    return {
      async write(bytes, position) {
        let done = 0;
        while (done < bytes.length) {
          const { bytesWritten } = await handle.write(
            bytes,
            done,
            bytes.length - done,
            position + done,
          );
          done += bytesWritten;
        }
      },
      sync: () => handle.datasync(),
      truncate: (sizeBytes) => handle.truncate(sizeBytes),
      close: () => handle.close(),
    };
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

import { readFile, statfs } from 'node:fs/promises';
import type { HostFiles } from './host-metric.ts';

export const realHostFiles: HostFiles = {
  read: (path) => readFile(path, 'utf8'),
  async statfs(path) {
    const stat = await statfs(path);
    return {
      sizeBytes: stat.blocks * stat.bsize,
      freeBytes: stat.bfree * stat.bsize,
      availableBytes: stat.bavail * stat.bsize,
      inodes: stat.files,
      freeInodes: stat.ffree,
    };
  },
};

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { FolderLock, type LockFiles, type LockHolder, makeFolder } from '../util/index.ts';
import { AgentSetupError } from './errors.ts';

/**
 * Keeps a data folder, made where there is none, to one agent: two would write to one ring and
 * count one epoch. @throws AgentSetupError while another process has it.
 */
export async function lockDataFolder(directory: string): Promise<FolderLock> {
  makeFolder(directory);
  return FolderLock.acquire(nodeLockFiles, directory, (holder) => refused(directory, holder));
}

function refused(directory: string, { path, pid }: LockHolder): AgentSetupError {
  if (pid === undefined) {
    const text = `several processes begin in the data folder ${directory} at once, want one`;
    return new AgentSetupError(`${text}: start this agent again when the others have`);
  }
  return new AgentSetupError(
    `the data folder ${directory} is in use by process ${pid}, as ${path} says: ` +
      'stop that one, or give this agent a folder of its own with --data',
  );
}

const nodeLockFiles: LockFiles = {
  read: (path) => readFile(path),
  async createExclusive(path, text) {
    try {
      await writeFile(path, text, { flag: 'wx' });
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    }
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
};

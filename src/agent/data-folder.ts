import { messageOf } from '../model/index.ts';
import { AgentSetupError } from './errors.ts';

/**
 * Does what needs the agent's data folder.
 * @throws AgentSetupError where the file system does not let it; what else is thrown goes through.
 */
export async function inDataFolder<Result>(
  directory: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isOfFileSystem(error, directory)) throw error;
    const wanted = 'make room or give the right to write there, or start with --memory-only';
    const text = `the data folder ${directory} cannot be used: ${messageOf(error)}: ${wanted}`;
    throw new AgentSetupError(text, { cause: error });
  }
}

/** Errors of file descriptors name no path, those of sockets an address. */
function isOfFileSystem(error: unknown, directory: string): boolean {
  if (!(error instanceof Error) || !('syscall' in error) || !('errno' in error)) return false;
  if ('address' in error) return false;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : directory;
  // The folder, what is in it, and what is above it and could not be made.
  return path.startsWith(directory) || directory.startsWith(`${path}/`);
}

import { TidegaugeError } from '../model/index.ts';
import type { RingFileSystem } from './ring/ring-file-system.ts';

/** One start of the agent, as HELLO names it. */
export interface AgentEpoch {
  readonly epoch: number;
  /** Random: tells this process from a clone with the same epoch. */
  readonly nonce: number;
}

/** The file that keeps the epoch holds something else than a number. */
export class EpochFileError extends TidegaugeError {
  readonly code = 'epoch_file';
}

const FILE = 'epoch';
const NONCE_LIMIT = 2 ** 48;

export interface EpochEnvironment {
  readonly fileSystem: Pick<
    RingFileSystem,
    'makeDirectory' | 'list' | 'read' | 'open' | 'rename' | 'syncDirectory'
  >;
  /** The agent's data folder. */
  readonly directory: string;
  readonly wallMs: number;
  /** From 0 to below 1. */
  random(): number;
}

/**
 * Begins the next epoch: higher than the one before and, as far as the clock goes forward, the time
 * of the start. It is on disk before this resolves, so that no frame of it can be sent and its
 * number used again.
 * @throws EpochFileError when the file is not what this wrote.
 */
export async function beginEpoch(environment: EpochEnvironment): Promise<AgentEpoch> {
  const { fileSystem, directory, wallMs } = environment;
  await fileSystem.makeDirectory(directory);
  const persisted = await readEpoch(environment);
  const epoch = Math.max(persisted + 1, Math.floor(wallMs));
  const path = `${directory}/${FILE}`;
  const file = await fileSystem.open(`${path}.tmp`, 'create');
  try {
    await file.write(new TextEncoder().encode(`${epoch}\n`), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fileSystem.rename(`${path}.tmp`, path);
  await fileSystem.syncDirectory(directory);
  return { epoch, nonce: newNonce(() => environment.random()) };
}

/** The epoch of an agent without a disk: its start, told from others by the nonce alone. */
export function disklessEpoch(wallMs: number, random: () => number): AgentEpoch {
  return { epoch: Math.floor(wallMs), nonce: newNonce(random) };
}

async function readEpoch({ fileSystem, directory }: EpochEnvironment): Promise<number> {
  if (!(await fileSystem.list(directory)).includes(FILE)) return 0;
  const text = new TextDecoder().decode(await fileSystem.read(`${directory}/${FILE}`)).trim();
  const epoch = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(epoch)) return epoch;
  throw new EpochFileError(
    `${directory}/${FILE} holds ${JSON.stringify(text.slice(0, 40))}, not a number; ` +
      'remove it if the clock is right',
  );
}

function newNonce(random: () => number): number {
  return Math.floor(random() * NONCE_LIMIT);
}

import type { Logger } from '../telemetry/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import type { Clock } from '../util/index.ts';
import { systemClock } from '../util/index.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './file-system.ts';

/** What the store takes from outside, so that tests can put in their own. */
export interface StorageEnvironment {
  readonly clock: Clock;
  readonly files: FileSystem;
  readonly log: Logger;
}

/** The real clock and disk; reports go nowhere. */
export const defaultEnvironment: StorageEnvironment = {
  clock: systemClock,
  files: nodeFileSystem,
  log: silentLogger,
};

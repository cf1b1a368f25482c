import { messageOf } from '../../model/index.ts';
import type { StorageEnvironment } from '../environment.ts';
import { StorageClosedError, storageErrorOf } from '../errors.ts';
import type { Head } from '../head/head.ts';
import { writeCheckpoint } from './checkpoint-writer.ts';
import { HeadSnapshot } from './head-snapshot.ts';
import type { LogWriter } from './log-writer.ts';
import type { Recovery } from './recover.ts';
import {
  checkpointName,
  checkpointSequences,
  segmentName,
  segmentSequences,
} from './segment-names.ts';

/** After a checkpoint failed, none is begun by itself for so long. */
const RETRY_MS = 60_000;

/** Folder, beside the log's, that damaged files are moved to. */
const QUARANTINE = 'quarantine';

export interface CheckpointerOptions {
  readonly dataDir: string;
  readonly walDir: string;
  /** Size of the log at which a checkpoint begins by itself. */
  readonly checkpointBytes: number;
  /** Makes durable, outside the log, what the log before a checkpoint held. */
  readonly saveRest: () => Promise<void>;
}

/**
 * Writes checkpoints, one at a time, and removes the log before them. Files that were found
 * damaged are moved aside instead, once a checkpoint holds what could be read of them.
 */
export class Checkpointer {
  count = 0;
  failedCount = 0;
  readonly #environment: StorageEnvironment;
  readonly #options: CheckpointerOptions;
  readonly #head: Head;
  readonly #log: LogWriter;
  #damagedNames: ReadonlySet<string>;
  #lastBytes: number;
  #last: Promise<unknown> = Promise.resolve();
  #automatic = false;
  #notBeforeMs = -Infinity;
  #closed = false;

  constructor(
    environment: StorageEnvironment,
    options: CheckpointerOptions,
    head: Head,
    log: LogWriter,
    recovery: Recovery,
  ) {
    this.#environment = environment;
    this.#options = options;
    this.#head = head;
    this.#log = log;
    this.#damagedNames = recovery.damagedNames;
    this.#lastBytes = recovery.checkpointBytes;
  }

  /** Called after each record: begins a checkpoint when the log is large enough for one. */
  logGrew(): void {
    const bound = Math.max(this.#options.checkpointBytes, this.#lastBytes);
    if (this.#automatic || this.#log.logBytes < bound) return;
    if (this.#environment.clock.monotonic() < this.#notBeforeMs) return;
    this.#automatic = true;
    this.run()
      .catch((error: unknown) => {
        this.#notBeforeMs = this.#environment.clock.monotonic() + RETRY_MS;
        this.#environment.log.error({ reason: messageOf(error) }, 'the checkpoint failed');
      })
      .finally(() => {
        this.#automatic = false;
      });
  }

  /** Writes a checkpoint of all that is committed now. @throws StorageError */
  run(): Promise<void> {
    const running = this.#last.then(() => this.#run());
    this.#last = running.catch(() => {});
    return running;
  }

  /** Waits for the checkpoint under way; none begins after. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  async #run(): Promise<void> {
    if (this.#closed) throw new StorageClosedError('the store was closed');
    const startMs = this.#environment.clock.monotonic();
    try {
      const { snapshot, sequence } = await this.#log.barrier(() => ({
        snapshot: new HeadSnapshot(this.#head),
        sequence: this.#log.sequence - 1,
      }));
      const { files } = this.#environment;
      await this.#options.saveRest();
      this.#lastBytes = await writeCheckpoint(files, this.#options.walDir, sequence, snapshot);
      await this.#removeBefore(sequence);
      this.count++;
      const durationMs = Math.round(this.#environment.clock.monotonic() - startMs);
      this.#environment.log.info(
        { sequence, durationMs, sizeBytes: this.#lastBytes },
        'a checkpoint was written',
      );
    } catch (error) {
      this.failedCount++;
      throw storageErrorOf('cannot write a checkpoint', error);
    }
  }

  async #removeBefore(sequence: number): Promise<void> {
    const { files } = this.#environment;
    const { walDir } = this.#options;
    const names = await files.list(walDir);
    const old = [
      ...segmentSequences(names)
        .filter((each) => each <= sequence)
        .map(segmentName),
      ...checkpointSequences(names)
        .filter((each) => each < sequence)
        .map(checkpointName),
    ];
    for (const name of old) {
      if (this.#damagedNames.has(name)) await this.#putAside(name);
      else await files.remove(`${walDir}/${name}`);
    }
    this.#damagedNames = new Set();
    await files.syncDirectory(walDir);
  }

  async #putAside(name: string): Promise<void> {
    const { files, clock, log } = this.#environment;
    const folder = `${this.#options.dataDir}/${QUARANTINE}`;
    await files.makeDirectory(folder);
    const path = `${folder}/${name}-${clock.now()}`;
    await files.rename(`${this.#options.walDir}/${name}`, path);
    await files.syncDirectory(folder);
    log.error({ path }, 'a damaged file was put aside');
  }
}

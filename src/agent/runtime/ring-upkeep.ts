import { LANE_LIVE } from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { RetainedSamples } from '../reads/retained-samples.ts';
import type { SealedIndex } from '../reads/sealed-index.ts';
import type { AgentRing } from '../ring/agent-ring.ts';
import type { SeriesState } from '../sampling/series-state.ts';
import type { SeriesTable } from '../sampling/series-table.ts';
import { EVENT_GROUP } from './group-policy.ts';

const FLUSH_MS = 1000;
/** Flushes between two looks for what is no longer held. */
const FORGET_EVERY = 60;
/** Series that are forgotten between two times that schemas are thinned, at least. */
const FORGOTTEN_MIN = 64;

export interface RingUpkeepOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ring: AgentRing;
  /** Whether a disk is behind the ring. */
  readonly flushes: boolean;
  readonly table: SeriesTable;
  readonly state: SeriesState;
  readonly index: SealedIndex;
  readonly retained: RetainedSamples;
  /** Whether the folder of the disk is where it was; not looked at where not given. */
  isDiskKept?(): Promise<boolean>;
  /** Called once a second, before the ring is written. */
  onTurn(): void;
  /** A series is told of no more. */
  onForgotten(id: number, group: number): void;
}

/** Writes the ring once a second, and now and then forgets what it no longer holds. */
export class RingUpkeep {
  readonly #options: RingUpkeepOptions;
  #cancel: CancelTimer = () => {};
  #turns = 0;
  #isDiskLost = false;
  /** Series since the schemas were thinned. */
  #forgotten = 0;
  #stopped = false;
  #writing: Promise<void> = Promise.resolve();
  /** The write that begins when the one under way has ended. */
  #nextWrite: Promise<void> | undefined;
  /** Writes that failed. */
  failures = 0;

  constructor(options: RingUpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, logger } = this.#options;
    this.#cancel = clock.setTimer(FLUSH_MS, () => {
      if (++this.#turns % FORGET_EVERY === 0) this.#forget();
      this.#options.onTurn();
      this.#look()
        .then(() => this.kept())
        .catch((error: unknown) => {
          if (this.failures++ === 0) {
            logger.error({ err: messageOf(error) }, 'the ring cannot be written, memory goes on');
          }
        })
        .finally(() => {
          if (!this.#stopped) this.start();
        });
    });
  }

  /**
   * Resolves when all that was sealed until now is in the ring: on its disk, where it has one.
   * Those who ask while the disk is busy share the next write. Rejects with the disk's error.
   */
  kept(): Promise<void> {
    const { clock, ring, flushes } = this.#options;
    if (!flushes) return Promise.resolve();
    if (this.#nextWrite === undefined) {
      const next = this.#writing
        .catch(() => {
          // It was said to those who waited for it.
        })
        .then(() => {
          this.#nextWrite = undefined;
          return ring.flush(clock.now());
        });
      this.#nextWrite = next;
      this.#writing = next;
    }
    return this.#nextWrite;
  }

  /** Whether the disk is gone: the ring goes on in memory. */
  get isDiskLost(): boolean {
    return this.#isDiskLost;
  }

  async #look(): Promise<void> {
    const { ring, logger } = this.#options;
    if (this.#isDiskLost || (await this.#options.isDiskKept?.()) !== false) return;
    this.#isDiskLost = true;
    ring.abandonDisk();
    logger.error(
      {},
      'the data folder was removed, moved or taken over: the agent goes on in memory, and what the ' +
        'collector does not have yet is lost with the process; start it again to have a folder',
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Series that ended, and of which the ring holds nothing any more, are told of no more. */
  #forget(): void {
    const { ring, index, retained, state, table } = this.#options;
    for (const { stream, firstRetained } of ring.extents()) index.trim(stream, firstRetained);
    // Series of groups are on the live lane alone.
    const from = retained.oldestTime(LANE_LIVE);
    const { isLive, lastTimes } = state;
    for (const { id, group } of table) {
      // What was just named has no sample yet.
      const place = group === EVENT_GROUP ? undefined : state.placeIfKnown(id);
      if (place === undefined || isLive[place] !== 0) continue;
      const lastMs = lastTimes[place] ?? -Infinity;
      if (lastMs === -Infinity || lastMs >= from) continue;
      table.end(id);
      this.#options.onForgotten(id, group);
      this.#forgotten++;
    }
    // Reading and writing schemas costs as much as there is of them.
    if (this.#forgotten < FORGOTTEN_MIN + table.size / 4) return;
    this.#forgotten = 0;
    ring.thinSchemas((id) => table.get(id) !== undefined);
  }
}

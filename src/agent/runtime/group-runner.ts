import type {
  BatchColumns,
  GroupPolicy,
  PriorityClass,
  SkipReason,
  Tolerance,
} from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { TickPressure } from '../flow/pressure.ts';
import { GroupSampler, type SampledTick } from '../sampling/group-sampler.ts';
import { type GroupSource, Reading } from '../sampling/group-source.ts';
import type { SeriesState } from '../sampling/series-state.ts';
import type { SeriesTable } from '../sampling/series-table.ts';
import type { WideTolerance } from '../sampling/suppression.ts';
import type { SampleTotals } from '../sampling/tick-accounts.ts';

/** The longest that a timer of Node can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** Ticks that are gathered at most where sending has to be spared. */
const GATHERED_TICKS_MAX = 10;

/**
 * A clock that was set back by less is waited for: the times to come are those that have samples
 * already. What it says to sample beyond that would wait for too long.
 */
export const CLOCK_SET_BACK_MS = 60_000;

export interface GroupRunnerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly source: GroupSource;
  readonly policy: GroupPolicy;
  readonly tolerance: Tolerance | undefined;
  readonly table: SeriesTable;
  readonly state: SeriesState;
  readonly totals: SampleTotals;
  /** Whether the collector takes native histograms. */
  readonly takesHistograms: () => boolean;
  /** Sampling starts with the first tick at or after this: the epoch, for the first policy. */
  readonly startMs: number;
  /** How long after its tick a group is read, so that agents do not all send at once. */
  readonly spreadMs: number;
  /** Seals ticks of this group. */
  seal(ticks: readonly SampledTick[]): void;
  /** Seals samples between ticks. */
  sealBetween(columns: BatchColumns): void;
  /** Undefined: never more is left out than `tolerance` says. */
  readonly wide: WideTolerance | undefined;
  /** What a tick of that class has to do without. */
  pressure(tick: number, priority: PriorityClass): TickPressure;
  /** Whether ticks of that class are kept for now, to go with those after them. */
  gathers(priority: PriorityClass): boolean;
  /** The next tick is so far away that the clock must have been set back. */
  onClockSetBack(byMs: number): void;
  /** Something that must not happen did: to be said; reading goes on. */
  onFault(error: unknown): void;
}

/** A reading between ticks for all who ask before its source has answered. */
interface SharedReading {
  readonly wanted: ((id: number) => boolean)[];
  found: BatchColumns | undefined;
}

/** Reads one source on its tick grid, for as long as it runs. */
export class GroupRunner {
  readonly #options: GroupRunnerOptions;
  readonly #reading = new Reading();
  readonly #abort = new AbortController();
  readonly sampler: GroupSampler;
  #cancelTimer: CancelTimer = () => {};
  #busy: Promise<void> | undefined;
  /** The reading between ticks that is under way, until its source has answered. */
  #between: SharedReading | undefined;
  #stopped = false;
  #isOverrun = false;
  /** Every so many ticks are read; those between are declared as shed. */
  #strideTicks = 1;
  #cancelBetween: CancelTimer = () => {};
  failures = 0;

  constructor(options: GroupRunnerOptions) {
    this.#options = options;
    const { policy, startMs, source } = options;
    const lastTick = Math.ceil((startMs - policy.anchorMs) / policy.intervalMs) - 1;
    this.sampler = new GroupSampler({
      ...options,
      marksEnds: source.marksEnds,
      lastTick: Math.max(-1, lastTick),
    });
  }

  get name(): string {
    return this.#options.source.name;
  }

  get source(): GroupSource {
    return this.#options.source;
  }

  start(): void {
    this.#arm();
  }

  /** Ends reading, and seals what waits. The source is closed by whoever opened it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    this.#cancelBetween();
    this.#abort.abort();
    await this.#busy;
    this.flush();
  }

  /**
   * Goes by another policy. The grid stays as it was declared, so that every tick of it is
   * accounted for: a longer interval leaves out ticks and says so, a shorter one reads between
   * them.
   */
  configure(policy: GroupPolicy, tolerance: Tolerance | undefined): void {
    const { intervalMs, anchorMs } = this.sampler.policy;
    this.flush();
    this.sampler.configure({ ...policy, intervalMs, anchorMs }, tolerance);
    this.#strideTicks = Math.max(1, Math.round(policy.intervalMs / intervalMs));
    this.#cancelBetween();
    if (policy.intervalMs < intervalMs) this.#armBetween(policy.intervalMs);
  }

  /** Seals what waits. */
  flush(): void {
    this.#options.seal(this.sampler.takePending());
  }

  /** Seals what was gathered beyond what a batch has at other times. */
  flushGathered(): void {
    const { pendingTicks, policy } = this.sampler;
    if (pendingTicks >= policy.batchTicks) this.flush();
  }

  /**
   * Reads once between ticks and seals the samples of the wanted series; joins such a reading where
   * one is under way. Undefined where that is one of a tick (which is then as good) or nothing was
   * found. What is found may have series beside those that are wanted.
   */
  async readBetween(wanted: (id: number) => boolean): Promise<BatchColumns | undefined> {
    const shared = this.#between;
    if (shared !== undefined) {
      shared.wanted.push(wanted);
      await this.#busy;
      return shared.found;
    }
    if (this.#busy !== undefined || this.#stopped) return undefined;
    const { lastTick } = this.sampler;
    const nowMs = this.#options.clock.now();
    // A tick is due, and only waits for its turn: its samples must not be older than these.
    if (this.sampler.tickAt(nowMs) > lastTick) return undefined;
    // At the time of a tick only what its coverage counts may be.
    if (nowMs === this.sampler.timeOf(lastTick)) return undefined;
    const own: SharedReading = { wanted: [wanted], found: undefined };
    this.#between = own;
    this.#busy = this.#readShared(own)
      .catch((error: unknown) => this.#options.onFault(error))
      .finally(() => {
        this.#busy = undefined;
        this.#between = undefined;
      });
    await this.#busy;
    return own.found;
  }

  /** As `readBetween`, once the reading that is under way is over. */
  async readAfter(wanted: (id: number) => boolean): Promise<BatchColumns | undefined> {
    await this.#busy;
    return this.readBetween(wanted);
  }

  /**
   * Reads once, after what is under way: as the tick that is due, or between ticks. What the source
   * has to say now is sealed when this resolves, or waits with the tick.
   */
  async readNow(): Promise<void> {
    await this.#busy;
    const tick = this.sampler.tickAt(this.#options.clock.now());
    if (this.#stopped || tick <= this.sampler.lastTick) {
      await this.readBetween(() => true);
      return;
    }
    this.#cancelTimer();
    this.#begin(tick);
    await this.#busy;
  }

  #arm(): void {
    if (this.#stopped) return;
    const { clock, spreadMs } = this.#options;
    const nowMs = clock.now();
    const { sampler } = this;
    // A tick at this very time is due, if it was not taken.
    const next = Math.max(sampler.lastTick + 1, sampler.tickAt(nowMs - spreadMs));
    const delayMs = sampler.timeOf(next) + spreadMs - nowMs;
    const lateMs = delayMs - spreadMs - sampler.policy.intervalMs;
    if (lateMs > CLOCK_SET_BACK_MS) this.#options.onClockSetBack(lateMs);
    // Whoever comes first: there is one timer.
    this.#cancelTimer();
    // After the clock was set back the next tick is far away: look again before.
    const waitMs = Math.min(TIMER_MS_MAX, Math.max(0, delayMs), 60_000);
    this.#cancelTimer = clock.setTimer(waitMs, () => this.#due());
  }

  #armBetween(everyMs: number): void {
    if (this.#stopped) return;
    this.#cancelBetween = this.#options.clock.setTimer(everyMs, () => {
      void this.readBetween(() => true);
      this.#armBetween(everyMs);
    });
  }

  #due(): void {
    if (this.#busy !== undefined) {
      // Somebody reads between ticks: go on as soon as that is done.
      void this.#busy.then(() => this.#arm());
      return;
    }
    const tick = this.#tickNow();
    if (tick <= this.sampler.lastTick) {
      this.#arm();
      return;
    }
    this.#begin(tick);
  }

  #begin(tick: number): void {
    const done = this.#tick(tick)
      .catch((error: unknown) => this.#options.onFault(error))
      .finally(() => {
        this.#busy = undefined;
      });
    this.#busy = done;
    void done.then(() => {
      this.#isOverrun = this.#tickNow() > tick + 1;
      this.#arm();
    });
  }

  #tickNow(): number {
    const { clock, spreadMs } = this.#options;
    return this.sampler.tickAt(clock.now() - spreadMs);
  }

  async #tick(tick: number): Promise<void> {
    const { sampler } = this;
    const { shed, wide } = this.#options.pressure(tick, sampler.policy.priority);
    if (tick > sampler.lastTick + 1) {
      const reason: SkipReason = this.#isOverrun ? 'OVERRUN' : 'PAUSED';
      sampler.skip(sampler.lastTick + 1, tick - 1, reason);
    }
    if (shed || tick % this.#strideTicks !== 0) {
      sampler.skip(tick, tick, 'SHED');
    } else {
      const reading = this.#reading;
      reading.reset();
      if (await this.#read(sampler.timeOf(tick), reading)) {
        if (this.#stopped && reading.columns.length === 0) return;
        sampler.take(tick, reading, wide);
      } else {
        sampler.skip(tick, tick, 'TARGET_FAILED');
      }
    }
    const isKept = this.#options.gathers(sampler.policy.priority);
    if (!isKept || sampler.pendingTicks >= GATHERED_TICKS_MAX) this.flushGathered();
  }

  async #readShared(shared: SharedReading): Promise<void> {
    const reading = this.#reading;
    reading.reset();
    const hasRead = await this.#read(this.#options.clock.now(), reading);
    // Who asks from here on is too late for this one.
    this.#between = undefined;
    if (!hasRead) return;
    const { wanted } = shared;
    const columns = this.sampler.takeBetween(reading, (id) => wanted.some((one) => one(id)));
    shared.found = columns;
    if (columns === undefined) return;
    // What was sampled before goes first.
    this.flush();
    this.#options.sealBetween(columns);
  }

  /** False where the source could not be read at all. */
  async #read(timestamp: number, reading: Reading): Promise<boolean> {
    const { source, logger } = this.#options;
    try {
      await source.read(timestamp, reading, this.#abort.signal);
      if (reading.failed) this.failures++;
      return true;
    } catch (error) {
      // Said when it begins: a source that stays broken would fill the log.
      if (this.failures++ === 0) {
        logger.warn({ group: source.name, err: messageOf(error) }, 'a source cannot be read');
      }
      return false;
    }
  }
}

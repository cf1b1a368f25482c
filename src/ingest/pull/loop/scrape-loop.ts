import { messageOf } from '../../../model/index.ts';
import type { CancelTimer } from '../../../util/index.ts';
import type { PullSources } from '../sources.ts';
import type { ScrapeTarget } from '../target/scrape-target.ts';
import type { NamedMetadata } from './family-metadata.ts';
import { Schedule } from './schedule.ts';
import {
  type ScrapeEnvironment,
  type ScrapeOutcome,
  Scraper,
  type ScrapeSettings,
} from './scraper.ts';

export interface LoopEnvironment extends ScrapeEnvironment {
  readonly sources: PullSources;
}

export type TargetHealth = 'unknown' | 'up' | 'down';

/** The last scrape of a target, as the API shows it. */
export interface LoopState {
  readonly health: TargetHealth;
  readonly lastError: string;
  /** Undefined before the first scrape. */
  readonly lastScrapeMs: number | undefined;
  readonly lastDurationMs: number;
}

/** The longest that a timer of Node can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

const NEVER: LoopState = {
  health: 'unknown',
  lastError: '',
  lastScrapeMs: undefined,
  lastDurationMs: 0,
};

/**
 * Scrapes one target at its scheduled times, one scrape at a time. A scrape under way is not
 * disturbed by a new configuration, nor by the end of the target.
 */
export class ScrapeLoop {
  readonly target: ScrapeTarget;
  readonly sourceId: string;
  readonly #environment: LoopEnvironment;
  readonly #schedule: Schedule;
  readonly #scraper: Scraper;
  readonly #abort = new AbortController();
  #state: LoopState = NEVER;
  #forcedError: Error | undefined;
  #cancelTimer: CancelTimer = () => {};
  #running: Promise<void> | undefined;
  #pending: { readonly settings: ScrapeSettings; readonly sameSeries: boolean } | undefined;
  #nextMs = 0;
  #stopped = false;

  constructor(
    target: ScrapeTarget,
    sourceId: string,
    settings: ScrapeSettings,
    environment: LoopEnvironment,
  ) {
    this.target = target;
    this.sourceId = sourceId;
    this.#environment = environment;
    this.#schedule = new Schedule(target.intervalMs, target.hash);
    this.#scraper = new Scraper(target, settings, environment);
  }

  get state(): LoopState {
    return this.#state;
  }

  metadata(): readonly NamedMetadata[] {
    return this.#scraper.metadata();
  }

  start(): void {
    this.#nextMs = this.#schedule.firstFrom(this.#environment.clock.now());
    this.#wait();
  }

  /** Every scrape fails with this error, without asking the target; undefined ends that. */
  forceError(error: Error | undefined): void {
    this.#forcedError = error;
  }

  /** Goes by new settings from the next scrape on. */
  configure(settings: ScrapeSettings, sameSeries: boolean): void {
    if (this.#running === undefined) this.#scraper.configure(settings, sameSeries);
    else
      this.#pending = { settings, sameSeries: sameSeries && (this.#pending?.sameSeries ?? true) };
  }

  /**
   * The target has gone: no scrape begins any more. The staleness markers are of the time of the
   * scrape that would have been next; they are written somewhat more than an interval after it,
   * unless the target is back by then.
   *
   * @param finished called when all that is done, unless `abort` comes before.
   */
  async end(finished: () => void): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#running;
    if (this.#abort.signal.aborted) return;
    if (this.#state.lastScrapeMs === undefined) {
      this.#scraper.close();
      finished();
      return;
    }
    const { clock } = this.#environment;
    const { intervalMs } = this.target;
    const staleMs = this.#nextMs;
    this.#scraper.announceEnd();
    // A tenth more than the interval: a target that came back has been scraped by then.
    const writeMs = staleMs + intervalMs + intervalMs / 10;
    this.#cancelTimer = clock.setTimer(writeMs - clock.now(), () => {
      this.#scraper
        .end(staleMs)
        .catch((error: unknown) => this.#logFailure(error))
        .finally(finished);
    });
  }

  /** The process ends: aborts the scrape under way, writes no markers. */
  async abort(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    this.#abort.abort();
    await this.#running;
    this.#scraper.close();
  }

  #wait(): void {
    if (this.#stopped) return;
    const { clock } = this.#environment;
    const delayMs = Math.min(TIMER_MS_MAX, Math.max(0, this.#nextMs - clock.now()));
    this.#cancelTimer = clock.setTimer(delayMs, () => {
      // A timer may fire early by the fraction of a millisecond that the wall clock does not show;
      // and much too early where that was set back, or where the interval is longer than a timer.
      if (clock.now() < this.#nextMs - 1) {
        this.#nextMs = this.#schedule.next(this.#nextMs - this.target.intervalMs, clock.now());
        this.#wait();
        return;
      }
      this.#running = this.#scrape(this.#nextMs)
        .catch((error: unknown) => this.#logFailure(error))
        .finally(() => {
          this.#running = undefined;
          this.#afterScrape();
        });
    });
  }

  async #scrape(scheduledMs: number): Promise<void> {
    const { clock, metrics, sources } = this.#environment;
    const nowMs = clock.now();
    metrics.scrapeDelaySeconds.observe(Math.max(0, nowMs - scheduledMs) / 1000);
    const timestamp = this.#schedule.sampleTime(scheduledMs, nowMs);
    const outcome = await this.#scraper.scrape(timestamp, this.#abort.signal, this.#forcedError);
    if (this.#abort.signal.aborted) return;
    this.#state = stateOf(outcome, nowMs);
    sources.contact(this.sourceId, {
      samples: outcome.samples,
      rejected: outcome.rejected,
      durationMs: outcome.durationMs,
      ...(outcome.error === '' ? {} : { error: outcome.error }),
    });
  }

  #afterScrape(): void {
    if (this.#pending !== undefined) {
      this.#scraper.configure(this.#pending.settings, this.#pending.sameSeries);
      this.#pending = undefined;
    }
    const { clock, metrics } = this.#environment;
    const lastMs = this.#nextMs;
    this.#nextMs = this.#schedule.next(lastMs, clock.now());
    const skipped = (this.#nextMs - lastMs) / this.target.intervalMs - 1;
    if (skipped > 0) metrics.skippedScrapes.inc(skipped);
    this.#wait();
  }

  #logFailure(error: unknown): void {
    const { logger } = this.#environment;
    logger.error({ target: this.target.url, error: messageOf(error) }, 'scrape loop failed');
  }
}

function stateOf(outcome: ScrapeOutcome, startMs: number): LoopState {
  return {
    health: outcome.error === '' ? 'up' : 'down',
    lastError: outcome.error,
    lastScrapeMs: startMs,
    lastDurationMs: outcome.durationMs,
  };
}

/**
 * A sample takes the scheduled time where the scrape began at most that much after it: times at
 * even distances pack far better. Prometheus allows 2 ms; timers of one event loop that also
 * answers and ingests are often later than that.
 */
const TOLERANCE_MS = 10;

/** A hundredth of the interval, where that is less. */
const TOLERANCE_INTERVALS = 0.01;

/**
 * When a target is scraped: at the times that are `offset` after the multiples of its interval
 * since the epoch, where the offset comes from its hash. So targets are spread over the interval,
 * and one target keeps its times over restarts.
 */
export class Schedule {
  readonly intervalMs: number;
  readonly #offsetMs: number;

  constructor(intervalMs: number, hash: number) {
    this.intervalMs = intervalMs;
    this.#offsetMs = hash % intervalMs;
  }

  /** The first scheduled time at or after `nowMs`. */
  firstFrom(nowMs: number): number {
    const periods = Math.ceil((nowMs - this.#offsetMs) / this.intervalMs);
    return periods * this.intervalMs + this.#offsetMs;
  }

  /**
   * The scheduled time to wait for after the one at `lastMs`: normally an interval later. Times
   * that have passed are left out; after the clock was set back, it is the first from then on.
   */
  next(lastMs: number, nowMs: number): number {
    const usualMs = lastMs + this.intervalMs;
    if (nowMs > usualMs || usualMs - nowMs > 2 * this.intervalMs) return this.firstFrom(nowMs);
    return usualMs;
  }

  /** The time for the samples of a scrape scheduled for `scheduledMs` that begins at `nowMs`. */
  sampleTime(scheduledMs: number, nowMs: number): number {
    const toleranceMs = Math.min(TOLERANCE_MS, TOLERANCE_INTERVALS * this.intervalMs);
    return nowMs - scheduledMs <= toleranceMs ? scheduledMs : nowMs;
  }
}

import type { Clock } from '../../../util/index.ts';

/**
 * Has the scrapes of many targets commit together, so that one write and one sync of the log serve
 * them all: nobody waits for the answer to a scrape. The first in a while goes at once; those that
 * follow go together when the interval since has passed.
 */
export class CommitRounds {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #lastMs = -Infinity;
  #next: Promise<void> | undefined;

  /** @param intervalMs between two rounds, and so the longest that a scrape waits; 0 for none. */
  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Resolves when it is time to commit; undefined where that is now. */
  next(): Promise<void> | undefined {
    if (this.#next !== undefined) return this.#next;
    const nowMs = this.#clock.monotonic();
    const waitMs = this.#lastMs + this.#intervalMs - nowMs;
    if (waitMs <= 0) {
      this.#lastMs = nowMs;
      return undefined;
    }
    this.#next = new Promise((resolve) => {
      this.#clock.setTimer(waitMs, () => {
        this.#lastMs = this.#clock.monotonic();
        this.#next = undefined;
        resolve();
      });
    });
    return this.#next;
  }
}

import { formatDuration } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';

/**
 * Says when this host's clock is apart from the collector's, by what the round trip of heartbeats
 * shows: once, and again when it was right in between.
 */
export class ClockSkew {
  readonly #warnMs: number;
  readonly #logger: Pick<Logger, 'warn'>;
  #isTold = false;

  /** @param warnMs what is said of; 0: nothing is. */
  constructor(warnMs: number, logger: Pick<Logger, 'warn'>) {
    this.#warnMs = warnMs;
    this.#logger = logger;
  }

  /** As measured last: half of the round trip is how far off that can be. */
  look(aheadMs: number | undefined, rttMs: number | undefined): void {
    if (aheadMs === undefined || rttMs === undefined || this.#warnMs === 0) return;
    const leastMs = Math.abs(aheadMs) - rttMs / 2;
    if (leastMs <= this.#warnMs) {
      // Not for one that goes to and fro about the bound.
      if (leastMs < this.#warnMs / 2) this.#isTold = false;
      return;
    }
    if (this.#isTold) return;
    this.#isTold = true;
    this.#logger.warn(
      {
        apart: formatDuration(Math.round(Math.abs(aheadMs))),
        want: 'both clocks kept by NTP, or a larger clock_skew_warn_ms',
      },
      `this host's clock is ${aheadMs > 0 ? 'ahead of' : 'behind'} the collector's: ` +
        'samples stand at wrong times there, and may be refused',
    );
  }
}

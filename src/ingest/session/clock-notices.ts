import { formatDuration } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { ClockReading } from './clock-offset.ts';

/** Says of each agent whose clock is apart from this one's: once, and again when it was right. */
export class ClockNotices {
  readonly #warnMs: number;
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  /** @param warnMs what is said of; 0: nothing is. */
  constructor(warnMs: number, logger: Logger) {
    this.#warnMs = warnMs;
    this.#logger = logger;
  }

  /** Whether the clocks are certain to be further apart than they should. */
  isApart(reading: ClockReading | undefined): boolean {
    return reading !== undefined && this.#warnMs > 0 && reading.apartMs > this.#warnMs;
  }

  /** What is known now of an agent's clock. */
  look(agentId: string, reading: ClockReading | undefined): void {
    if (reading === undefined) return;
    const { aheadMs, apartMs } = reading;
    if (!this.isApart(reading)) {
      // Not for one that goes to and fro about the bound.
      if (apartMs < this.#warnMs / 2) this.#told.delete(agentId);
      return;
    }
    if (this.#told.has(agentId)) return;
    this.#told.add(agentId);
    this.#logger.warn(
      {
        agentId,
        apart: roughly(Math.abs(aheadMs)),
        want: 'both clocks kept by NTP, or a larger tidegauge.agents.clock_skew_warn_ms',
      },
      `the clock of an agent is ${aheadMs > 0 ? 'ahead of' : 'behind'} this host's: ` +
        'its samples stand at wrong times, and may be refused',
    );
  }

  /** The agent has left. */
  forget(agentId: string): void {
    this.#told.delete(agentId);
  }
}

/** Of use are tenths of seconds, and of longer ones seconds. */
export function roughly(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  return formatDuration(Math.round(ms / 1000) * 1000);
}

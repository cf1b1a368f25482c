import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';

/** Milliseconds between two lines about troubles of one code. */
const QUIET_MS = 10_000;

interface Told {
  lastMs: number;
  unsaid: number;
}

/**
 * Logs troubles that every request meets while they last: the first of a code at once, then a line
 * in ten seconds with the number of those since. A full disk is not to be filled with lines that
 * say so.
 */
export class TroubleLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #told = new Map<string, Told>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** `trouble.code` is one of a few literals. */
  report(trouble: { readonly code: string; readonly error: string }, message: string): void {
    const nowMs = this.#clock.monotonic();
    const told = this.#told.get(trouble.code);
    if (told !== undefined && nowMs - told.lastMs < QUIET_MS) {
      told.unsaid++;
      return;
    }
    const since = told === undefined || told.unsaid === 0 ? {} : { sinceLastLine: told.unsaid };
    this.#logger.error({ ...trouble, ...since }, message);
    this.#told.set(trouble.code, { lastMs: nowMs, unsaid: 0 });
  }
}

import { formatDuration } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';

export interface RepairHorizonOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How much older than the newest of its series the store takes a sample. */
  readonly windowMs: number;
}

/** Horizons are told in whole minutes. */
const MINUTE_MS = 60_000;

/**
 * Compares how far back agents hold data with how far back the store takes them: what lies between
 * is kept for nothing, as its repair ends as rejected. Said once before it happens, and once for
 * each agent to which it does.
 */
export class RepairHorizon {
  readonly #options: RepairHorizonOptions;
  /** By agent: time of the oldest that its ring holds. */
  readonly #oldest = new Map<string, number>();
  readonly #told = new Set<string>();
  #isWarned = false;

  constructor(options: RepairHorizonOptions) {
    this.#options = options;
  }

  /** How far back the ring that reaches furthest does, in milliseconds; 0 where nobody told. */
  get ringMs(): number {
    const oldestMs = Math.min(...this.#oldest.values());
    return oldestMs === Infinity ? 0 : Math.max(0, this.#options.clock.now() - oldestMs);
  }

  get windowMs(): number {
    return this.#options.windowMs;
  }

  /** A heartbeat says what an agent's ring holds. @param oldestMs 0 for nothing */
  heard(agentId: string, oldestMs: number): void {
    if (oldestMs <= 0) {
      this.#oldest.delete(agentId);
      return;
    }
    this.#oldest.set(agentId, oldestMs);
    const { clock, windowMs, logger } = this.#options;
    const ringMs = clock.now() - oldestMs;
    if (this.#isWarned || ringMs <= windowMs) return;
    this.#isWarned = true;
    logger.warn(
      { agentId, ring: minutes(ringMs), window: formatDuration(windowMs), want: WANT },
      'agents hold data further back than the store takes them: after an absence longer than the ' +
        'window, what is pulled from before it is rejected',
    );
  }

  /** Samples of an agent were refused because they are older than the window. */
  rejected(agentId: string, count: number): void {
    if (count === 0 || this.#told.has(agentId)) return;
    this.#told.add(agentId);
    const window = formatDuration(this.#options.windowMs);
    this.#options.logger.warn(
      { agentId, count, window, want: WANT },
      'samples that an agent held are older than the store takes, and were rejected',
    );
  }

  /** The agent has left. */
  forget(agentId: string): void {
    this.#oldest.delete(agentId);
    this.#told.delete(agentId);
  }
}

const WANT = 'a larger tidegauge.storage.out_of_order_window, up to what rings hold';

function minutes(durationMs: number): string {
  return formatDuration(Math.max(MINUTE_MS, Math.floor(durationMs / MINUTE_MS) * MINUTE_MS));
}

import type { PriorityClass } from '../../formats/tide/index.ts';
import type { Clock } from '../../util/index.ts';
import type { DegradationLadder, Overload } from './degradation-ladder.ts';

/** CPU time is looked at over at least this long. */
const CPU_WINDOW_MS = 1000;
/** Of the ticks of a class that is not given up wholly, one in this many is read. */
const LONGER_TICKS = 2;
const LONGEST_TICKS = 4;
/** Beyond this part of its bytes a ring is full: what it drops, it drops for want of room. */
const RING_FULL = 0.75;

/** What one tick of a group has to do without. */
export interface TickPressure {
  /** Leave out as much as is permitted at all. */
  readonly wide: boolean;
  /** Leave the whole tick out, and say so. */
  readonly shed: boolean;
}

const NO_PRESSURE: TickPressure = { wide: false, shed: false };

/** What a session says of its collector. */
export interface SessionPressure {
  /** How long the oldest live frame waits. */
  liveDelayMs(nowMs: number): number;
  /** Whether something fresh waits for the collector's credit. */
  readonly isBlocked: boolean;
  /** Whether frames were dropped from the ring that the collector never had. */
  readonly isLosing: boolean;
}

export interface PressureOptions {
  readonly clock: Clock;
  readonly ladder: DegradationLadder;
  /** CPU time that may be used, as a part of one core; Infinity where nobody counts. */
  readonly cpuBudget: number;
  /** CPU time of the process, in milliseconds. */
  readonly cpuMs: () => number;
  readonly session: SessionPressure;
  /** Used part of the ring's bytes. */
  readonly ringFill: () => number;
}

/** Looks at what presses, climbs the ladder by it, and says of each tick what that means. */
export class Pressure {
  readonly #options: PressureOptions;
  #cpuSinceMs: number;
  #cpuUsedMs: number;
  #isCpuSpent = false;
  #overload: Overload = 'NONE';

  constructor(options: PressureOptions) {
    this.#options = options;
    this.#cpuSinceMs = options.clock.monotonic();
    this.#cpuUsedMs = options.cpuMs();
  }

  /** @param shedOrder classes, the one that goes first in front; class A never goes. */
  ofTick(tick: number, priority: PriorityClass, shedOrder: readonly PriorityClass[]): TickPressure {
    const { clock, ladder, session } = this.#options;
    const nowMs = clock.now();
    this.#overload = this.#findOverload();
    ladder.observe(session.liveDelayMs(nowMs), this.#overload, nowMs);
    if (priority === 'A') return NO_PRESSURE;
    return {
      wide: ladder.reached('WIDER_TOLERANCE'),
      shed: this.#isShed(tick, priority === (shedOrder[0] ?? 'C')),
    };
  }

  /**
   * Whether ticks of a class are kept to go with those after them. Where the collector alone is
   * slow that is while something waits for it already: as in Nagle's algorithm (RFC 896) batches
   * then grow with the wait, and what is fresh goes at once when nothing waits any more.
   */
  gathers(priority: PriorityClass): boolean {
    const { ladder, session } = this.#options;
    if (priority === 'A' || !ladder.reached('LONGER_LINGER')) return false;
    return this.#overload !== 'NONE' || session.isBlocked;
  }

  #isShed(tick: number, isFirst: boolean): boolean {
    const { ladder } = this.#options;
    if (isFirst && ladder.reached('SHED')) return true;
    if (ladder.reached('SHED_MORE')) return tick % LONGEST_TICKS !== 0;
    const isLonger = ladder.reached(isFirst ? 'LONGER_INTERVAL' : 'SHED');
    return isLonger && tick % LONGER_TICKS !== 0;
  }

  #findOverload(): Overload {
    if (this.#isCpuOver()) return 'CPU';
    const { session, ringFill } = this.#options;
    // What goes by its age would go all the same if less were written.
    return ringFill() >= RING_FULL && session.isLosing ? 'RING' : 'NONE';
  }

  #isCpuOver(): boolean {
    const { clock, cpuBudget, cpuMs } = this.#options;
    const nowMs = clock.monotonic();
    const lastedMs = nowMs - this.#cpuSinceMs;
    if (lastedMs < CPU_WINDOW_MS) return this.#isCpuSpent;
    const usedMs = cpuMs();
    this.#isCpuSpent = (usedMs - this.#cpuUsedMs) / lastedMs > cpuBudget;
    this.#cpuSinceMs = nowMs;
    this.#cpuUsedMs = usedMs;
    return this.#isCpuSpent;
  }
}

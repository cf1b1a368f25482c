/**
 * What the agent does less of, in order, when the collector or the machine cannot keep up. Each
 * step includes those before it, and each is declared in coverage. Deferring comes before dropping.
 */
export const LADDER = [
  'NORMAL',
  'LONGER_LINGER',
  'STRONGER_COMPRESSION',
  'WIDER_TOLERANCE',
  'LONGER_INTERVAL',
  'RING_ONLY',
  'SHED',
  'SHED_MORE',
] as const;
/** What deferring does not help against: a ring that drops what never arrived, CPU time used up. */
export type Overload = 'NONE' | 'RING' | 'CPU';
export type LadderStep = (typeof LADDER)[number];

export interface LadderOptions {
  /** Live frames that wait longer than this are pressure. */
  readonly delayMs: number;
  /** Pressure lasts so long before the next step down the ladder. */
  readonly holdMs: number;
  /** Calm lasts so long before a step back; longer than `holdMs`, or it swings. */
  readonly calmMs: number;
}

export const DEFAULT_LADDER_OPTIONS: LadderOptions = {
  delayMs: 500,
  holdMs: 2000,
  calmMs: 10_000,
};

/**
 * How far each goes. Shedding needs more than a slow collector, for whom the ring is enough; and
 * against a ring that is full giving up the lowest class has to do: fresh data of the others are
 * worth more than old ones.
 */
const LAST: Readonly<Record<Overload, number>> = {
  NONE: LADDER.indexOf('RING_ONLY'),
  RING: LADDER.indexOf('SHED'),
  CPU: LADDER.indexOf('SHED_MORE'),
};

/** Climbs while pressure lasts and comes back, step by step, after longer calm. */
export class DegradationLadder {
  readonly #options: LadderOptions;
  #index = 0;
  #sinceMs: number | undefined;
  #underPressure = false;
  #overload: Overload = 'NONE';

  constructor(options: Partial<LadderOptions> = {}) {
    this.#options = { ...DEFAULT_LADDER_OPTIONS, ...options };
  }

  get step(): LadderStep {
    return LADDER[this.#index]!;
  }

  /** Its place on the ladder: 0 for normal. */
  get stepIndex(): number {
    return this.#index;
  }

  /** Whether the agent is at `step` or beyond. */
  reached(step: LadderStep): boolean {
    return this.#index >= LADDER.indexOf(step);
  }

  /**
   * A session begins: frames that waited for the one before say nothing of this one, and what is
   * fresh is to be seen at once.
   */
  reconnected(): void {
    if (this.#overload !== 'NONE') return;
    this.#index = 0;
    this.#sinceMs = undefined;
  }

  /**
   * @param delayMs how long live frames wait.
   */
  observe(delayMs: number, overload: Overload, nowMs: number): LadderStep {
    this.#overload = overload;
    const pressure = overload !== 'NONE' || delayMs > this.#options.delayMs;
    if (pressure !== this.#underPressure || this.#sinceMs === undefined) {
      this.#underPressure = pressure;
      this.#sinceMs = nowMs;
    }
    const lastedMs = nowMs - this.#sinceMs;
    const last = LAST[overload];
    if (pressure && lastedMs >= this.#options.holdMs && this.#index < last) {
      this.#index++;
      this.#sinceMs = nowMs;
    } else if (!pressure && lastedMs >= this.#options.calmMs && this.#index > 0) {
      this.#index--;
      this.#sinceMs = nowMs;
    }
    return this.step;
  }
}

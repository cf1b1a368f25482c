/** Series that are written together, in one request. */
const SERIES_PER_GROUP = 25;
export const GROUPS = 8;
/** The series a value belongs to is its remainder by this. */
const VALUE_BASE = 4096;

export interface TickTimes {
  /** Time of tick 0. */
  readonly startMs: number;
  readonly stepMs: number;
}

const UNSENT = 0;
const SENT = 1;
const ACKNOWLEDGED = 2;

/** Of one group: what was sent, what was acknowledged, and what is to be sent next. */
class GroupLedger {
  readonly states: number[] = [];
  /** When ticks were acknowledged, in time of this host. */
  readonly acknowledgedAtMs: number[] = [];
  /** Ticks known to be lost, sent again before new ones. */
  again: number[] = [];
  next = 0;
}

/** A stored sample that was never sent so, or one that is there twice. */
export type Fault = string;

export interface Verdict {
  readonly storedSamples: number;
  /** Acknowledged and not there. */
  readonly lostSamples: number;
  /** The earliest acknowledgement of what was lost; Infinity where nothing was. */
  readonly oldestLostAtMs: number;
  readonly faults: readonly Fault[];
}

export interface StoredMatrix {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [seconds: number, value: string])[];
}

/** The value of a series at a tick: it says which they are. */
export function valueOf(series: number, tick: number): number {
  return tick * VALUE_BASE + series;
}

/**
 * What a sender knows: which ticks of which group it has sent and which were acknowledged. All
 * series of a group have one sample at each tick, in one request.
 */
export class CrashLedger {
  readonly times: TickTimes;
  readonly #groups = Array.from({ length: GROUPS }, () => new GroupLedger());

  constructor(times: TickTimes) {
    this.times = times;
  }

  /** Ticks for the next request of a group, at most `most`; marked as sent. */
  take(group: number, most: number): number[] {
    const ledger = this.#group(group);
    const ticks = ledger.again.splice(0, most);
    while (ticks.length < most) ticks.push(ledger.next++);
    for (const tick of ticks) ledger.states[tick] = SENT;
    return ticks;
  }

  acknowledge(group: number, ticks: readonly number[]): void {
    const ledger = this.#group(group);
    for (const tick of ticks) {
      ledger.states[tick] = ACKNOWLEDGED;
      ledger.acknowledgedAtMs[tick] = Date.now();
    }
  }

  /** There was no answer, or a refusal: they may or may not be stored, and are sent again. */
  fail(group: number, ticks: readonly number[]): void {
    this.#group(group).again.push(...ticks);
  }

  get acknowledgedSamples(): number {
    return this.#groups.reduce((sum, { states }) => {
      return sum + states.filter((state) => state === ACKNOWLEDGED).length * SERIES_PER_GROUP;
    }, 0);
  }

  /** Ticks begun by the group that is ahead. */
  get ticks(): number {
    return Math.max(...this.#groups.map(({ next }) => next));
  }

  /**
   * Compares what is stored of a group with what was sent. Lost ticks count as never sent from
   * then on, and are sent again.
   */
  verify(group: number, stored: readonly StoredMatrix[]): Verdict {
    const ledger = this.#group(group);
    const faults: Fault[] = [];
    const seenBySeries = new Map<number, Set<number>>();
    let storedSamples = 0;
    for (const { metric, values } of stored) {
      const series = Number(metric['series']);
      const seen = new Set<number>();
      if (seenBySeries.has(series)) faults.push(`series ${series} of group ${group} twice`);
      seenBySeries.set(series, seen);
      storedSamples += values.length;
      for (const sample of values) this.#check(ledger, series, sample, seen, faults);
    }
    const lost = this.#lost(group, seenBySeries);
    let oldestLostAtMs = Infinity;
    for (const tick of lost.ticks) {
      oldestLostAtMs = Math.min(oldestLostAtMs, ledger.acknowledgedAtMs[tick] ?? Infinity);
      ledger.states[tick] = UNSENT;
    }
    ledger.again.push(...lost.ticks);
    return { storedSamples, lostSamples: lost.samples, oldestLostAtMs, faults };
  }

  #check(
    ledger: GroupLedger,
    series: number,
    [seconds, text]: readonly [number, string],
    seen: Set<number>,
    faults: Fault[],
  ): void {
    const tick = (Math.round(seconds * 1000) - this.times.startMs) / this.times.stepMs;
    const where = `series ${series} at tick ${tick}`;
    if ((ledger.states[tick] ?? UNSENT) === UNSENT && !ledger.again.includes(tick)) {
      faults.push(`${where}: ${text} was never sent`);
    } else if (Number(text) !== valueOf(series, tick)) {
      faults.push(`${where}: ${text}, not ${valueOf(series, tick)}`);
    } else if (seen.has(tick)) {
      faults.push(`${where}: there twice`);
    }
    seen.add(tick);
  }

  #lost(
    group: number,
    seenBySeries: ReadonlyMap<number, ReadonlySet<number>>,
  ): { ticks: number[]; samples: number } {
    const ticks: number[] = [];
    let samples = 0;
    for (const [tick, state] of this.#group(group).states.entries()) {
      if (state !== ACKNOWLEDGED) continue;
      let missing = 0;
      for (const series of seriesOf(group)) {
        if (seenBySeries.get(series)?.has(tick) !== true) missing++;
      }
      if (missing > 0) ticks.push(tick);
      samples += missing;
    }
    return { ticks, samples };
  }

  #group(group: number): GroupLedger {
    const ledger = this.#groups[group];
    if (ledger === undefined) throw new Error(`no group ${group}`);
    return ledger;
  }
}

/** Numbers of the series of a group. */
export function seriesOf(group: number): number[] {
  return Array.from({ length: SERIES_PER_GROUP }, (_, index) => group * SERIES_PER_GROUP + index);
}

import { syntheticParts } from '../agent/index.ts';
import { instanceOf, METRIC } from './agents/synthetic-load.ts';
import type { FoundSeries, QueryClient } from './query-client.ts';
import { fullTick } from './visibility-watch.ts';

/** Ticks, the last one not included. */
export interface TickRange {
  readonly fromTick: number;
  readonly toTick: number;
}

/** What of the samples generated at some ticks is stored, all of them asked for one by one. */
export interface Stored {
  readonly generated: number;
  readonly stored: number;
  /** Stored more than once, under whatever time. */
  readonly duplicates: number;
  /** Values that no agent generated for that series. */
  readonly wrong: number;
  /** Share stored of each tick. */
  readonly byTick: readonly number[];
}

export interface CheckedLoad {
  readonly agents: number;
  readonly series: number;
  readonly intervalMs: number;
}

/** A pulled sample bears the time at which it was pulled, up to that many intervals later. */
const LATE_INTERVALS = 2;

/** Fetches every stored sample of the ticks, and holds it against what was generated. */
export async function checkStored(
  client: QueryClient,
  load: CheckedLoad,
  range: TickRange,
): Promise<Stored> {
  const tally = new Tally(load, range);
  const { intervalMs } = load;
  const ticks = range.toTick - range.fromTick + LATE_INTERVALS;
  const endMs = (range.toTick + LATE_INTERVALS) * intervalMs - 1;
  for (let agent = 0; agent < load.agents; agent++) {
    const selector = `${METRIC}{instance="${instanceOf(agent)}",job!="fast"}`;
    const found = await client.query(`${selector}[${ticks * intervalMs}ms]`, endMs);
    for (const series of found) tally.take(agent, series);
  }
  return tally.result();
}

/** Counts how often each sample is stored. */
export class Tally {
  readonly #load: CheckedLoad;
  readonly #range: TickRange;
  readonly #ticks: number;
  readonly #times: Uint16Array;
  #wrong = 0;

  constructor(load: CheckedLoad, range: TickRange) {
    this.#load = load;
    this.#range = range;
    this.#ticks = Math.max(0, range.toTick - range.fromTick);
    this.#times = new Uint16Array(load.agents * load.series * this.#ticks);
  }

  take(agent: number, { metric, values = [] }: FoundSeries): void {
    const series = Number(metric['series']);
    for (const [timeSeconds, text] of values) {
      const value = Number(text);
      const parts = syntheticParts(value);
      if (parts.agent !== agent || parts.series !== series || !Number.isInteger(value)) {
        this.#wrong++;
        continue;
      }
      const nowTick = (timeSeconds * 1000) / this.#load.intervalMs;
      const at = fullTick(parts.tick, nowTick) - this.#range.fromTick;
      if (at < 0 || at >= this.#ticks) continue;
      const cell = (agent * this.#load.series + series) * this.#ticks + at;
      this.#times[cell] = (this.#times[cell] ?? 0) + 1;
    }
  }

  result(): Stored {
    const perTick = new Float64Array(this.#ticks);
    let stored = 0;
    let duplicates = 0;
    for (const [cell, times] of this.#times.entries()) {
      if (times === 0) continue;
      stored++;
      duplicates += times - 1;
      const tick = cell % this.#ticks;
      perTick[tick] = (perTick[tick] ?? 0) + 1;
    }
    const ofTick = this.#load.agents * this.#load.series;
    return {
      generated: this.#times.length,
      stored,
      duplicates,
      wrong: this.#wrong,
      byTick: [...perTick].map((count) => count / ofTick),
    };
  }
}

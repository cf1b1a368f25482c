import { setTimeout as sleep } from 'node:timers/promises';
import { syntheticParts } from '../agent/index.ts';
import { METRIC } from './agents/synthetic-load.ts';
import type { FoundSeries, QueryClient } from './query-client.ts';
import { quantile } from './statistics.ts';

export interface WatchOptions {
  readonly agents: number;
  readonly intervalMs: number;
  /** Between two questions. */
  readonly pollMs: number;
  /** Ask for all values from here on, so that what comes late is seen too; else for the newest. */
  readonly sinceMs?: number;
}

/** How old what can be seen is, at a time. */
export interface Age {
  readonly timeMs: number;
  /** Of the newest value of an agent, the median of all agents. */
  readonly medianMs: number;
  readonly worstMs: number;
}

/** Ticks in a value count from a multiple of this. */
const TICKS_IN_VALUE = 1e8;

/**
 * Asks a collector over and over for one series of each agent, and notes when each of its values
 * was first seen. What is seen is late by half a poll on average, and by the time of a query.
 */
export class VisibilityWatch {
  readonly ages: Age[] = [];
  readonly #client: QueryClient;
  readonly #options: WatchOptions;
  /** For each agent: wall time at which a tick was first seen. */
  readonly #seenMs: Map<number, number>[];
  readonly #newest: number[];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(client: QueryClient, options: WatchOptions) {
    this.#client = client;
    this.#options = options;
    this.#seenMs = Array.from({ length: options.agents }, () => new Map<number, number>());
    this.#newest = this.#seenMs.map(() => 0);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** When the first value of an agent was seen; undefined: not yet. */
  firstSeenMs(agent: number): number | undefined {
    for (const seenMs of this.#seenMs[agent]?.values() ?? []) return seenMs;
    return undefined;
  }

  /** The newest tick of an agent that was seen; 0: none yet. */
  newestTick(agent: number): number {
    return this.#newest[agent] ?? 0;
  }

  agesSince(timeMs: number): readonly Age[] {
    return this.ages.filter((age) => age.timeMs >= timeMs);
  }

  /** When a tick of an agent was first seen. */
  seenMs(agent: number, tick: number): number | undefined {
    return this.#seenMs[agent]?.get(tick);
  }

  /** From a tick's time until it was seen, of all agents' ticks in a range that were seen. */
  latenciesMs(fromTick: number, toTick: number): number[] {
    const { intervalMs } = this.#options;
    return this.#seenMs.flatMap((ticks) =>
      [...ticks].flatMap(([tick, seenMs]) =>
        tick >= fromTick && tick < toTick ? [seenMs - tick * intervalMs] : [],
      ),
    );
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for (const series of await this.#client.query(this.#expression())) this.#take(series);
      } catch {
        // A collector that is down shows nothing, and what was seen grows old.
      }
      this.#note();
      await sleep(this.#options.pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #expression(): string {
    const one = `${METRIC}{series="0",job!="fast"}`;
    const { sinceMs } = this.#options;
    return sinceMs === undefined ? one : `${one}[${Math.max(1000, Date.now() - sinceMs)}ms]`;
  }

  #take({ value, values = [] }: FoundSeries): void {
    const now = Date.now();
    for (const [, text] of value === undefined ? values : [value]) {
      const { agent, tick: low } = syntheticParts(Number(text));
      const tick = fullTick(low, now / this.#options.intervalMs);
      const ticks = this.#seenMs[agent];
      if (ticks === undefined || ticks.has(tick)) continue;
      ticks.set(tick, now);
      this.#newest[agent] = Math.max(this.#newest[agent] ?? 0, tick);
    }
  }

  #note(): void {
    const timeMs = Date.now();
    const { intervalMs } = this.#options;
    const ages = this.#newest.flatMap((tick) => (tick === 0 ? [] : [timeMs - tick * intervalMs]));
    if (ages.length === 0) return;
    this.ages.push({ timeMs, medianMs: quantile(ages, 0.5), worstMs: Math.max(...ages) });
  }
}

/** The tick near `nowTick` whose low part is `low`. */
export function fullTick(low: number, nowTick: number): number {
  const base = Math.floor(nowTick / TICKS_IN_VALUE) * TICKS_IN_VALUE;
  const tick = base + low;
  if (tick > nowTick + TICKS_IN_VALUE / 2) return tick - TICKS_IN_VALUE;
  return tick < nowTick - TICKS_IN_VALUE / 2 ? tick + TICKS_IN_VALUE : tick;
}

import type { BatchHead, CoverageEntry, SampleCounters } from '../../../src/formats/tide/index.ts';
import { BatchColumns } from '../../../src/formats/tide/index.ts';
import type { Chance } from './chance.ts';
import {
  EVENT_GROUP,
  EVENT_SERIES,
  INTERVAL_MS,
  LIVE_GROUP,
  type RunTruth,
  type TickTruth,
  TOLERANCE,
  valueAt,
} from './truth.ts';

/** Every so many ticks all series are sent. */
const SYNC_TICKS = 20;

/** A batch that can be sealed, and what it holds. */
export interface SampledBatch {
  readonly head: BatchHead;
  readonly columns: BatchColumns;
  readonly ticks: readonly TickTruth[];
}

/** Samples on the tick grid, on change with a tolerance, and gathers a few ticks to a batch. */
export class Sampler {
  readonly #agent: number;
  readonly #chance: Chance;
  readonly #run: RunTruth;
  readonly #lastSent = new Map<number, number>();
  #pending: TickTruth[] = [];
  #sampled = 0;
  #eventOrdinal = 0;
  seriesCount: number;
  schemaVersion = 1;
  lastTick: number;
  readonly counters = { scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 };

  constructor(agent: number, chance: Chance, run: RunTruth, seriesCount: number) {
    this.#agent = agent;
    this.#chance = chance;
    this.#run = run;
    this.seriesCount = seriesCount;
    this.lastTick = Math.ceil(run.epoch / INTERVAL_MS) - 1;
  }

  get eventOrdinal(): number {
    return this.#eventOrdinal;
  }

  get countersNow(): SampleCounters {
    return { ...this.counters };
  }

  /** Takes all ticks due by `nowMs`; those in the past, which a pause swallowed, as skipped. */
  sample(nowMs: number): void {
    const due = Math.floor(nowMs / INTERVAL_MS);
    for (let tick = this.lastTick + 1; tick <= due; tick++) {
      const missed = tick < due;
      this.#take(missed ? this.#skipped(tick) : this.#sampledAt(tick));
    }
  }

  /** What waits to be sealed, batch by batch: what was skipped has entries of its own. */
  flush(): SampledBatch | undefined {
    if (this.#pending.length === 0) return undefined;
    const ticks = this.#pending;
    this.#pending = [];
    const columns = new BatchColumns(16);
    const coverage: CoverageEntry[] = [];
    for (const truth of ticks) {
      for (const series of truth.present) {
        columns.pushValue(series, truth.atMs, valueAt(this.#agent, series, truth.tick));
      }
      coverage.push(coverageOf(truth));
    }
    columns.sortBySeries();
    return {
      head: { schemaVersion: this.schemaVersion, policyVersion: 0, coverage },
      columns,
      ticks,
    };
  }

  get pendingTicks(): number {
    return this.#pending.length;
  }

  /** An event: one sample, counted and not timed. */
  event(nowMs: number): SampledBatch {
    const tick = ++this.#eventOrdinal;
    const columns = new BatchColumns(1);
    columns.pushValue(EVENT_SERIES, nowMs, valueAt(this.#agent, EVENT_SERIES, tick));
    const truth: TickTruth = {
      tick,
      atMs: nowMs,
      seriesCount: 1,
      present: [EVENT_SERIES],
      suppressedCount: 0,
      failedCount: 0,
      shedCount: 0,
      isSync: true,
    };
    this.#run.events.set(tick, truth);
    const coverage = [{ ...coverageOf(truth), group: EVENT_GROUP }];
    const head = { schemaVersion: this.schemaVersion, policyVersion: 0, coverage };
    return { head, columns, ticks: [truth] };
  }

  #take(truth: TickTruth): void {
    this.lastTick = truth.tick;
    this.#run.ticks.set(truth.tick, truth);
    this.#pending.push(truth);
    this.counters.scheduled += truth.seriesCount;
    this.counters.present += truth.present.length;
    this.counters.suppressed += truth.suppressedCount;
    this.counters.shed += truth.shedCount;
    this.counters.failed += truth.failedCount;
  }

  #sampledAt(tick: number): TickTruth {
    const isSync = this.#sampled++ % SYNC_TICKS === 0;
    const present: number[] = [];
    let suppressedCount = 0;
    let failedCount = 0;
    let shedCount = 0;
    for (let series = 0; series < this.seriesCount; series++) {
      const value = valueAt(this.#agent, series, tick);
      const last = this.#lastSent.get(series);
      const draw = this.#chance.next();
      if (draw < 0.02) {
        if (draw < 0.01) failedCount++;
        else shedCount++;
        this.#lastSent.delete(series);
      } else if (!isSync && last !== undefined && Math.abs(value - last) <= TOLERANCE) {
        suppressedCount++;
      } else {
        present.push(series);
        this.#lastSent.set(series, value);
      }
    }
    const { seriesCount } = this;
    const atMs = tick * INTERVAL_MS;
    return { tick, atMs, seriesCount, present, suppressedCount, failedCount, shedCount, isSync };
  }

  #skipped(tick: number): TickTruth {
    this.#lastSent.clear();
    return {
      tick,
      atMs: tick * INTERVAL_MS,
      seriesCount: this.seriesCount,
      present: [],
      suppressedCount: 0,
      failedCount: this.seriesCount,
      shedCount: 0,
      isSync: false,
    };
  }
}

function coverageOf(truth: TickTruth): CoverageEntry {
  const { tick, seriesCount, present, suppressedCount, failedCount, shedCount } = truth;
  return {
    group: LIVE_GROUP,
    tickFrom: tick,
    tickTo: tick,
    status: statusOf(truth),
    toleranceId: suppressedCount > 0 ? 1 : 0,
    reason: statusOf(truth) === 'SKIPPED' ? 'PAUSED' : 'NONE',
    part: 0,
    parts: 1,
    seriesCount,
    presentCount: present.length,
    suppressedCount,
    shedCount,
    failedCount,
  };
}

function statusOf({ seriesCount, suppressedCount, failedCount, shedCount }: TickTruth) {
  if (failedCount === seriesCount) return 'SKIPPED';
  if (suppressedCount > 0) return 'ON_CHANGE';
  return failedCount + shedCount > 0 ? 'PARTIAL' : 'FULL';
}

import type { BatchHead, CoverageEntry, SampleCounters } from '../../../src/formats/tide/index.ts';
import { BatchColumns } from '../../../src/formats/tide/index.ts';
import { SERIES_TOLERANT, SeriesState } from '../../../src/agent/sampling/series-state.ts';
import { Suppression } from '../../../src/agent/sampling/suppression.ts';
import type { Chance } from './chance.ts';
import { LIVE_POLICY } from './policies.ts';
import {
  EVENT_GROUP,
  EVENT_SERIES,
  INTERVAL_MS,
  LIVE_GROUP,
  type RunTruth,
  type TickTruth,
  tickKey,
  TOLERANCE,
} from './truth.ts';
import { pushSample, valueAt } from './values.ts';

const ABSOLUTE = { id: LIVE_POLICY.toleranceId, kind: 'ABSOLUTE', value: TOLERANCE } as const;

/** A batch that can be sealed, and what it holds. */
export interface SampledBatch {
  readonly head: BatchHead;
  readonly columns: BatchColumns;
  readonly ticks: readonly TickTruth[];
}

/** Samples on the tick grid, on change with a tolerance, and gathers a few ticks to a batch. */
export class Sampler {
  readonly #chance: Chance;
  #run: RunTruth;
  readonly #parts: number;
  /** What the agent goes by when it leaves out what the collector knows. */
  readonly #state = new SeriesState();
  readonly #suppression = new Suppression(this.#state, LIVE_POLICY, ABSOLUTE, undefined);
  readonly #reading = new BatchColumns(1);
  #pending: TickTruth[] = [];
  #eventOrdinal = 0;
  #lastEventMs = 0;
  seriesCount: number;
  schemaVersion = 1;
  lastTick: number;
  readonly counters = { scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 };

  constructor(
    chance: Chance,
    run: RunTruth,
    startMs: number,
    series: { count: number; parts: number },
  ) {
    this.#chance = chance;
    this.#run = run;
    this.#parts = series.parts;
    this.seriesCount = series.count;
    this.lastTick = Math.ceil(startMs / INTERVAL_MS) - 1;
  }

  get eventOrdinal(): number {
    return this.#eventOrdinal;
  }

  get countersNow(): SampleCounters {
    return { ...this.counters };
  }

  /** What is done from now on is told to another truth. */
  haunt(run: RunTruth): void {
    this.#run = run;
  }

  /** Takes all ticks due by `nowMs`; those in the past, which a pause swallowed, as skipped. */
  sample(nowMs: number): void {
    const due = Math.floor(nowMs / INTERVAL_MS);
    for (let tick = this.lastTick + 1; tick <= due; tick++) {
      if (tick < due) this.#state.sentCount.fill(0);
      const isSync = tick === due && this.#suppression.beginTick(false);
      for (let part = 0; part < Math.min(this.#parts, this.seriesCount); part++) {
        this.#take(tick < due ? this.#skipped(tick, part) : this.#sampledAt(tick, part, isSync));
      }
      this.lastTick = tick;
    }
  }

  /** What waits to be sealed: a batch for each part. */
  flush(): SampledBatch[] {
    const pending = this.#pending;
    this.#pending = [];
    const parts = [...new Set(pending.map(({ part }) => part))].sort((a, b) => a - b);
    return parts.map((part) => this.#batchOf(pending.filter((truth) => truth.part === part)));
  }

  get pendingTicks(): number {
    return this.#pending.filter(({ part }) => part === 0).length;
  }

  /** An event: one sample, counted and not timed. A series has one sample at a time. */
  event(nowMs: number): SampledBatch {
    const tick = ++this.#eventOrdinal;
    const atMs = Math.max(nowMs, this.#lastEventMs + 1);
    this.#lastEventMs = atMs;
    const columns = new BatchColumns(1);
    const value = valueAt(this.#run, EVENT_SERIES, tick);
    pushSample(columns, { series: EVENT_SERIES, atMs, value });
    const truth: TickTruth = {
      tick,
      part: 0,
      atMs,
      seriesCount: 1,
      present: [EVENT_SERIES],
      suppressedCount: 0,
      failedCount: 0,
      shedCount: 0,
      isSync: true,
    };
    this.#run.events.set(tick, truth);
    const coverage = [{ ...coverageOf(truth, 1), group: EVENT_GROUP }];
    const head = { schemaVersion: this.schemaVersion, policyVersion: 0, coverage };
    return { head, columns, ticks: [truth] };
  }

  #batchOf(ticks: readonly TickTruth[]): SampledBatch {
    const parts = Math.min(this.#parts, this.seriesCount);
    const columns = new BatchColumns(16);
    for (const { tick, atMs, present } of ticks) {
      for (const series of present) {
        pushSample(columns, { series, atMs, value: valueAt(this.#run, series, tick) });
      }
    }
    columns.sortBySeries();
    const coverage = ticks.map((truth) => coverageOf(truth, parts));
    const head = { schemaVersion: this.schemaVersion, policyVersion: 0, coverage };
    return { head, columns, ticks };
  }

  #take(truth: TickTruth): void {
    this.#run.ticks.set(tickKey(truth.tick, truth.part), truth);
    this.#pending.push(truth);
    this.counters.scheduled += truth.seriesCount;
    this.counters.present += truth.present.length;
    this.counters.suppressed += truth.suppressedCount;
    this.counters.shed += truth.shedCount;
    this.counters.failed += truth.failedCount;
  }

  #sampledAt(tick: number, part: number, isSync: boolean): TickTruth {
    const present: number[] = [];
    let suppressedCount = 0;
    let failedCount = 0;
    let shedCount = 0;
    const atMs = tick * INTERVAL_MS;
    // None is ever forgotten, so the place of a series is its number.
    for (let series = 0; series < this.seriesCount; series++) this.#state.place(series);
    for (let series = part; series < this.seriesCount; series += this.#parts) {
      const draw = this.#chance.next();
      if (draw < 0.02) {
        if (draw < 0.01) failedCount++;
        else shedCount++;
        this.#state.sentCount[series] = 0;
      } else if (this.#isLeftOut(series, tick, isSync)) {
        suppressedCount++;
      } else {
        present.push(series);
      }
    }
    const seriesCount = this.#countOf(part);
    const counts = { seriesCount, suppressedCount, failedCount, shedCount };
    return { tick, part, atMs, present, isSync, ...counts };
  }

  /** Whether the collector knows the value well enough; else it is taken note of as sent. */
  #isLeftOut(series: number, tick: number, isSync: boolean): boolean {
    const reading = this.#reading;
    const state = this.#state;
    const value = valueAt(this.#run, series, tick);
    const atMs = tick * INTERVAL_MS;
    reading.reset();
    pushSample(reading, { series, atMs, value });
    state.kind[series] = SERIES_TOLERANT;
    const mayWait = !isSync && (state.sentCount[series] ?? 0) > 0;
    if (mayWait && this.#suppression.isCarried(reading, 0, series)) return true;
    const isHistogram = reading.histograms !== undefined;
    state.send(series, atMs, reading.words[0] ?? 0, reading.words[1] ?? 0, isHistogram);
    return false;
  }

  #skipped(tick: number, part: number): TickTruth {
    const seriesCount = this.#countOf(part);
    return {
      tick,
      part,
      atMs: tick * INTERVAL_MS,
      seriesCount,
      present: [],
      suppressedCount: 0,
      failedCount: seriesCount,
      shedCount: 0,
      isSync: false,
    };
  }

  /** Series go to the parts in turn. */
  #countOf(part: number): number {
    return Math.ceil((this.seriesCount - part) / this.#parts);
  }
}

function coverageOf(truth: TickTruth, parts: number): CoverageEntry {
  const { tick, part, seriesCount, present, suppressedCount, failedCount, shedCount } = truth;
  return {
    group: LIVE_GROUP,
    tickFrom: tick,
    tickTo: tick,
    status: statusOf(truth),
    toleranceId: suppressedCount > 0 ? 1 : 0,
    reason: statusOf(truth) === 'SKIPPED' ? 'PAUSED' : 'NONE',
    part,
    parts,
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

import type {
  CoverageEntry,
  GroupPolicy,
  SkipReason,
  Tolerance,
} from '../../formats/tide/index.ts';
import { BatchColumns } from '../../formats/tide/index.ts';
import {
  HIGH_WORD,
  isStaleAt,
  LOW_WORD,
  STALE_HIGH_WORD,
  STALE_LOW_WORD,
} from '../../model/index.ts';
import type { Reading } from './group-source.ts';
import { ScheduledSeries } from './scheduled-series.ts';
import type { SeriesState } from './series-state.ts';
import type { SeriesTable } from './series-table.ts';
import { Suppression, type WideTolerance } from './suppression.ts';
import { accountOf, type PartCounts, type SampleTotals } from './tick-accounts.ts';

/** A coverage entry may span 2^24 ticks. */
const SKIP_TICKS_MAX = 2 ** 24;

/** One tick (or a run of skipped ones), ready to be sealed. */
export interface SampledTick {
  /** One entry for each part. */
  readonly entries: readonly CoverageEntry[];
  /** By series, in order. */
  readonly columns: BatchColumns;
  readonly minTime: number;
  readonly maxTime: number;
  /** When the newest tick was due; undefined where ticks are counted and not timed. */
  readonly tickMs?: number;
}

export interface GroupSamplerOptions {
  readonly policy: GroupPolicy;
  readonly tolerance: Tolerance | undefined;
  /** Undefined: never more is left out than `tolerance` says. */
  readonly wide?: WideTolerance | undefined;
  readonly marksEnds: boolean;
  readonly table: SeriesTable;
  readonly state: SeriesState;
  readonly totals: SampleTotals;
  /** Whether the collector takes native histograms; without it, yes. */
  readonly takesHistograms?: (() => boolean) | undefined;
  /** The tick before the first. */
  readonly lastTick: number;
}

/**
 * Turns readings of one group into ticks: which series are present, which are left out because
 * they changed by no more than the tolerance, which could not be read; so that every series that
 * was scheduled is accounted for, at every tick.
 */
export class GroupSampler {
  readonly #options: GroupSamplerOptions;
  readonly #scheduled: ScheduledSeries;
  readonly #suppression: Suppression;
  #readings = 0;
  #pending: SampledTick[] = [];
  #policy: GroupPolicy;
  lastTick: number;

  constructor(options: GroupSamplerOptions) {
    this.#options = options;
    this.#policy = options.policy;
    const { policy, tolerance, wide, table, state } = options;
    this.#suppression = new Suppression(state, policy, tolerance, wide);
    this.#scheduled = new ScheduledSeries(table, state);
    this.lastTick = options.lastTick;
  }

  get policy(): GroupPolicy {
    return this.#policy;
  }

  get liveCount(): number {
    return this.#scheduled.ids.length;
  }

  /** Ids of the series that are scheduled at each tick. The sampler's own: read only. */
  get liveIds(): readonly number[] {
    return this.#scheduled.ids;
  }

  get pendingTicks(): number {
    return this.#pending.length;
  }

  /** Goes by another policy; interval and anchor must be as they were. */
  configure(policy: GroupPolicy, tolerance: Tolerance | undefined): void {
    this.#policy = policy;
    this.#suppression.configure(policy, tolerance);
  }

  timeOf(tick: number): number {
    return this.#policy.anchorMs + tick * this.#policy.intervalMs;
  }

  tickAt(timeMs: number): number {
    return Math.floor((timeMs - this.#policy.anchorMs) / this.#policy.intervalMs);
  }

  /**
   * Takes over what a reading of `tick` found. `spare`: leaves out as much as is permitted at all,
   * where that is more than the tolerance.
   */
  take(tick: number, reading: Reading, spare = false): void {
    const counts = this.#scheduled.count();
    const { columns, failed } = reading;
    const isSync = this.#suppression.beginTick(spare);
    const sent = new BatchColumns(Math.max(1, columns.length));
    const mark = this.#beginReading();
    for (let index = 0; index < columns.length; index++) {
      if (this.#isRefused(columns, index)) continue;
      this.#sample(columns, index, { mark, isSync, failed }, counts, sent);
    }
    this.#endSeries(mark, this.timeOf(tick), failed, counts, sent);
    this.lastTick = tick;
    this.#push(tick, tick, sent, counts, failed ? 'TARGET_FAILED' : 'NONE');
  }

  /** Ticks that were not read: all their series are failed, or shed where that was the will. */
  skip(tickFrom: number, tickTo: number, reason: SkipReason): void {
    for (let from = tickFrom; from <= tickTo; from += SKIP_TICKS_MAX) {
      const to = Math.min(tickTo, from + SKIP_TICKS_MAX - 1);
      this.#push(from, to, new BatchColumns(1), this.#scheduled.count(), reason);
    }
    this.lastTick = tickTo;
  }

  /**
   * Samples between ticks, which no coverage speaks of: those of `wanted` series, and the ends of
   * others. Undefined where there are none.
   */
  takeBetween(reading: Reading, wanted: (id: number) => boolean): BatchColumns | undefined {
    const { columns, failed } = reading;
    const sent = new BatchColumns(Math.max(1, columns.length));
    this.#beginReading();
    for (let index = 0; index < columns.length; index++) {
      if (this.#isRefused(columns, index)) continue;
      const id = columns.seriesIds[index]!;
      const isEnd = isStaleAt(columns.words, index);
      // What is not sent leaves no trace: the tick that may be due is as if nobody had read.
      if (!isEnd && !wanted(id)) continue;
      const place = this.#options.state.place(id);
      if (!this.#remember(columns, index, place)) continue;
      // Of a target that failed markers are no reading: its series fail at the next tick, or go on.
      if (isEnd && !failed) this.#scheduled.leave(id, place);
      this.#send(columns, index, place, sent);
    }
    this.#scheduled.dropLeft();
    if (sent.length === 0) return undefined;
    sent.sortBySeries();
    return sent;
  }

  /** A series that is not live will not come again. */
  forget(id: number): void {
    this.#scheduled.forget(id);
  }

  /** What waits to be sealed. */
  takePending(): SampledTick[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }

  #beginReading(): number {
    return ++this.#readings;
  }

  /** A histogram that the collector would not take is as if it had not been read, but counted. */
  #isRefused({ histograms }: BatchColumns, index: number): boolean {
    if (histograms?.[index] === undefined) return false;
    const { takesHistograms, totals } = this.#options;
    if (takesHistograms?.() !== false) return false;
    totals.histogramsUnsent++;
    return true;
  }

  /** False where the sample is no newer than the last of its series. */
  #remember(columns: BatchColumns, index: number, place: number): boolean {
    const { lastTimes, lastWords, lastIsHistogram } = this.#options.state;
    const time = columns.timestamps[index]!;
    if (time <= lastTimes[place]!) return false;
    lastIsHistogram[place] = columns.histograms?.[index] === undefined ? 0 : 1;
    lastTimes[place] = time;
    lastWords[2 * place] = columns.words[2 * index]!;
    lastWords[2 * place + 1] = columns.words[2 * index + 1]!;
    return true;
  }

  #sample(
    columns: BatchColumns,
    index: number,
    how: { readonly mark: number; readonly isSync: boolean; readonly failed: boolean },
    counts: PartCounts[],
    sent: BatchColumns,
  ): void {
    const { state } = this.#options;
    const id = columns.seriesIds[index]!;
    const place = state.place(id);
    const isEnd = isStaleAt(columns.words, index);
    const isNew = this.#remember(columns, index, place);
    // Of a target that failed, markers say what the series' absence means; they are no reading.
    if (isEnd && how.failed) {
      if (isNew) this.#send(columns, index, place, sent);
      return;
    }
    const isFirst = state.seenAt[place] !== how.mark;
    state.seenAt[place] = how.mark;
    if (state.isLive[place] === 0) {
      this.#scheduled.join(id, place, columns.histograms?.[index] !== undefined, counts);
    }
    const part = this.#scheduled.part(counts, place);
    const mayWait = !how.isSync && !isEnd && state.sentCount[place]! > 0;
    if (!isNew || (mayWait && this.#suppression.isCarried(columns, index, place))) {
      if (isFirst) part.suppressed++;
      return;
    }
    if (mayWait && this.#suppression.isTooSoon(columns.timestamps[index]!, place)) {
      if (isFirst) part.dampened++;
      return;
    }
    if (isFirst) part.present++;
    this.#send(columns, index, place, sent);
    if (isEnd) this.#scheduled.leave(id, place);
  }

  #send(columns: BatchColumns, index: number, place: number, sent: BatchColumns): void {
    const low = columns.words[2 * index + LOW_WORD]!;
    const high = columns.words[2 * index + HIGH_WORD]!;
    const time = columns.timestamps[index]!;
    sent.pushFrom(columns, index);
    const isHistogram = columns.histograms?.[index] !== undefined;
    this.#options.state.send(place, time, low, high, isHistogram);
  }

  /** Series of the group that the reading did not have. */
  #endSeries(
    mark: number,
    timeMs: number,
    failed: boolean,
    counts: PartCounts[],
    sent: BatchColumns,
  ): void {
    const { state, marksEnds } = this.#options;
    if (!failed) {
      for (const id of this.#scheduled.ids) {
        const place = state.place(id);
        if (state.seenAt[place] === mark || state.isLive[place] === 0) continue;
        const part = this.#scheduled.part(counts, place);
        if (marksEnds || timeMs <= state.lastTimes[place]!) part.series--;
        else {
          state.lastTimes[place] = timeMs;
          state.lastWords[2 * place + LOW_WORD] = STALE_LOW_WORD;
          state.lastWords[2 * place + HIGH_WORD] = STALE_HIGH_WORD;
          sent.push(id, timeMs, STALE_LOW_WORD, STALE_HIGH_WORD);
          state.sentCount[place] = 0;
          part.present++;
        }
        this.#scheduled.leave(id, place);
      }
    }
    this.#scheduled.dropLeft();
    sent.sortBySeries();
  }

  #push(
    tickFrom: number,
    tickTo: number,
    columns: BatchColumns,
    counts: PartCounts[],
    reason: SkipReason,
  ): void {
    const { group } = this.#policy;
    const { toleranceId } = this.#suppression;
    const span = { group, tickFrom, tickTo, reason, toleranceId };
    const entries = accountOf(span, counts, this.#options.totals);
    let minTime = this.timeOf(tickFrom);
    const tickMs = this.timeOf(tickTo);
    let maxTime = tickMs;
    for (let index = 0; index < columns.length; index++) {
      minTime = Math.min(minTime, columns.timestamps[index]!);
      maxTime = Math.max(maxTime, columns.timestamps[index]!);
    }
    this.#pending.push({ entries, columns, minTime, maxTime, tickMs });
  }
}

import type { Labels } from '../model/index.ts';
import type { SeriesRef } from './api.ts';
import { NO_SERIES } from './api.ts';
import type { Head } from './head/head.ts';
import type { PendingSeries } from './pending-series.ts';
import { hashLabels, PendingTable } from './pending-series.ts';
import { SourceLimits } from './source-limits.ts';

export interface SeriesLimits {
  /** Most series of the store; 0 sets no limit. */
  readonly maxSeries: number;
  /** Most series of one source; likewise. */
  readonly maxSeriesPerSource: number;
}

/**
 * Gives label sets their refs. A new series is pending until a commit that holds it is applied;
 * appenders that ask for the same label set meanwhile get the same ref, and each of them writes
 * the series into its own record, so that each stands without the others.
 */
export class SeriesResolver {
  /** Goes up with each run of maintenance, which spares series used in the last two. */
  period = 1;
  readonly #head: Head;
  readonly #maxSeries: number;
  readonly #sources: SourceLimits;
  readonly #pending = new PendingTable();
  /** Pending series by source, where they are bounded. */
  readonly #pendingBySource = new Map<string, number>();
  #nextRef: number;
  #refusedCount = 0;

  constructor(head: Head, { maxSeries, maxSeriesPerSource }: SeriesLimits) {
    this.#head = head;
    this.#maxSeries = maxSeries === 0 ? Infinity : maxSeries;
    this.#sources = new SourceLimits(maxSeriesPerSource);
    this.#nextRef = head.series.nextRef;
  }

  /** New series refused by a limit. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** The ref, `NO_SERIES` beyond a limit; a pending series is added to `held`. */
  resolve(labels: Labels, held: PendingSeries[], source?: string): SeriesRef {
    const known = this.#head.series.find(labels);
    if (known !== NO_SERIES) {
      this.#use(known);
      this.#sources.claim(known, source);
      return known;
    }
    const hash = hashLabels(labels);
    let pending = this.#pending.find(labels, hash);
    if (pending === undefined) {
      if (!this.#mayAdd(source)) {
        this.#refusedCount++;
        return NO_SERIES;
      }
      pending = this.#pending.add(this.#nextRef++, labels, hash, source);
      this.#countPending(source, 1);
    }
    // Appenders that ask in turns may hold it several times: it is counted as often.
    if (pending.heldBy !== held) {
      pending.heldBy = held;
      pending.holders++;
      held.push(pending);
    }
    return pending.ref;
  }

  /** Those of `held` that the head does not know yet, for a record. */
  notApplied(held: readonly PendingSeries[]): PendingSeries[] {
    const series: PendingSeries[] = [];
    for (const pending of held) {
      if (pending.listedIn === series || this.#isThere(pending)) continue;
      pending.listedIn = series;
      series.push(pending);
    }
    return series;
  }

  /** An appender is done with its series, committed or not. */
  release(held: readonly PendingSeries[]): void {
    for (const pending of held) {
      pending.holders--;
      pending.heldBy = undefined;
      pending.listedIn = undefined;
      const isApplied = this.#head.series.has(pending.ref);
      if (isApplied) {
        pending.isApplied = true;
        this.#use(pending.ref);
        this.#sources.claim(pending.ref, pending.source);
      }
      if (pending.holders > 0 && !isApplied) continue;
      if (this.#pending.remove(pending)) this.#countPending(pending.source, -1);
    }
  }

  /** Series that the head has dropped. */
  forget(refs: Iterable<SeriesRef>): void {
    this.#sources.forget(refs);
  }

  /** Whether an appender has asked for a series in this period or since. */
  isUsedSince(ref: SeriesRef, period: number): boolean {
    const passed = (period - this.#head.series.shard(ref).index.period(ref)) & PERIOD_MASK;
    return passed === 0 || passed > PERIOD_MASK - PERIODS_AHEAD;
  }

  #use(ref: SeriesRef): void {
    this.#head.series.shard(ref).index.touch(ref, this.period & PERIOD_MASK);
  }

  #isThere({ isApplied, ref }: PendingSeries): boolean {
    return isApplied && this.#head.series.has(ref);
  }

  #mayAdd(source: string | undefined): boolean {
    if (this.#head.series.size + this.#pending.size >= this.#maxSeries) return false;
    if (source === undefined) return true;
    return this.#sources.allows(source, this.#pendingBySource.get(source) ?? 0);
  }

  #countPending(source: string | undefined, change: number): void {
    if (source === undefined || !this.#sources.isOn) return;
    const count = (this.#pendingBySource.get(source) ?? 0) + change;
    if (count === 0) this.#pendingBySource.delete(source);
    else this.#pendingBySource.set(source, count);
  }
}

/** The index keeps sixteen bits of the period in which a series was last asked for. */
const PERIOD_MASK = 0xffff;
/** Periods that may have begun while one is still looked at. */
const PERIODS_AHEAD = 16;

import type { Labels } from '../model/index.ts';
import type { SeriesRef } from './api.ts';
import { NO_SERIES } from './api.ts';
import type { Head } from './head/head.ts';

/** A series that appenders have asked for and no commit has made yet. */
export interface PendingSeries {
  readonly ref: SeriesRef;
  readonly labels: Labels;
  /** Appenders that may still commit it. */
  holders: number;
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
  #pending = new Map<string, PendingSeries>();
  #nextRef: number;
  #refusedCount = 0;

  constructor(head: Head, maxSeries: number) {
    this.#head = head;
    this.#maxSeries = maxSeries === 0 ? Infinity : maxSeries;
    this.#nextRef = head.nextRef;
  }

  /** New series refused by the limit. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** The ref, `NO_SERIES` beyond the limit; a pending series is added to `held`. */
  resolve(labels: Labels, held: Set<PendingSeries>): SeriesRef {
    const known = this.#head.table.find(labels);
    if (known !== undefined) {
      known.usedInPeriod = this.period;
      return known.ref;
    }
    let pending = this.#pending.get(labels.key);
    if (pending === undefined) {
      if (this.#head.table.size + this.#pending.size >= this.#maxSeries) {
        this.#refusedCount++;
        return NO_SERIES;
      }
      pending = { ref: this.#nextRef++, labels, holders: 0 };
      this.#pending.set(labels.key, pending);
    }
    if (!held.has(pending)) {
      pending.holders++;
      held.add(pending);
    }
    return pending.ref;
  }

  /** Those of `held` that the head does not know yet, for a record. */
  notApplied(held: ReadonlySet<PendingSeries>): PendingSeries[] {
    const series: PendingSeries[] = [];
    for (const pending of held) {
      if (this.#head.table.get(pending.ref) === undefined) series.push(pending);
    }
    return series;
  }

  /** An appender is done with its series, committed or not. */
  release(held: Set<PendingSeries>): void {
    for (const pending of held) {
      pending.holders--;
      const applied = this.#head.table.get(pending.ref);
      if (applied !== undefined) applied.usedInPeriod = this.period;
      if (pending.holders > 0 && applied === undefined) continue;
      if (this.#pending.get(pending.labels.key) === pending) {
        this.#pending.delete(pending.labels.key);
      }
    }
    held.clear();
  }
}

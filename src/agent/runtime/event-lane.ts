import { BatchColumns, LANE_EVENT } from '../../formats/tide/index.ts';
import type { Clock } from '../../util/index.ts';
import { sliceColumns } from '../reads/columns.ts';
import type { SampleTotals } from '../sampling/tick-accounts.ts';
import type { Sealer } from '../sampling/sealer.ts';
import type { SeriesTable } from '../sampling/series-table.ts';
import { EVENT_GROUP } from './group-policy.ts';
import { CLOCK_SET_BACK_MS } from './group-runner.ts';
import type { EventSample } from './runtime-options.ts';

/** Samples and different times of a batch: at 27 bytes each, the worst, it fits a frame. */
const BATCH_SAMPLES = 2048;
const BATCH_TIMES = 1024;

export interface EventLaneOptions {
  readonly clock: Clock;
  readonly table: SeriesTable;
  readonly totals: SampleTotals;
  readonly sealer: Sealer;
}

/** Samples that happen at any time: each batch is a tick of its own, on the lane of events. */
export class EventLane {
  readonly #options: EventLaneOptions;
  #tick = 0;
  #lastMs = 0;

  constructor(options: EventLaneOptions) {
    this.#options = options;
  }

  /** The last tick that was sealed; 0 before the first. */
  get tick(): number {
    return this.#tick;
  }

  /** Seals the samples, of which there is at least one, as of now. */
  seal(samples: readonly EventSample[]): void {
    const { clock, table } = this.#options;
    const nowMs = clock.now();
    // A series has one sample at a time.
    const isBack = nowMs < this.#lastMs - CLOCK_SET_BACK_MS;
    const atMs = isBack ? nowMs : Math.max(nowMs, this.#lastMs + 1);
    this.#lastMs = atMs;
    const values = new Map<number, number>();
    for (const { labels, value, describe } of samples) {
      values.set(table.add(EVENT_GROUP, labels, describe), value);
    }
    const columns = new BatchColumns(values.size);
    for (const [id, value] of values) columns.pushValue(id, atMs, value);
    columns.sortBySeries();
    this.#sealTick(columns, atMs, atMs);
  }

  /**
   * Seals samples that bring their own times: in the order of series, times ascending in each. They
   * go in as many batches as it takes.
   */
  sealColumns(columns: BatchColumns): void {
    const times = new Set<number>();
    let from = 0;
    for (let index = 0; index < columns.length; index++) {
      const time = columns.timestamps[index]!;
      const isFull = index - from === BATCH_SAMPLES;
      if (isFull || (times.size === BATCH_TIMES && !times.has(time))) {
        this.#sealSlice(columns, from, index);
        from = index;
        times.clear();
      }
      times.add(time);
    }
    if (from < columns.length) this.#sealSlice(columns, from, columns.length);
  }

  #sealSlice(columns: BatchColumns, from: number, to: number): void {
    const slice = new BatchColumns(to - from);
    sliceColumns(columns, from, to, slice);
    let minTime = Infinity;
    let maxTime = -Infinity;
    for (const time of slice.timestamps.subarray(0, slice.length)) {
      minTime = Math.min(minTime, time);
      maxTime = Math.max(maxTime, time);
    }
    this.#sealTick(slice, minTime, maxTime);
  }

  #sealTick(columns: BatchColumns, minTime: number, maxTime: number): void {
    const { totals, sealer } = this.#options;
    const tick = ++this.#tick;
    const count = columns.length;
    totals.scheduled += count;
    totals.present += count;
    const counts = { seriesCount: count, presentCount: count };
    const rest = { suppressedCount: 0, shedCount: 0, failedCount: 0, toleranceId: 0 };
    const where = { group: EVENT_GROUP, tickFrom: tick, tickTo: tick, part: 0, parts: 1 };
    const entry = { ...where, ...counts, ...rest, status: 'FULL', reason: 'NONE' } as const;
    sealer.sealTicks([{ entries: [entry], columns, minTime, maxTime }], LANE_EVENT);
  }
}

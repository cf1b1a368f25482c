import { BatchColumns, LANE_EVENT } from '../../formats/tide/index.ts';
import type { Clock } from '../../util/index.ts';
import type { SampleTotals } from '../sampling/tick-accounts.ts';
import type { Sealer } from '../sampling/sealer.ts';
import type { SeriesTable } from '../sampling/series-table.ts';
import { EVENT_GROUP } from './group-policy.ts';
import type { EventSample } from './runtime-options.ts';

export interface EventLaneOptions {
  readonly clock: Clock;
  readonly table: SeriesTable;
  readonly totals: SampleTotals;
  readonly sealer: Sealer;
}

/** Samples that happen at any time: each call is a tick of its own, on the lane of events. */
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
    const { clock, table, totals, sealer } = this.#options;
    // A series has one sample at a time.
    const atMs = Math.max(clock.now(), this.#lastMs + 1);
    this.#lastMs = atMs;
    const values = new Map<number, number>();
    for (const { labels, value, describe } of samples) {
      values.set(table.add(EVENT_GROUP, labels, describe), value);
    }
    const columns = new BatchColumns(values.size);
    for (const [id, value] of values) columns.pushValue(id, atMs, value);
    columns.sortBySeries();
    const tick = ++this.#tick;
    totals.scheduled += values.size;
    totals.present += values.size;
    const counts = { seriesCount: values.size, presentCount: values.size };
    const rest = { suppressedCount: 0, shedCount: 0, failedCount: 0, toleranceId: 0 };
    const where = { group: EVENT_GROUP, tickFrom: tick, tickTo: tick, part: 0, parts: 1 };
    const entry = { ...where, ...counts, ...rest, status: 'FULL', reason: 'NONE' } as const;
    const ticks = [{ entries: [entry], columns, minTime: atMs, maxTime: atMs }];
    sealer.sealTicks(ticks, LANE_EVENT);
  }
}

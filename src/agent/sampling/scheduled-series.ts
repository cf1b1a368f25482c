import type { MetricType } from '../../model/index.ts';
import {
  SERIES_EXACT,
  SERIES_NEW,
  SERIES_PREDICTED,
  SERIES_TOLERANT,
  type SeriesState,
} from './series-state.ts';
import type { SeriesTable } from './series-table.ts';
import { emptyCounts, type PartCounts } from './tick-accounts.ts';

/** Series of one part: at nine bytes each, which is the worst, one tick of it fits a frame. */
const PART_SERIES = 4096;
/** The same for histograms, of some 160 buckets at a few bytes each. */
const PART_HISTOGRAMS = 64;

/** The part that new series join, and how many it has. */
interface OpenPart {
  part: number;
  size: number;
}

/** The series of one group that are scheduled at each of its ticks, and the parts they make. */
export class ScheduledSeries {
  readonly #table: SeriesTable;
  readonly #state: SeriesState;
  #ids: number[] = [];
  /** Of `#ids`, those that left during the reading under way. */
  readonly #left = new Set<number>();
  #partsUsed = 0;
  /** Parts begun so far. Those of histograms have no other series: floats go without them. */
  #partCount = 0;
  readonly #floats: OpenPart = { part: 0, size: PART_SERIES };
  readonly #histograms: OpenPart = { part: 0, size: PART_HISTOGRAMS };

  constructor(table: SeriesTable, state: SeriesState) {
    this.#table = table;
    this.#state = state;
  }

  /** The object's own: read only, and until the next reading. */
  get ids(): readonly number[] {
    return this.#ids;
  }

  /** Counts of a tick about to be taken: as many series as are scheduled, in parts. */
  count(): PartCounts[] {
    const counts = [emptyCounts()];
    if (this.#partsUsed <= 1) counts[0]!.series = this.#ids.length;
    else for (const id of this.#ids) this.part(counts, id).series++;
    return counts;
  }

  /** The counts of the part that a series belongs to. */
  part(counts: PartCounts[], id: number): PartCounts {
    const part = this.#state.part[id]!;
    this.#partsUsed = Math.max(this.#partsUsed, part + 1);
    while (counts.length <= part) counts.push(emptyCounts());
    return counts[part]!;
  }

  /** The series is scheduled from this tick on. */
  join(id: number, isHistogram: boolean, counts: PartCounts[]): void {
    const state = this.#state;
    if (!this.#left.delete(id)) this.#ids.push(id);
    state.isLive[id] = 1;
    if (state.kind[id] === SERIES_NEW) {
      state.part[id] = isHistogram
        ? this.#place(this.#histograms, PART_HISTOGRAMS)
        : this.#place(this.#floats, PART_SERIES);
      state.kind[id] = kindOf(this.#table.get(id)?.type);
    }
    this.part(counts, id).series++;
  }

  /** The part that one more series goes to. */
  #place(open: OpenPart, sizeMax: number): number {
    if (open.size === sizeMax) {
      open.part = this.#partCount++;
      open.size = 0;
    }
    open.size++;
    return open.part;
  }

  /** The series ended: it is scheduled no more once `dropLeft` was called. */
  leave(id: number): void {
    const state = this.#state;
    if (state.isLive[id] === 1) this.#left.add(id);
    state.isLive[id] = 0;
    state.sentCount[id] = 0;
  }

  dropLeft(): void {
    if (this.#left.size === 0) return;
    this.#ids = this.#ids.filter((id) => !this.#left.has(id));
    this.#left.clear();
  }
}

/** What may be left unsent of a series of this type. */
function kindOf(type: MetricType | undefined): number {
  if (type === 'counter') return SERIES_PREDICTED;
  return type === 'gauge' || type === 'unknown' ? SERIES_TOLERANT : SERIES_EXACT;
}

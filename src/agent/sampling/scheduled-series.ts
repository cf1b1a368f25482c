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

/** Parts of one kind, and the one that new series join. */
interface OpenParts {
  readonly sizeMax: number;
  part: number;
  /** Others that have room again, as series of theirs were forgotten. */
  readonly roomy: Set<number>;
}

/** The series of one group that are scheduled at each of its ticks, and the parts they make. */
export class ScheduledSeries {
  readonly #table: SeriesTable;
  readonly #state: SeriesState;
  #ids: number[] = [];
  /** Of `#ids`, those that left during the reading under way. */
  readonly #left = new Set<number>();
  #partsUsed = 0;
  /** How many series a part has. Those of histograms have no others: floats go without them. */
  readonly #sizes: number[] = [];
  readonly #floats: OpenParts = { sizeMax: PART_SERIES, part: -1, roomy: new Set() };
  readonly #histograms: OpenParts = { sizeMax: PART_HISTOGRAMS, part: -1, roomy: new Set() };
  /** The kind of each part. */
  readonly #kinds: OpenParts[] = [];

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
    else for (const id of this.#ids) this.part(counts, this.#state.place(id)).series++;
    return counts;
  }

  /** The counts of the part that the series at a place belongs to. */
  part(counts: PartCounts[], place: number): PartCounts {
    const part = this.#state.part[place]!;
    this.#partsUsed = Math.max(this.#partsUsed, part + 1);
    while (counts.length <= part) counts.push(emptyCounts());
    return counts[part]!;
  }

  /** The series is scheduled from this tick on. */
  join(id: number, place: number, isHistogram: boolean, counts: PartCounts[]): void {
    const state = this.#state;
    if (!this.#left.delete(id)) this.#ids.push(id);
    state.isLive[place] = 1;
    if (state.kind[place] === SERIES_NEW) {
      state.part[place] = this.#partFor(isHistogram ? this.#histograms : this.#floats);
      state.kind[place] = kindOf(this.#table.get(id)?.type);
    }
    this.part(counts, place).series++;
  }

  /** The part that one more series goes to. */
  #partFor(open: OpenParts): number {
    if ((this.#sizes[open.part] ?? open.sizeMax) === open.sizeMax) {
      const [roomy] = open.roomy;
      open.part = roomy ?? this.#sizes.push(0) - 1;
      open.roomy.delete(open.part);
      this.#kinds[open.part] = open;
    }
    this.#sizes[open.part]!++;
    return open.part;
  }

  /** The series ended: it is scheduled no more once `dropLeft` was called. */
  leave(id: number, place: number): void {
    const state = this.#state;
    if (state.isLive[place] === 1) this.#left.add(id);
    state.isLive[place] = 0;
    state.sentCount[place] = 0;
  }

  /** One that left, and whose left ones were dropped, will not come again: its part has room. */
  forget(id: number): void {
    const place = this.#state.placeIfKnown(id);
    if (place === undefined || this.#state.kind[place] === SERIES_NEW) return;
    const part = this.#state.part[place]!;
    this.#sizes[part]!--;
    const kind = this.#kinds[part];
    if (kind?.part !== part) kind?.roomy.add(part);
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

import type { Hash64, RejectReason } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import { NO_SERIES, type SeriesRef } from '../../storage/api.ts';

const ROOM_MIN = 16;
/** No series has this id. */
const NO_ID = 2 ** 32 - 1;
/** Outside of all columns: what is read there is that of a series of which nothing is stored. */
const NO_PLACE = -1;

/** What a series of an agent is called, and where it belongs. */
export interface SeriesIdentity {
  readonly epoch: number;
  readonly labels: Labels;
  /** Of the labels that the agent gave it: what AUDIT hashes by. */
  readonly key: Hash64;
  readonly group: number;
}

/** A series of an agent, as the store has it. */
export interface AgentSeries extends SeriesIdentity {
  /** Whether its samples are native histograms, and so its staleness markers. */
  isHistogram: boolean;
  /** NO_SERIES until it is asked for, and again when the store has dropped it. */
  ref: SeriesRef;
  /** Time of the newest sample stored in this process; -Infinity for none. */
  lastMs: number;
  /** Whether that sample is a staleness marker. */
  isStale: boolean;
  /** The newest tick of its group that a batch with a sample of it covered; -1 for none. */
  seenTick: number;
  /** Kept all the same: a batch from before its end may still come by repair. */
  ended: boolean;
  /** Why nothing of it is stored, whatever comes; mostly undefined. Its `ref` is NO_SERIES then. */
  refused: RejectReason | undefined;
}

/**
 * The series of one epoch of an agent by id. What every batch looks at and changes stands in
 * columns, by place: a thousand agents have more of it than fits a processor's caches, and the
 * series of a batch mostly stand one behind the other here as they do there.
 */
export class EpochSeries {
  /** By place; NO_SERIES until it is asked for. Read anew after `set`, as the other columns. */
  refs = new Uint32Array(ROOM_MIN);
  lastTimes = new Float64Array(ROOM_MIN);
  seenTicks = new Float64Array(ROOM_MIN);
  /** 1: its samples are histograms. */
  histogramFlags = new Uint8Array(ROOM_MIN);
  /** 1: its newest sample is a staleness marker. */
  staleFlags = new Uint8Array(ROOM_MIN);
  #ids = new Uint32Array(ROOM_MIN);
  readonly #series: PlacedSeries[] = [];
  readonly #places = new Map<number, number>();

  get(id: number): AgentSeries | undefined {
    return this.#series[this.#places.get(id) ?? -1];
  }

  /** All series, in the order in which their ids came. */
  *values(): IterableIterator<AgentSeries> {
    for (const place of this.#places.values()) yield this.#series[place] as AgentSeries;
  }

  /** Where the series with this id stands; -1 for none. `before`: where the one before it stood. */
  placeOf(id: number, before: number): number {
    const next = before + 1;
    // Fast path: it is the next one, as in nearly all batches.
    if (next < this.#series.length && this.#ids[next] === id) return next;
    return this.#places.get(id) ?? -1;
  }

  at(place: number): AgentSeries {
    return this.#series[place] as AgentSeries;
  }

  /** Names a series of which nothing is stored yet; one that had the id before has none now. */
  set(id: number, identity: SeriesIdentity, isHistogram: boolean): AgentSeries {
    const former = this.#places.get(id);
    if (former !== undefined) this.#ids[former] = NO_ID;
    const place = this.#series.length;
    if (place === this.refs.length) this.#grow(2 * place);
    this.#ids[place] = id;
    this.refs[place] = NO_SERIES;
    this.lastTimes[place] = Number.NEGATIVE_INFINITY;
    this.seenTicks[place] = -1;
    this.histogramFlags[place] = isHistogram ? 1 : 0;
    this.staleFlags[place] = 1;
    this.#places.set(id, place);
    const series = new PlacedSeries(identity, this, place);
    this.#series.push(series);
    return series;
  }

  /** Takes series out: what is held of them elsewhere stands for nothing stored. */
  drop(ids: Iterable<number>): void {
    for (const id of ids) {
      const place = this.#places.get(id);
      if (place === undefined) continue;
      this.#places.delete(id);
      this.#ids[place] = NO_ID;
      this.#series[place]?.moveTo(NO_PLACE);
    }
    const { refs, lastTimes, seenTicks, histogramFlags, staleFlags } = this;
    const columns = [this.#ids, refs, lastTimes, seenTicks, histogramFlags, staleFlags];
    let to = 0;
    for (const [from, series] of this.#series.entries()) {
      const id = this.#ids[from] ?? NO_ID;
      if (id === NO_ID) continue;
      for (const column of columns) column.copyWithin(to, from, from + 1);
      this.#series[to] = series;
      series.moveTo(to);
      this.#places.set(id, to++);
    }
    this.#series.length = to;
  }

  #grow(room: number): void {
    this.#ids = copyTo(new Uint32Array(room), this.#ids);
    this.refs = copyTo(new Uint32Array(room), this.refs);
    this.lastTimes = copyTo(new Float64Array(room), this.lastTimes);
    this.seenTicks = copyTo(new Float64Array(room), this.seenTicks);
    this.histogramFlags = copyTo(new Uint8Array(room), this.histogramFlags);
    this.staleFlags = copyTo(new Uint8Array(room), this.staleFlags);
  }
}

/** One series, its changing parts being in the columns. */
class PlacedSeries implements AgentSeries {
  readonly epoch: number;
  readonly labels: Labels;
  readonly key: Hash64;
  readonly group: number;
  readonly #columns: EpochSeries;
  #place: number;
  ended = false;
  refused: RejectReason | undefined;

  constructor({ epoch, labels, key, group }: SeriesIdentity, columns: EpochSeries, place: number) {
    this.epoch = epoch;
    this.labels = labels;
    this.key = key;
    this.group = group;
    this.#columns = columns;
    this.#place = place;
  }

  /** Where its changing parts are from now on. */
  moveTo(place: number): void {
    this.#place = place;
  }

  get ref(): SeriesRef {
    return this.#columns.refs[this.#place] ?? NO_SERIES;
  }

  set ref(ref: SeriesRef) {
    this.#columns.refs[this.#place] = ref;
  }

  get lastMs(): number {
    return this.#columns.lastTimes[this.#place] ?? Number.NEGATIVE_INFINITY;
  }

  set lastMs(lastMs: number) {
    this.#columns.lastTimes[this.#place] = lastMs;
  }

  get seenTick(): number {
    return this.#columns.seenTicks[this.#place] ?? -1;
  }

  set seenTick(tick: number) {
    this.#columns.seenTicks[this.#place] = tick;
  }

  get isHistogram(): boolean {
    return this.#columns.histogramFlags[this.#place] === 1;
  }

  set isHistogram(isHistogram: boolean) {
    this.#columns.histogramFlags[this.#place] = isHistogram ? 1 : 0;
  }

  get isStale(): boolean {
    return this.#columns.staleFlags[this.#place] === 1;
  }

  set isStale(isStale: boolean) {
    this.#columns.staleFlags[this.#place] = isStale ? 1 : 0;
  }
}

function copyTo<Column extends Uint8Array | Uint32Array | Float64Array>(
  grown: Column,
  column: Column,
): Column {
  grown.set(column);
  return grown;
}

import type { Hash64, RejectReason } from '../../formats/tide/index.ts';
import { assert, type Labels } from '../../model/index.ts';
import { NO_SERIES } from '../../storage/api.ts';
import {
  type AgentSeries,
  isSameKey,
  SeriesAt,
  type SeriesColumns,
  type SeriesIdentity,
} from './agent-series.ts';
import { NO_PLACE, PlacesById } from './places-by-id.ts';

const ROOM_MIN = 16;
/** No series has this id. */
const NO_ID = 2 ** 32 - 1;
/** Series of which nothing comes are asked again after twice as many writes, up to so many. */
const RELEASE_WRITES_MAX = 64;

/**
 * The series of one epoch of an agent by id. All that is known of them stands in columns, by place:
 * a thousand agents have more of it than fits a processor's caches, and the series of a batch
 * mostly stand one behind the other here as they do there. There is no object for a series but
 * while somebody asks for one: V8 goes through all objects that live, again and again.
 *
 * Labels are kept until the store knows the series by its ref. They are most of the memory, and
 * hardly ever asked for again.
 */
export class EpochSeries implements SeriesColumns {
  readonly epoch: number;
  /** By place; NO_SERIES until it is asked for. Read anew after `set`, as the other columns. */
  refs = new Uint32Array(ROOM_MIN);
  lastTimes = new Float64Array(ROOM_MIN);
  seenTicks = new Float64Array(ROOM_MIN);
  groups = new Uint32Array(ROOM_MIN);
  /** 1: its samples are histograms. */
  histogramFlags = new Uint8Array(ROOM_MIN);
  /** 1: its newest sample is a staleness marker. */
  staleFlags = new Uint8Array(ROOM_MIN);
  endedFlags = new Uint8Array(ROOM_MIN);
  #ids = new Uint32Array(ROOM_MIN);
  #keyLows = new Uint32Array(ROOM_MIN);
  #keyHighs = new Uint32Array(ROOM_MIN);
  #length = 0;
  readonly #places = new PlacesById();
  /** By id, of few. */
  readonly #refused = new Map<number, RejectReason>();
  /** By id, of those that hold any. */
  readonly #labels = new Map<number, Labels>();
  /** How many of them had to keep theirs, how many writes ago, and after how many to ask again. */
  #keptCount = 0;
  #writes = 0;
  #writesToWait = 1;
  readonly #recall: () => void;

  /** @param recall gives series their labels back, by `setLabels`. */
  constructor(epoch: number, recall: () => void) {
    this.epoch = epoch;
    this.#recall = recall;
  }

  get(id: number): AgentSeries | undefined {
    return this.#places.get(id) === NO_PLACE ? undefined : new SeriesAt(this, id);
  }

  /** All series, in the order in which their ids came. */
  *values(): IterableIterator<AgentSeries> {
    for (let place = 0; place < this.#length; place++) {
      const id = this.#ids[place]!;
      if (id !== NO_ID) yield new SeriesAt(this, id);
    }
  }

  /** Where the series with this id stands; -1 for none. `before`: where the one before it stood. */
  placeOf(id: number, before = NO_PLACE): number {
    const next = before + 1;
    // Fast path: it is the next one, as in nearly all batches.
    if (next < this.#length && this.#ids[next] === id) return next;
    return this.#places.get(id);
  }

  at(place: number): AgentSeries {
    return new SeriesAt(this, this.#ids[place]!);
  }

  /** Names a series of which nothing is stored yet; one that had the id before has none now. */
  set(id: number, { labels, key, group }: SeriesIdentity, isHistogram: boolean): AgentSeries {
    const former = this.#places.get(id);
    if (former !== NO_PLACE) this.#ids[former] = NO_ID;
    const place = this.#length++;
    if (place === this.refs.length) this.#grow(2 * place);
    this.#ids[place] = id;
    this.#keyLows[place] = key.low;
    this.#keyHighs[place] = key.high;
    this.refs[place] = NO_SERIES;
    this.lastTimes[place] = Number.NEGATIVE_INFINITY;
    this.seenTicks[place] = -1;
    this.groups[place] = group;
    this.histogramFlags[place] = isHistogram ? 1 : 0;
    this.staleFlags[place] = 1;
    this.endedFlags[place] = 0;
    this.#places.set(id, place);
    this.#refused.delete(id);
    this.#labels.set(id, labels);
    return new SeriesAt(this, id);
  }

  /** Gives a series the labels back that it had; for those that have some it changes nothing. */
  setLabels(id: number, key: Hash64, labels: () => Labels): void {
    const place = this.#places.get(id);
    if (place === NO_PLACE || this.#labels.has(id) || !isSameKey(this.keyAt(place), key)) return;
    this.#labels.set(id, labels());
  }

  /** Lets go of the labels of series whose refs are known; only when they can be recalled. */
  releaseLabels(): void {
    const isAsBefore = this.#labels.size === this.#keptCount;
    if (isAsBefore && ++this.#writes < this.#writesToWait) return;
    // The write that names series seldom has samples of them; the next one mostly has.
    this.#writesToWait = isAsBefore ? Math.min(2 * this.#writesToWait, RELEASE_WRITES_MAX) : 1;
    this.#writes = 0;
    for (const id of this.#labels.keys()) {
      if ((this.refs[this.#places.get(id)] ?? NO_SERIES) !== NO_SERIES) this.#labels.delete(id);
    }
    this.#keptCount = this.#labels.size;
  }

  /** Those of a series, recalled where they were let go of. */
  labelsOf(id: number): Labels {
    if (!this.#labels.has(id)) this.#recall();
    const labels = this.#labels.get(id);
    assert(labels !== undefined, 'what names the series of an agent is kept as long as they are');
    return labels;
  }

  refusedOf(id: number): RejectReason | undefined {
    return this.#refused.get(id);
  }

  refuse(id: number, reason: RejectReason | undefined): void {
    if (reason === undefined) this.#refused.delete(id);
    else this.#refused.set(id, reason);
  }

  /** Of the series at `place`; zeros for none. */
  keyAt(place: number): Hash64 {
    return { low: this.#keyLows[place] ?? 0, high: this.#keyHighs[place] ?? 0 };
  }

  /** Takes series out: what is held of them elsewhere stands for nothing stored. */
  drop(ids: Iterable<number>): void {
    for (const id of ids) {
      const place = this.#places.get(id);
      if (place === NO_PLACE) continue;
      this.#places.set(id, NO_PLACE);
      this.#ids[place] = NO_ID;
      this.#labels.delete(id);
      this.#refused.delete(id);
    }
    const { refs, lastTimes, seenTicks, groups, histogramFlags, staleFlags, endedFlags } = this;
    const keys = [this.#ids, this.#keyLows, this.#keyHighs];
    const flags = [histogramFlags, staleFlags, endedFlags];
    const columns = [...keys, refs, lastTimes, seenTicks, groups, ...flags];
    let to = 0;
    for (let from = 0; from < this.#length; from++) {
      const id = this.#ids[from]!;
      if (id === NO_ID) continue;
      for (const column of columns) column.copyWithin(to, from, from + 1);
      this.#places.set(id, to++);
    }
    this.#length = to;
  }

  #grow(room: number): void {
    this.#ids = copyTo(new Uint32Array(room), this.#ids);
    this.#keyLows = copyTo(new Uint32Array(room), this.#keyLows);
    this.#keyHighs = copyTo(new Uint32Array(room), this.#keyHighs);
    this.refs = copyTo(new Uint32Array(room), this.refs);
    this.lastTimes = copyTo(new Float64Array(room), this.lastTimes);
    this.seenTicks = copyTo(new Float64Array(room), this.seenTicks);
    this.groups = copyTo(new Uint32Array(room), this.groups);
    this.histogramFlags = copyTo(new Uint8Array(room), this.histogramFlags);
    this.staleFlags = copyTo(new Uint8Array(room), this.staleFlags);
    this.endedFlags = copyTo(new Uint8Array(room), this.endedFlags);
  }
}

function copyTo<Column extends Uint8Array | Uint32Array | Float64Array>(
  grown: Column,
  column: Column,
): Column {
  grown.set(column);
  return grown;
}

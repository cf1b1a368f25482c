import type { Hash64, RejectReason } from '../../formats/tide/index.ts';
import { assert, type Labels } from '../../model/index.ts';
import { NO_SERIES, type SeriesRef } from '../../storage/api.ts';

const ROOM_MIN = 16;
/** No series has this id. */
const NO_ID = 2 ** 32 - 1;
/** Outside of all columns: what is read there is that of a series of which nothing is stored. */
const NO_PLACE = -1;
/** Series of which nothing comes are asked again after twice as many writes, up to so many. */
const RELEASE_WRITES_MAX = 64;

/** What a series of an agent is called, and where it belongs. */
export interface SeriesIdentity {
  readonly epoch: number;
  /** Those it has in the store. */
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
 *
 * Labels are kept until the store knows the series by its ref. They are most of the memory, and
 * most of what the garbage collector has to look through, and hardly ever asked for again.
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
  #keyLows = new Uint32Array(ROOM_MIN);
  #keyHighs = new Uint32Array(ROOM_MIN);
  readonly #series: PlacedSeries[] = [];
  readonly #places = new Map<number, number>();
  /** Those that hold labels. */
  #labelled: PlacedSeries[] = [];
  /** How many of them had to keep theirs, how many writes ago, and after how many to ask again. */
  #keptCount = 0;
  #writes = 0;
  #writesToWait = 1;
  readonly #recall: () => void;

  /** @param recall gives series their labels back, by `setLabels`. */
  constructor(recall: () => void) {
    this.#recall = recall;
  }

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
    this.#keyLows[place] = identity.key.low;
    this.#keyHighs[place] = identity.key.high;
    this.refs[place] = NO_SERIES;
    this.lastTimes[place] = Number.NEGATIVE_INFINITY;
    this.seenTicks[place] = -1;
    this.histogramFlags[place] = isHistogram ? 1 : 0;
    this.staleFlags[place] = 1;
    this.#places.set(id, place);
    const series = new PlacedSeries(identity, this, place);
    this.#series.push(series);
    this.#labelled.push(series);
    return series;
  }

  /** Gives a series the labels back that it had; for those that have some it changes nothing. */
  setLabels(id: number, key: Hash64, labels: () => Labels): void {
    const series = this.#series[this.#places.get(id) ?? -1];
    if (series === undefined || series.hasLabels || !isSameKey(series.key, key)) return;
    series.giveLabels(labels());
    this.#labelled.push(series);
  }

  /** Lets go of the labels of series whose refs are known; only when they can be recalled. */
  releaseLabels(): void {
    const isAsBefore = this.#labelled.length === this.#keptCount;
    if (isAsBefore && ++this.#writes < this.#writesToWait) return;
    // The write that names series seldom has samples of them; the next one mostly has.
    this.#writesToWait = isAsBefore ? Math.min(2 * this.#writesToWait, RELEASE_WRITES_MAX) : 1;
    this.#writes = 0;
    this.#labelled = this.#labelled.filter((series) => {
      if (series.ref === NO_SERIES) return true;
      series.giveLabels(undefined);
      return false;
    });
    this.#keptCount = this.#labelled.length;
  }

  /** The labels of a series that holds none any more. */
  recallLabels(series: PlacedSeries): Labels {
    this.#recall();
    const labels = series.held;
    assert(labels !== undefined, 'what names the series of an agent is kept as long as they are');
    return labels;
  }

  /** Of the series at `place`; zeros for none. */
  keyAt(place: number): Hash64 {
    return { low: this.#keyLows[place] ?? 0, high: this.#keyHighs[place] ?? 0 };
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
    this.#labelled = this.#labelled.filter(({ isPlaced }) => isPlaced);
    const { refs, lastTimes, seenTicks, histogramFlags, staleFlags } = this;
    const keys = [this.#keyLows, this.#keyHighs];
    const columns = [this.#ids, ...keys, refs, lastTimes, seenTicks, histogramFlags, staleFlags];
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
    this.#keyLows = copyTo(new Uint32Array(room), this.#keyLows);
    this.#keyHighs = copyTo(new Uint32Array(room), this.#keyHighs);
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
  readonly group: number;
  readonly #columns: EpochSeries;
  #place: number;
  #labels: Labels | undefined;
  ended = false;
  refused: RejectReason | undefined;

  constructor({ epoch, labels, group }: SeriesIdentity, columns: EpochSeries, place: number) {
    this.epoch = epoch;
    this.group = group;
    this.#columns = columns;
    this.#place = place;
    this.#labels = labels;
  }

  get labels(): Labels {
    return this.#labels ?? this.#columns.recallLabels(this);
  }

  /** Its labels, where it has them at hand. */
  get held(): Labels | undefined {
    return this.#labels;
  }

  get hasLabels(): boolean {
    return this.#labels !== undefined;
  }

  giveLabels(labels: Labels | undefined): void {
    this.#labels = labels;
  }

  get isPlaced(): boolean {
    return this.#place !== NO_PLACE;
  }

  get key(): Hash64 {
    return this.#columns.keyAt(this.#place);
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

/** Whether two keys are of one label set. */
export function isSameKey(a: Hash64, b: Hash64): boolean {
  return a.low === b.low && a.high === b.high;
}

function copyTo<Column extends Uint8Array | Uint32Array | Float64Array>(
  grown: Column,
  column: Column,
): Column {
  grown.set(column);
  return grown;
}

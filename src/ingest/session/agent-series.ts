import type { Hash64, RejectReason } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import { NO_SERIES, type SeriesRef } from '../../storage/api.ts';

/** What a series of an agent is called, and where it belongs. */
export interface SeriesIdentity {
  /** Those it has in the store. */
  readonly labels: Labels;
  /** Of the labels that the agent gave it: what AUDIT hashes by. */
  readonly key: Hash64;
  readonly group: number;
}

/** A series of an agent, as the store has it. */
export interface AgentSeries extends SeriesIdentity {
  readonly epoch: number;
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

/** What is known of the series of one epoch: in columns by place, and of some by id. */
export interface SeriesColumns {
  readonly epoch: number;
  readonly refs: Uint32Array;
  readonly lastTimes: Float64Array;
  readonly seenTicks: Float64Array;
  readonly groups: Uint32Array;
  readonly histogramFlags: Uint8Array;
  readonly staleFlags: Uint8Array;
  readonly endedFlags: Uint8Array;
  /** Outside of all columns for none. */
  placeOf(id: number): number;
  keyAt(place: number): Hash64;
  labelsOf(id: number): Labels;
  refusedOf(id: number): RejectReason | undefined;
  refuse(id: number, reason: RejectReason | undefined): void;
}

/**
 * One series, while somebody looks at it; all that is known of it is in the columns. Of one that
 * was dropped that is what is known of a series of which nothing is stored.
 */
export class SeriesAt implements AgentSeries {
  readonly #columns: SeriesColumns;
  readonly #id: number;

  constructor(columns: SeriesColumns, id: number) {
    this.#columns = columns;
    this.#id = id;
  }

  get #place(): number {
    return this.#columns.placeOf(this.#id);
  }

  get epoch(): number {
    return this.#columns.epoch;
  }

  get labels(): Labels {
    return this.#columns.labelsOf(this.#id);
  }

  get key(): Hash64 {
    return this.#columns.keyAt(this.#place);
  }

  get group(): number {
    return this.#columns.groups[this.#place] ?? 0;
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

  get ended(): boolean {
    return this.#columns.endedFlags[this.#place] === 1;
  }

  set ended(ended: boolean) {
    this.#columns.endedFlags[this.#place] = ended ? 1 : 0;
  }

  get refused(): RejectReason | undefined {
    return this.#columns.refusedOf(this.#id);
  }

  set refused(refused: RejectReason | undefined) {
    this.#columns.refuse(this.#id, refused);
  }
}

/** Whether two keys are of one label set. */
export function isSameKey(a: Hash64, b: Hash64): boolean {
  return a.low === b.low && a.high === b.high;
}

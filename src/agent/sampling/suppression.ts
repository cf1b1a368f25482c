import type { BatchColumns, GroupPolicy, Tolerance } from '../../formats/tide/index.ts';
import { HIGH_WORD, LOW_WORD } from '../../model/index.ts';
import { SERIES_PREDICTED, SERIES_TOLERANT, type SeriesState } from './series-state.ts';
import { withinTolerance } from './tolerance.ts';

/** What may be left out where sending has to be spared. */
export interface WideTolerance {
  readonly tolerance: Tolerance;
  /** Every this many ticks all series are sent, in mode SAMPLE too. */
  readonly syncTicks: number;
}

/** Which samples of a group need not be sent: the policy, and what the collector knows already. */
export class Suppression {
  readonly #state: SeriesState;
  #policy: GroupPolicy;
  #tolerance: Tolerance | undefined;
  #wide: WideTolerance | undefined;
  #ticksSinceSync = Infinity;
  /** In force at the tick being taken: undefined where only what stands still is left out. */
  #inForce: Tolerance | undefined;

  constructor(
    state: SeriesState,
    policy: GroupPolicy,
    tolerance: Tolerance | undefined,
    wide: WideTolerance | undefined,
  ) {
    this.#state = state;
    this.#policy = policy;
    this.#tolerance = tolerance;
    this.#wide = wide;
  }

  /** Of the tolerance in force; 0 for none. */
  get toleranceId(): number {
    return this.#inForce?.id ?? 0;
  }

  /** Goes by another policy; the next tick is a sync tick where there are any. */
  configure(policy: GroupPolicy, tolerance: Tolerance | undefined): void {
    // What was permitted was so beside the tolerance that the agent itself was given.
    if (policy.toleranceId !== this.#policy.toleranceId) this.#wide = undefined;
    this.#policy = policy;
    this.#tolerance = tolerance;
    this.#ticksSinceSync = Infinity;
  }

  /** A tick is taken; whether all of its series are sent. `spare`: leave out what is permitted. */
  beginTick(spare: boolean): boolean {
    const wide = spare ? this.#wide : undefined;
    this.#inForce = wide?.tolerance ?? this.#tolerance;
    const { mode } = this.#policy;
    if (mode === 'SAMPLE' && wide === undefined) {
      this.#ticksSinceSync = 0;
      return true;
    }
    const syncTicks = mode === 'SAMPLE' ? (wide?.syncTicks ?? 0) : this.#policy.syncTicks;
    const isSync = syncTicks > 0 && this.#ticksSinceSync >= syncTicks - 1;
    this.#ticksSinceSync = isSync ? 0 : this.#ticksSinceSync + 1;
    return isSync;
  }

  /** Whether what was sent tells this value as well as the tolerance asks for. */
  isCarried(columns: BatchColumns, index: number, place: number): boolean {
    const state = this.#state;
    const tolerance = this.#inForce;
    const low = columns.words[2 * index + LOW_WORD]!;
    const high = columns.words[2 * index + HIGH_WORD]!;
    // Of a histogram, words that stand for all of it.
    if (columns.histograms?.[index] !== undefined) return state.isSentAs(place, low, high, true);
    if (state.sentIsHistogram[place] === 1) return false;
    const value = columns.values[index]!;
    if (state.kind[place] === SERIES_PREDICTED && tolerance !== undefined) {
      const predicted = state.predict(place, columns.timestamps[index]!);
      if (withinTolerance(tolerance, predicted, value)) return true;
      // Not a number: nothing is near it, and it is carried as it is.
      return !Number.isFinite(value) && state.isSentAs(place, low, high);
    }
    if (state.isSentAs(place, low, high)) return true;
    if (state.kind[place] !== SERIES_TOLERANT || tolerance === undefined) return false;
    return withinTolerance(tolerance, state.sentValues[place]!, value);
  }

  /** Whether the series was sent so shortly before that this change has to wait, or is lost. */
  isTooSoon(time: number, place: number): boolean {
    return time - this.#state.sentTimes[place]! < this.#policy.dampeningMs;
  }
}

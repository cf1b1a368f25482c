import type {
  CoverageEntry,
  CoverageStatus,
  GroupPolicy,
  SkipReason,
  Tolerance,
} from '../../formats/tide/index.ts';
import { BatchColumns } from '../../formats/tide/index.ts';
import {
  HIGH_WORD,
  isStaleAt,
  LOW_WORD,
  type MetricType,
  STALE_HIGH_WORD,
  STALE_LOW_WORD,
} from '../../model/index.ts';
import type { Reading } from './group-source.ts';
import {
  SERIES_EXACT,
  SERIES_NEW,
  SERIES_PREDICTED,
  SERIES_TOLERANT,
  type SeriesState,
} from './series-state.ts';
import type { SeriesTable } from './series-table.ts';
import { withinTolerance } from './tolerance.ts';

/** Series of one part: at nine bytes each, which is the worst, one tick of it fits a frame. */
const PART_SERIES = 4096;
/** A coverage entry may span 2^24 ticks. */
const SKIP_TICKS_MAX = 2 ** 24;

/** Samples since the start, as heartbeats tell them. */
export interface SampleTotals {
  scheduled: number;
  present: number;
  suppressed: number;
  shed: number;
  failed: number;
  /** Of those shed: changes that came too soon after another of their series. */
  dampened: number;
}

/** One tick (or a run of skipped ones), ready to be sealed. */
export interface SampledTick {
  /** One entry for each part. */
  readonly entries: readonly CoverageEntry[];
  /** By series, in order. */
  readonly columns: BatchColumns;
  readonly minTime: number;
  readonly maxTime: number;
}

interface PartCounts {
  series: number;
  present: number;
  suppressed: number;
  dampened: number;
}

/** What may be left out where sending has to be spared. */
export interface WideTolerance {
  readonly tolerance: Tolerance;
  /** Every this many ticks all series are sent, in mode SAMPLE too. */
  readonly syncTicks: number;
}

export interface GroupSamplerOptions {
  readonly policy: GroupPolicy;
  readonly tolerance: Tolerance | undefined;
  /** Undefined: never more is left out than `tolerance` says. */
  readonly wide?: WideTolerance | undefined;
  readonly marksEnds: boolean;
  readonly table: SeriesTable;
  readonly state: SeriesState;
  readonly totals: SampleTotals;
  /** The tick before the first. */
  readonly lastTick: number;
}

/**
 * Turns readings of one group into ticks: which series are present, which are left out because
 * they changed by no more than the tolerance, which could not be read; so that every series that
 * was scheduled is accounted for, at every tick.
 */
export class GroupSampler {
  readonly #options: GroupSamplerOptions;
  /** Series scheduled at each tick. */
  #live: number[] = [];
  /** Of `#live`, those that left during the reading under way. */
  readonly #left = new Set<number>();
  #partsUsed = 0;
  #ordinals = 0;
  #readings = 0;
  #ticksSinceSync = Infinity;
  #pending: SampledTick[] = [];
  #policy: GroupPolicy;
  #tolerance: Tolerance | undefined;
  #wide: WideTolerance | undefined;
  /** In force at the tick being taken: undefined where only what stands still is left out. */
  #inForce: Tolerance | undefined;
  lastTick: number;

  constructor(options: GroupSamplerOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#tolerance = options.tolerance;
    this.#wide = options.wide;
    this.lastTick = options.lastTick;
  }

  get policy(): GroupPolicy {
    return this.#policy;
  }

  get liveCount(): number {
    return this.#live.length;
  }

  /** Ids of the series that are scheduled at each tick. The sampler's own: read only. */
  get liveIds(): readonly number[] {
    return this.#live;
  }

  get pendingTicks(): number {
    return this.#pending.length;
  }

  /** Goes by another policy; interval and anchor must be as they were. */
  configure(policy: GroupPolicy, tolerance: Tolerance | undefined): void {
    // What was permitted was so beside the tolerance that the agent itself was given.
    if (policy.toleranceId !== this.#policy.toleranceId) this.#wide = undefined;
    this.#policy = policy;
    this.#tolerance = tolerance;
    this.#ticksSinceSync = Infinity;
  }

  timeOf(tick: number): number {
    return this.#policy.anchorMs + tick * this.#policy.intervalMs;
  }

  tickAt(timeMs: number): number {
    return Math.floor((timeMs - this.#policy.anchorMs) / this.#policy.intervalMs);
  }

  /**
   * Takes over what a reading of `tick` found. `spare`: leaves out as much as is permitted at all,
   * where that is more than the tolerance.
   */
  take(tick: number, reading: Reading, spare = false): void {
    const counts = this.#countParts();
    const { columns, failed } = reading;
    const wide = spare ? this.#wide : undefined;
    this.#inForce = wide?.tolerance ?? this.#tolerance;
    const isSync = this.#isSync(wide);
    const sent = new BatchColumns(Math.max(1, columns.length));
    const mark = this.#beginReading();
    for (let index = 0; index < columns.length; index++) {
      this.#sample(columns, index, { mark, isSync, failed }, counts, sent);
    }
    this.#endSeries(mark, this.timeOf(tick), failed, counts, sent);
    this.lastTick = tick;
    this.#push(tick, tick, sent, counts, failed ? 'TARGET_FAILED' : 'NONE');
  }

  /** Ticks that were not read: all their series are failed, or shed where that was the will. */
  skip(tickFrom: number, tickTo: number, reason: SkipReason): void {
    for (let from = tickFrom; from <= tickTo; from += SKIP_TICKS_MAX) {
      const to = Math.min(tickTo, from + SKIP_TICKS_MAX - 1);
      this.#push(from, to, new BatchColumns(1), this.#countParts(), reason);
    }
    this.lastTick = tickTo;
  }

  /**
   * Samples between ticks, which no coverage speaks of: those of `wanted` series, and the ends of
   * others. Undefined where there are none.
   */
  takeBetween(reading: Reading, wanted: (id: number) => boolean): BatchColumns | undefined {
    const { columns } = reading;
    const sent = new BatchColumns(Math.max(1, columns.length));
    this.#beginReading();
    for (let index = 0; index < columns.length; index++) {
      const id = columns.seriesIds[index]!;
      const isEnd = isStaleAt(columns.words, index);
      // What is not sent leaves no trace: the tick that may be due is as if nobody had read.
      if ((!isEnd && !wanted(id)) || !this.#remember(columns, index, id)) continue;
      if (isEnd) this.#leave(id);
      this.#send(columns, index, id, sent);
    }
    this.#dropLeft();
    if (sent.length === 0) return undefined;
    sent.sortBySeries();
    return sent;
  }

  /** What waits to be sealed. */
  takePending(): SampledTick[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }

  #isSync(wide: WideTolerance | undefined): boolean {
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

  #beginReading(): number {
    const { state, table } = this.#options;
    // The source may have named series since.
    state.reserve(table.idEnd);
    return ++this.#readings;
  }

  /** False where the sample is no newer than the last of its series. */
  #remember(columns: BatchColumns, index: number, id: number): boolean {
    const { lastTimes, lastWords } = this.#options.state;
    const time = columns.timestamps[index]!;
    if (time <= lastTimes[id]!) return false;
    lastTimes[id] = time;
    lastWords[2 * id] = columns.words[2 * index]!;
    lastWords[2 * id + 1] = columns.words[2 * index + 1]!;
    return true;
  }

  #sample(
    columns: BatchColumns,
    index: number,
    how: { readonly mark: number; readonly isSync: boolean; readonly failed: boolean },
    counts: PartCounts[],
    sent: BatchColumns,
  ): void {
    const { state } = this.#options;
    const id = columns.seriesIds[index]!;
    const isEnd = isStaleAt(columns.words, index);
    const isNew = this.#remember(columns, index, id);
    // Of a target that failed, markers say what the series' absence means; they are no reading.
    if (isEnd && how.failed) {
      if (isNew) this.#send(columns, index, id, sent);
      return;
    }
    const isFirst = state.seenAt[id] !== how.mark;
    state.seenAt[id] = how.mark;
    if (state.isLive[id] === 0) this.#join(id, counts);
    const part = this.#part(counts, id);
    const mayWait = !how.isSync && !isEnd && state.sentCount[id]! > 0;
    if (!isNew || (mayWait && this.#isCarried(columns, index, id))) {
      if (isFirst) part.suppressed++;
      return;
    }
    if (mayWait && this.#isTooSoon(columns.timestamps[index]!, id)) {
      if (isFirst) part.dampened++;
      return;
    }
    if (isFirst) part.present++;
    this.#send(columns, index, id, sent);
    if (isEnd) this.#leave(id);
  }

  /** Whether what was sent tells this value as well as the tolerance asks for. */
  #isCarried(columns: BatchColumns, index: number, id: number): boolean {
    const { state } = this.#options;
    const tolerance = this.#inForce;
    const low = columns.words[2 * index + LOW_WORD]!;
    const high = columns.words[2 * index + HIGH_WORD]!;
    const value = columns.values[index]!;
    if (state.kind[id] === SERIES_PREDICTED && tolerance !== undefined) {
      const predicted = state.predict(id, columns.timestamps[index]!);
      if (withinTolerance(tolerance, predicted, value)) return true;
      // Not a number: nothing is near it, and it is carried as it is.
      return !Number.isFinite(value) && state.isSentAs(id, low, high);
    }
    if (state.isSentAs(id, low, high)) return true;
    if (state.kind[id] !== SERIES_TOLERANT || tolerance === undefined) return false;
    return withinTolerance(tolerance, state.sentValues[id]!, value);
  }

  /** Whether the series was sent so shortly before that this change has to wait, or is lost. */
  #isTooSoon(time: number, id: number): boolean {
    return time - this.#options.state.sentTimes[id]! < this.#policy.dampeningMs;
  }

  #send(columns: BatchColumns, index: number, id: number, sent: BatchColumns): void {
    const low = columns.words[2 * index + LOW_WORD]!;
    const high = columns.words[2 * index + HIGH_WORD]!;
    const time = columns.timestamps[index]!;
    sent.push(id, time, low, high);
    this.#options.state.send(id, time, low, high);
  }

  /** Series of the group that the reading did not have. */
  #endSeries(
    mark: number,
    timeMs: number,
    failed: boolean,
    counts: PartCounts[],
    sent: BatchColumns,
  ): void {
    const { state, marksEnds } = this.#options;
    if (!failed) {
      for (const id of this.#live) {
        if (state.seenAt[id] === mark || state.isLive[id] === 0) continue;
        const part = this.#part(counts, id);
        if (marksEnds || timeMs <= state.lastTimes[id]!) part.series--;
        else {
          state.lastTimes[id] = timeMs;
          state.lastWords[2 * id + LOW_WORD] = STALE_LOW_WORD;
          state.lastWords[2 * id + HIGH_WORD] = STALE_HIGH_WORD;
          sent.push(id, timeMs, STALE_LOW_WORD, STALE_HIGH_WORD);
          state.sentCount[id] = 0;
          part.present++;
        }
        this.#leave(id);
      }
    }
    this.#dropLeft();
    sent.sortBySeries();
  }

  #join(id: number, counts: PartCounts[]): void {
    const { state, table } = this.#options;
    if (!this.#left.delete(id)) this.#live.push(id);
    state.isLive[id] = 1;
    if (state.kind[id] === SERIES_NEW) {
      state.part[id] = Math.floor(this.#ordinals++ / PART_SERIES);
      const type = table.get(id)?.type;
      state.kind[id] = kindOf(type);
    }
    this.#part(counts, id).series++;
  }

  #leave(id: number): void {
    const { state } = this.#options;
    if (state.isLive[id] === 1) this.#left.add(id);
    state.isLive[id] = 0;
    state.sentCount[id] = 0;
  }

  #dropLeft(): void {
    if (this.#left.size === 0) return;
    this.#live = this.#live.filter((id) => !this.#left.has(id));
    this.#left.clear();
  }

  #part(counts: PartCounts[], id: number): PartCounts {
    const part = this.#options.state.part[id]!;
    this.#partsUsed = Math.max(this.#partsUsed, part + 1);
    while (counts.length <= part)
      counts.push({ series: 0, present: 0, suppressed: 0, dampened: 0 });
    return counts[part]!;
  }

  #countParts(): PartCounts[] {
    const counts: PartCounts[] = [{ series: 0, present: 0, suppressed: 0, dampened: 0 }];
    if (this.#partsUsed <= 1) counts[0]!.series = this.#live.length;
    else for (const id of this.#live) this.#part(counts, id).series++;
    return counts;
  }

  #push(
    tickFrom: number,
    tickTo: number,
    columns: BatchColumns,
    counts: PartCounts[],
    reason: SkipReason,
  ): void {
    const entries = counts.map((part, index) =>
      this.#entry({ tickFrom, tickTo, reason, part: index, parts: counts.length }, part),
    );
    const { totals } = this.#options;
    for (const entry of entries) {
      totals.scheduled += entry.seriesCount * (tickTo - tickFrom + 1);
      totals.present += entry.presentCount;
      totals.suppressed += entry.suppressedCount;
      totals.shed += entry.shedCount;
      totals.failed += entry.failedCount;
    }
    for (const { dampened } of counts) totals.dampened += dampened;
    let minTime = this.timeOf(tickFrom);
    let maxTime = this.timeOf(tickTo);
    for (let index = 0; index < columns.length; index++) {
      minTime = Math.min(minTime, columns.timestamps[index]!);
      maxTime = Math.max(maxTime, columns.timestamps[index]!);
    }
    this.#pending.push({ entries, columns, minTime, maxTime });
  }

  #entry(
    where: Pick<CoverageEntry, 'tickFrom' | 'tickTo' | 'reason' | 'part' | 'parts'>,
    { series, present, suppressed, dampened }: PartCounts,
  ): CoverageEntry {
    const ticks = where.tickTo - where.tickFrom + 1;
    const left = (series - present - suppressed - dampened) * ticks;
    const isShed = where.reason === 'SHED' || where.reason === 'LIMIT';
    const reason = where.reason === 'NONE' && dampened > 0 ? 'SHED' : where.reason;
    const status = statusOf({ present, suppressed, left: left + dampened, reason });
    return {
      ...where,
      group: this.#policy.group,
      status,
      reason: status === 'FULL' ? 'NONE' : reason,
      toleranceId: status === 'ON_CHANGE' ? (this.#inForce?.id ?? 0) : 0,
      seriesCount: series,
      presentCount: present,
      suppressedCount: suppressed,
      shedCount: dampened + (isShed ? left : 0),
      failedCount: isShed ? 0 : left,
    };
  }
}

/** What may be left unsent of a series of this type. */
function kindOf(type: MetricType | undefined): number {
  if (type === 'counter') return SERIES_PREDICTED;
  return type === 'gauge' || type === 'unknown' ? SERIES_TOLERANT : SERIES_EXACT;
}

function statusOf(counts: {
  readonly present: number;
  readonly suppressed: number;
  readonly left: number;
  readonly reason: SkipReason;
}): CoverageStatus {
  const { present, suppressed, left, reason } = counts;
  if (suppressed > 0) return 'ON_CHANGE';
  if (present === 0 && reason !== 'NONE') return 'SKIPPED';
  return left > 0 ? 'PARTIAL' : 'FULL';
}

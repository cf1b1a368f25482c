import type { BatchColumns, RejectReason, SchemaSeries } from '../../formats/tide/index.ts';
import type { FloatHistogram, Labels } from '../../model/index.ts';
import { isStaleAt } from '../../model/index.ts';
import { type Appender, type CommitResult, NO_SERIES, SampleOutcome } from '../../storage/api.ts';
import type { IntervalSet } from '../../util/index.ts';
import type { AbsenceWatch } from './absence-watch.ts';
import type { AgentSeries } from './agent-series.ts';
import { addHistogram } from './histogram-adds.ts';
import { SampledSteps } from './sampled-steps.ts';
import type { SchemaCatalog } from './schema-catalog.ts';
import type { AppliedFrame, ApplyResult } from './session-output.ts';

/** What a write came to. */
export interface WriteResult extends ApplyResult {
  readonly storedCount: number;
  readonly rejectedCount: number;
  readonly conflictCount: number;
  /** Of those rejected: older than the store takes. */
  readonly tooOldCount: number;
  /** Of those rejected: outside all times that the store takes. */
  readonly outOfBoundsCount: number;
  /** Newest time of a sample, of what did not come by repair; undefined for none. */
  readonly newestMs: number | undefined;
}

/** Where a sample of the commit comes from. */
export interface Origin {
  readonly frame: number;
  readonly group: number;
  readonly series: AgentSeries;
}

/** A histogram, or (undefined) the staleness marker of a series of such. */
interface TimedHistogram {
  readonly timestamp: number;
  readonly histogram: FloatHistogram | undefined;
}

interface AddedHistogram {
  /** Its place among the commit's histograms. */
  readonly at: number;
  readonly origin: Origin;
  readonly histogram: TimedHistogram;
}

/** A sample whose series the store does not know any more. */
export interface Unknown {
  /** Its place in the commit: among the samples or, of a histogram, among those. */
  readonly at: number;
  readonly origin: Origin;
  readonly histogram: TimedHistogram | undefined;
}

/** Samples that stand together in the commit as they stand in their frame. */
interface Run {
  readonly start: number;
  readonly frame: number;
  /** Undefined: what the collector adds of its own. */
  readonly source: RunSource | undefined;
}

interface RunSource {
  readonly epoch: number;
  readonly columns: BatchColumns;
  /** Where in the columns the first of them is. */
  readonly from: number;
  /** Of series that the schema does not know. */
  readonly group: number;
}

/** Where a batch stands, and what it speaks of. */
interface BatchPlace {
  readonly frame: number;
  /** Of series that the schema does not know. */
  readonly group: number;
  /** The last that it covers; -1 where it says nothing of what is there now. */
  readonly tick: number;
  readonly byRepair: boolean;
}

/** One agent's part of a commit being filled, and what became of it. */
export class BatchFill {
  stored = 0;
  /** Samples whose series the store does not know any more. */
  readonly unknown: Unknown[] = [];
  readonly #appender: Appender;
  readonly #watch: AbsenceWatch;
  readonly #catalog: SchemaCatalog;
  readonly #stepMs: number;
  readonly #runs: Run[] = [];
  readonly #histograms: AddedHistogram[] = [];
  readonly #steps: SampledSteps;
  #rejected: Map<number, Map<number, number>> | undefined;
  #refused: Map<number, Map<RejectReason, number>> | undefined;
  #rejectedCount = 0;
  /** Samples from here on are not of this agent. */
  #endAt = 0;
  #conflicts = 0;
  #tooOld = 0;
  #outOfBounds = 0;
  #newestMs: number | undefined;

  constructor(appender: Appender, catalog: SchemaCatalog, watch: AbsenceWatch, stepMs: number) {
    this.#appender = appender;
    this.#watch = watch;
    this.#catalog = catalog;
    this.#stepMs = stepMs;
    this.#steps = new SampledSteps(stepMs);
  }

  add({ sealed, content, byRepair }: AppliedFrame<BatchColumns>, index: number): void {
    if (content.kind === 'BATCH') {
      const { epoch } = sealed;
      const { coverage } = content.head;
      const group = coverage[0]?.group ?? 0;
      // What comes late says nothing of what is there now.
      const tick = byRepair ? -1 : (coverage.at(-1)?.tickTo ?? -1);
      this.#addBatch(epoch, content.body, { frame: index, group, tick, byRepair });
      if (byRepair) return;
      for (const { series, timestamp } of this.#watch.take(epoch, coverage)) {
        this.#endSeries(series, index, timestamp);
        this.#catalog.advance(series, timestamp, true);
      }
      return;
    }
    const { change } = content;
    // Before the change, whose own ends have still to be written.
    for (const { key, value } of this.#catalog.prune(sealed.epoch)) {
      this.#appender.putState(key, value);
    }
    if (this.#catalog.isKept(sealed.epoch, change)) {
      const { key, value } = this.#catalog.stateOf(sealed, change.version);
      this.#appender.putState(key, value);
    }
    for (const series of this.#catalog.apply(sealed.epoch, change)) {
      if (!series.isStale) this.#endSeries(series, index, series.lastMs + 1);
    }
    this.#addMetadata(change.series);
  }

  /** Steps of time that samples fell into and that `known` does not have. */
  newSteps(known: IntervalSet): readonly number[] {
    return this.#steps.missingFrom(known);
  }

  addAlive(labels: Labels, steps: readonly number[]): void {
    if (steps.length === 0) return;
    const { samples } = this.#appender;
    const ref = this.#appender.series(labels);
    if (ref === NO_SERIES) return;
    this.#runs.push({ start: samples.length, frame: -1, source: undefined });
    for (const step of steps) samples.push(ref, step * this.#stepMs, 1);
  }

  /** Nothing more is added. */
  end(): void {
    this.#endAt = this.#appender.samples.length;
  }

  settle({ outcomes, histogramOutcomes }: CommitResult): void {
    for (const { at, origin, histogram } of this.#histograms) {
      const outcome = histogramOutcomes?.[at] ?? SampleOutcome.STORED;
      if (!isRefusal(outcome)) this.stored++;
      else if (outcome !== SampleOutcome.UNKNOWN_SERIES) this.reject(origin, outcome);
      else this.unknown.push({ at, origin, histogram });
    }
    for (const [index, run] of this.#runs.entries()) {
      const end = this.#runs[index + 1]?.start ?? this.#endAt;
      if (outcomes === undefined) {
        if (run.source !== undefined) this.stored += end - run.start;
        continue;
      }
      for (let at = run.start; at < end; at++) this.#settleOne(at, run, outcomes[at] ?? 0);
    }
  }

  /** Counts a sample that is not stored, for what the store said of it or for another reason. */
  reject(
    { frame, group }: Omit<Origin, 'series'>,
    outcome: number,
    reason: RejectReason = REASONS[outcome] ?? 'FORMAT',
  ): void {
    this.#rejectedCount++;
    if (outcome === SampleOutcome.CONFLICT) this.#conflicts++;
    if (outcome === SampleOutcome.OUT_OF_ORDER) this.#tooOld++;
    if (outcome === SampleOutcome.OUT_OF_BOUNDS) this.#outOfBounds++;
    this.#rejected ??= new Map();
    countIn(this.#rejected, frame, group);
    this.#refused ??= new Map();
    countIn(this.#refused, frame, reason);
  }

  result(): WriteResult {
    return {
      stored: true,
      ...(this.#rejected === undefined ? {} : { rejected: this.#rejected }),
      ...(this.#refused === undefined ? {} : { refused: this.#refused }),
      storedCount: this.stored,
      rejectedCount: this.#rejectedCount,
      conflictCount: this.#conflicts,
      tooOldCount: this.#tooOld,
      outOfBoundsCount: this.#outOfBounds,
      newestMs: this.#newestMs,
    };
  }

  #settleOne(at: number, { start, frame, source }: Run, outcome: number): void {
    if (source === undefined) return;
    if (outcome !== SampleOutcome.UNKNOWN_SERIES && !isRefusal(outcome)) {
      this.stored++;
      return;
    }
    const { columns, from, epoch } = source;
    const series = this.#catalog.find(epoch, columns.seriesIds[from + at - start] ?? 0);
    const group = series?.group ?? source.group;
    if (series === undefined || outcome !== SampleOutcome.UNKNOWN_SERIES) {
      this.reject({ frame, group }, outcome);
    } else {
      const origin = { frame, group, series };
      this.unknown.push({ at, origin, histogram: undefined });
    }
  }

  #addBatch(
    epoch: number,
    columns: BatchColumns,
    { frame, group, tick, byRepair }: BatchPlace,
  ): void {
    const { length, seriesIds, timestamps, words } = columns;
    const series = this.#catalog.seriesOf(epoch);
    const { refs, lastTimes, seenTicks, histogramFlags, staleFlags } = series;
    this.#appender.samples.reserve(length);
    let place = -1;
    let isRunning = false;
    // Not what is known so far, which may be undefined: each time would be made an object.
    let newestMs = Number.NEGATIVE_INFINITY;
    for (let start = 0; start < length; ) {
      const id = seriesIds[start]!;
      let end = start + 1;
      while (end < length && seriesIds[end] === id) end++;
      place = series.placeOf(id, place);
      const ref = place < 0 ? NO_SERIES : refs[place] || refOf(series.at(place), this.#appender);
      if (ref === NO_SERIES) {
        const named = place < 0 ? undefined : series.at(place);
        const from = { frame, group: named?.group ?? group };
        const reason =
          named === undefined ? this.#catalog.unnamedReason(epoch) : (named.refused ?? 'LIMIT');
        for (let at = start; at < end; at++) {
          this.reject(from, SampleOutcome.UNKNOWN_SERIES, reason);
        }
        isRunning = false;
      } else {
        if (columns.histograms !== undefined || histogramFlags[place] === 1) {
          const source = { epoch, columns, from: start, group };
          this.#addMixed(source, end, { frame, series: series.at(place), ref });
          isRunning = false;
        } else {
          if (!isRunning) this.#run(frame, { epoch, columns, from: start, group });
          isRunning = true;
          this.#addSamples(columns, start, end, ref);
        }
        const lastMs = timestamps[end - 1]!;
        if (lastMs > lastTimes[place]!) {
          const isStale = isStaleAt(words, end - 1);
          if (isStale === (staleFlags[place] === 1)) lastTimes[place] = lastMs;
          else this.#catalog.advance(series.at(place), lastMs, isStale);
        }
        if (tick > seenTicks[place]!) seenTicks[place] = tick;
        if (lastMs > newestMs) newestMs = lastMs;
      }
      start = end;
    }
    const knownMs = this.#newestMs ?? Number.NEGATIVE_INFINITY;
    if (!byRepair && newestMs > knownMs) this.#newestMs = newestMs;
  }

  #run(frame: number, source: RunSource): void {
    this.#runs.push({ start: this.#appender.samples.length, frame, source });
  }

  /** Samples of one series, histograms among them or before them: each for itself. */
  #addMixed(
    source: RunSource,
    end: number,
    { frame, series, ref }: { frame: number; series: AgentSeries; ref: number },
  ): void {
    const { columns } = source;
    const origin = { frame, group: series.group, series };
    for (let index = source.from; index < end; index++) {
      const timestamp = columns.timestamps[index]!;
      const histogram = columns.histograms?.[index];
      if (histogram !== undefined) series.isHistogram = true;
      // A marker of a series of histograms is one of their kind.
      if (histogram !== undefined || (series.isHistogram && isStaleAt(columns.words, index))) {
        const at = addHistogram(this.#appender, ref, timestamp, histogram);
        this.#histograms.push({ at, origin, histogram: { timestamp, histogram } });
        this.#steps.note(timestamp);
      } else {
        this.#run(frame, { ...source, from: index });
        this.#addSamples(columns, index, index + 1, ref);
      }
    }
  }

  #addSamples(columns: BatchColumns, start: number, end: number, ref: number): void {
    const { samples } = this.#appender;
    const { timestamps, words } = columns;
    samples.reserve(end - start);
    // Straight from column to column: numbers that are handed to a call are made objects of.
    const { refs, timestamps: toTimestamps, words: toWords } = samples;
    let to = samples.length;
    for (let at = start; at < end; at++) {
      refs[to] = ref;
      toTimestamps[to] = timestamps[at]!;
      toWords[2 * to] = words[2 * at]!;
      toWords[2 * to + 1] = words[2 * at + 1]!;
      to++;
    }
    samples.length = to;
    this.#steps.noteAll(timestamps, start, end);
  }

  #endSeries(series: AgentSeries, frame: number, timestamp: number): void {
    if (series.lastMs === Number.NEGATIVE_INFINITY) return;
    const ref = refOf(series, this.#appender);
    if (ref === NO_SERIES) return;
    if (series.isHistogram) {
      addHistogram(this.#appender, ref, timestamp, undefined);
      return;
    }
    const { samples } = this.#appender;
    this.#runs.push({ start: samples.length, frame, source: undefined });
    samples.pushStale(ref, timestamp);
  }

  #addMetadata(added: readonly SchemaSeries[]): void {
    const seen = new Set<string>();
    for (const { family, type, unit, help } of added) {
      if (family === '' || seen.has(family)) continue;
      seen.add(family);
      this.#appender.setMetadata(family, { type, unit, help });
    }
  }
}

/** The ref of a series, asked for where it is not known; NO_SERIES for what is not stored. */
export function refOf(series: AgentSeries, appender: Appender): number {
  if (series.ref !== NO_SERIES || series.refused !== undefined) return series.ref;
  return (series.ref = appender.series(series.labels));
}

/** By `SampleOutcome`. */
const REASONS: readonly (RejectReason | undefined)[] = [
  ...[undefined, undefined],
  ...(['CONFLICT', 'OUT_OF_ORDER', 'OUT_OF_BOUNDS', 'LIMIT'] as const),
];

function countIn<Key>(counts: Map<number, Map<Key, number>>, frame: number, key: Key): void {
  const inFrame = counts.get(frame) ?? new Map<Key, number>();
  counts.set(frame, inFrame);
  inFrame.set(key, (inFrame.get(key) ?? 0) + 1);
}

/** Samples that were refused, by why, over all frames of a write. */
export function refusedByReason({ refused }: ApplyResult): Map<RejectReason, number> {
  const counts = new Map<RejectReason, number>();
  for (const byReason of refused?.values() ?? []) {
    for (const [reason, count] of byReason) counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  return counts;
}

/** Whether a sample is not in the store after that. */
export function isRefusal(outcome: number): boolean {
  return outcome !== SampleOutcome.STORED && outcome !== SampleOutcome.DUPLICATE;
}

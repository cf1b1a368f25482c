import type { BatchColumns, GroupPolicy, SchemaSeries } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import { isStaleAt } from '../../model/index.ts';
import {
  type Appender,
  type CommitResult,
  NO_SERIES,
  SampleOutcome,
  type Storage,
} from '../../storage/api.ts';
import { IntervalSet } from '../../util/index.ts';
import { AbsenceWatch } from './absence-watch.ts';
import type { AgentSeries, SchemaCatalog } from './schema-catalog.ts';
import type { AppliedFrame, ApplyResult, StateChange } from './session-output.ts';

/** What a write came to. */
export interface WriteResult extends ApplyResult {
  readonly storedCount: number;
  readonly rejectedCount: number;
  readonly conflictCount: number;
  /** Of those rejected: older than the store takes. */
  readonly tooOldCount: number;
  /** Newest time of a sample, of what did not come by repair; undefined for none. */
  readonly newestMs: number | undefined;
}

/** Where a sample of the commit comes from. */
interface Origin {
  readonly frame: number;
  readonly group: number;
  readonly series: AgentSeries;
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

/** What an agent's part of a commit is, until it is known what became of it. */
export interface OpenWrite {
  /** To be told what the commit came to. @returns what that means for this agent */
  settle(result: CommitResult): WriteResult | Promise<WriteResult>;
}

/**
 * Writes what one agent sent: samples, schema and the ledger's state in one commit, which is one
 * record of the log. Several agents may share a commit; of one agent there is one write at a time.
 */
export class BatchWriter {
  readonly #storage: Storage;
  readonly #catalog: SchemaCatalog;
  readonly #absences: AbsenceWatch;
  readonly #aliveStepMs: number;
  /** Steps of time of which it is stored that the agent lived. */
  readonly #aliveSteps = new IntervalSet();

  /** @param groupsOf what HELLO said of the groups of the epoch that is current. */
  constructor(
    storage: Storage,
    catalog: SchemaCatalog,
    aliveStepMs: number,
    groupsOf: (epoch: number) => readonly GroupPolicy[] | undefined,
  ) {
    this.#storage = storage;
    this.#absences = new AbsenceWatch(catalog, groupsOf);
    this.#catalog = catalog;
    this.#aliveStepMs = aliveStepMs;
  }

  /**
   * Puts frames and states into `appender`, and `alive`, a series that is 1 wherever a sample shows
   * that the agent lived.
   */
  begin(
    appender: Appender,
    frames: readonly AppliedFrame<BatchColumns>[],
    states: readonly StateChange[],
    alive: Labels,
  ): OpenWrite {
    const fill = new Fill(appender, this.#catalog, this.#absences, this.#aliveStepMs);
    for (const [index, frame] of frames.entries()) fill.add(frame, index);
    const steps = fill.newSteps(this.#aliveSteps);
    fill.addAlive(alive, steps);
    fill.end();
    for (const { key, value } of states) appender.putState(key, value);
    return {
      settle: (result) => {
        for (const step of steps) this.#aliveSteps.add(step);
        fill.settle(result);
        if (fill.unknown.length === 0) return fill.result();
        return this.#again(fill, appender).then(() => fill.result());
      },
    };
  }

  /** The store had dropped series whose refs were known: their samples are written once more. */
  async #again(fill: Fill, before: Appender): Promise<void> {
    const appender = this.#storage.appender({ source: `agent/${this.#catalog.agentId}` });
    const { timestamps, words } = before.samples;
    const unknown = fill.unknown.splice(0);
    for (const { origin } of unknown) origin.series.ref = NO_SERIES;
    const again: typeof unknown = [];
    for (const { at, origin } of unknown) {
      const ref = refOf(origin.series, appender);
      if (ref === NO_SERIES) {
        fill.reject(origin, SampleOutcome.UNKNOWN_SERIES);
        continue;
      }
      again.push({ at, origin });
      const low = words[2 * at] ?? 0;
      const high = words[2 * at + 1] ?? 0;
      appender.samples.pushBits(ref, timestamps[at] ?? 0, low, high);
    }
    let outcomes: Uint8Array | undefined;
    try {
      ({ outcomes } = await appender.commit());
    } catch {
      // The ledger's record is written: what it says of these samples is put right by the counts.
      outcomes = new Uint8Array(again.length).fill(SampleOutcome.UNKNOWN_SERIES);
    }
    for (const [index, { origin }] of again.entries()) {
      const outcome = outcomes?.[index] ?? SampleOutcome.STORED;
      if (isRefusal(outcome)) fill.reject(origin, outcome);
      else fill.stored++;
    }
  }
}

/** One commit being filled, and what became of it. */
class Fill {
  stored = 0;
  /** Samples whose series the store does not know any more, by their place in the commit. */
  readonly unknown: { readonly at: number; readonly origin: Origin }[] = [];
  readonly #appender: Appender;
  readonly #watch: AbsenceWatch;
  readonly #catalog: SchemaCatalog;
  readonly #stepMs: number;
  readonly #runs: Run[] = [];
  /** Of time, each once for every run of samples that falls into it. */
  readonly #steps: number[] = [];
  #rejected: Map<number, Map<number, number>> | undefined;
  #rejectedCount = 0;
  /** Samples from here on are not of this agent. */
  #endAt = 0;
  #conflicts = 0;
  #tooOld = 0;
  #newestMs: number | undefined;
  #lastStep = Number.NaN;

  constructor(appender: Appender, catalog: SchemaCatalog, watch: AbsenceWatch, stepMs: number) {
    this.#appender = appender;
    this.#watch = watch;
    this.#catalog = catalog;
    this.#stepMs = stepMs;
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
    const { key, value } = this.#catalog.stateOf(sealed, change.version);
    this.#appender.putState(key, value);
    for (const series of this.#catalog.apply(sealed.epoch, change)) {
      if (!series.isStale) this.#endSeries(series, index, series.lastMs + 1);
    }
    this.#addMetadata(change.series);
  }

  /** Steps of time that samples fell into and that `known` does not have. */
  newSteps(known: IntervalSet): number[] {
    const steps = this.#steps.filter((step) => !known.has(step)).sort((a, b) => a - b);
    return steps.filter((step, index) => step !== steps[index - 1]);
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

  settle({ outcomes }: CommitResult): void {
    for (const [index, run] of this.#runs.entries()) {
      const end = this.#runs[index + 1]?.start ?? this.#endAt;
      if (outcomes === undefined) {
        if (run.source !== undefined) this.stored += end - run.start;
        continue;
      }
      for (let at = run.start; at < end; at++) this.#settleOne(at, run, outcomes[at] ?? 0);
    }
  }

  reject({ frame, group }: Omit<Origin, 'series'>, outcome: number): void {
    this.#rejectedCount++;
    if (outcome === SampleOutcome.CONFLICT) this.#conflicts++;
    if (outcome === SampleOutcome.OUT_OF_ORDER) this.#tooOld++;
    this.#rejected ??= new Map();
    const byGroup = this.#rejected.get(frame) ?? new Map<number, number>();
    this.#rejected.set(frame, byGroup);
    byGroup.set(group, (byGroup.get(group) ?? 0) + 1);
  }

  result(): WriteResult {
    return {
      stored: true,
      ...(this.#rejected === undefined ? {} : { rejected: this.#rejected }),
      storedCount: this.stored,
      rejectedCount: this.#rejectedCount,
      conflictCount: this.#conflicts,
      tooOldCount: this.#tooOld,
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
      this.unknown.push({ at, origin: { frame, group, series } });
    }
  }

  #addBatch(
    epoch: number,
    columns: BatchColumns,
    { frame, group, tick, byRepair }: BatchPlace,
  ): void {
    const { length, seriesIds, timestamps } = columns;
    const seriesOf = this.#catalog.seriesOf(epoch);
    let isRunning = false;
    let newestMs = this.#newestMs ?? Number.NEGATIVE_INFINITY;
    for (let start = 0; start < length; ) {
      const id = seriesIds[start] ?? 0;
      let end = start + 1;
      while (end < length && seriesIds[end] === id) end++;
      const series = seriesOf.get(id);
      const ref = series === undefined ? NO_SERIES : refOf(series, this.#appender);
      if (series === undefined || ref === NO_SERIES) {
        const from = { frame, group: series?.group ?? group };
        for (let at = start; at < end; at++) this.reject(from, SampleOutcome.UNKNOWN_SERIES);
        isRunning = false;
      } else {
        if (!isRunning) {
          const source = { epoch, columns, from: start, group };
          this.#runs.push({ start: this.#appender.samples.length, frame, source });
          isRunning = true;
        }
        this.#addSamples(columns, start, end, ref);
        const lastMs = timestamps[end - 1] ?? 0;
        if (lastMs > series.lastMs) {
          this.#catalog.advance(series, lastMs, isStaleAt(columns.words, end - 1));
        }
        if (tick > series.seenTick) series.seenTick = tick;
        if (lastMs > newestMs) newestMs = lastMs;
      }
      start = end;
    }
    if (!byRepair && newestMs > Number.NEGATIVE_INFINITY) this.#newestMs = newestMs;
  }

  #addSamples(columns: BatchColumns, start: number, end: number, ref: number): void {
    const { samples } = this.#appender;
    const { timestamps, words } = columns;
    for (let at = start; at < end; at++) {
      const timestamp = timestamps[at]!;
      samples.pushBits(ref, timestamp, words[2 * at]!, words[2 * at + 1]!);
      const step = Math.floor(timestamp / this.#stepMs);
      if (step === this.#lastStep || step < 0) continue;
      this.#lastStep = step;
      this.#steps.push(step);
    }
  }

  #endSeries(series: AgentSeries, frame: number, timestamp: number): void {
    if (series.lastMs === Number.NEGATIVE_INFINITY) return;
    const ref = refOf(series, this.#appender);
    if (ref === NO_SERIES) return;
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

function refOf(series: AgentSeries, appender: Appender): number {
  if (series.ref === NO_SERIES) series.ref = appender.series(series.labels);
  return series.ref;
}

function isRefusal(outcome: number): boolean {
  return outcome !== SampleOutcome.STORED && outcome !== SampleOutcome.DUPLICATE;
}

import type { BatchColumns, GroupPolicy } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import {
  type Appender,
  type CommitResult,
  NO_SERIES,
  SampleOutcome,
  type Storage,
} from '../../storage/api.ts';
import { IntervalSet } from '../../util/index.ts';
import { AbsenceWatch } from './absence-watch.ts';
import { BatchFill, isRefusal, refOf, type Unknown, type WriteResult } from './batch-fill.ts';
import { addHistogram } from './histogram-adds.ts';
import type { SchemaCatalog } from './schema-catalog.ts';
import type { AppliedFrame, StateChange } from './session-output.ts';

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

  /** More is known of series of earlier epochs; see `AbsenceWatch.reconsider`. */
  reconsider(): void {
    this.#absences.reconsider();
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
    const fill = new BatchFill(appender, this.#catalog, this.#absences, this.#aliveStepMs);
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
  async #again(fill: BatchFill, before: Appender): Promise<void> {
    const appender = this.#storage.appender({ source: `agent/${this.#catalog.agentId}` });
    const unknown = fill.unknown.splice(0);
    for (const { origin } of unknown) origin.series.ref = NO_SERIES;
    const floats: Unknown[] = [];
    const histograms: Unknown[] = [];
    for (const one of unknown) {
      const ref = refOf(one.origin.series, appender);
      if (ref === NO_SERIES) {
        const { refused = 'LIMIT' } = one.origin.series;
        fill.reject(one.origin, SampleOutcome.UNKNOWN_SERIES, refused);
      } else if (addAgain(one, ref, before, appender)) histograms.push(one);
      else floats.push(one);
    }
    let result: Pick<CommitResult, 'outcomes' | 'histogramOutcomes'>;
    try {
      result = await appender.commit();
    } catch {
      // The ledger's record is written: what it says of these samples is put right by the counts.
      const failed = new Uint8Array(unknown.length).fill(SampleOutcome.UNKNOWN_SERIES);
      result = { outcomes: failed, histogramOutcomes: failed };
    }
    settleAgain(fill, floats, result.outcomes);
    settleAgain(fill, histograms, result.histogramOutcomes);
  }
}

/** Whether it was a histogram. */
function addAgain(
  { at, histogram }: Unknown,
  ref: number,
  before: Appender,
  appender: Appender,
): boolean {
  if (histogram !== undefined) {
    addHistogram(appender, ref, histogram.timestamp, histogram.histogram);
    return true;
  }
  const { timestamps, words } = before.samples;
  appender.samples.pushBits(ref, timestamps[at] ?? 0, words[2 * at] ?? 0, words[2 * at + 1] ?? 0);
  return false;
}

function settleAgain(
  fill: BatchFill,
  written: readonly Unknown[],
  outcomes: Uint8Array | undefined,
): void {
  for (const [index, { origin }] of written.entries()) {
    const outcome = outcomes?.[index] ?? SampleOutcome.STORED;
    if (isRefusal(outcome)) fill.reject(origin, outcome);
    else fill.stored++;
  }
}

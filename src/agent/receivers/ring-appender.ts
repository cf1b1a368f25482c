import { BatchColumns } from '../../formats/tide/index.ts';
import type { Appender, CommitResult } from '../../ingest/pull/index.ts';
import { OUTCOME_COUNT, SampleBatch, SampleOutcome } from '../../ingest/pull/index.ts';
import { type Labels, messageOf, type Metadata } from '../../model/index.ts';
import { RingFailedError, RingFullError } from '../errors.ts';
import type { RingIntake } from '../runtime/ring-intake.ts';
import type { GroupFiles } from './group-files.ts';
import { orderedColumns } from './ordered-columns.ts';
import { NO_REF, type ReceivedSeries } from './received-series.ts';
import { refuseUncarried } from '../sampling/series-bounds.ts';

/** How far ahead of this host's clock a sample may be, as a collector has it unless told. */
const FUTURE_MS_MAX = 600_000;

export interface RingAppenderOptions {
  readonly intake: RingIntake;
  readonly series: ReceivedSeries;
  readonly groups: GroupFiles;
  /** Nothing older is kept. */
  readonly maxAgeMs: number;
  readonly now: () => number;
  /** Native histograms came, which no session carries. */
  readonly onHistograms: (count: number) => void;
}

/** Stands in for a store where samples are pushed to an agent: what is committed is in its ring. */
export class RingAppender implements Appender {
  readonly samples = new SampleBatch();
  readonly #options: RingAppenderOptions;
  readonly #made: number[] = [];
  readonly #states = new Map<string, Uint8Array | undefined>();
  #histograms = 0;

  constructor(options: RingAppenderOptions) {
    this.#options = options;
  }

  series(labels: Labels): number {
    refuseUncarried(labels);
    const ref = this.#options.series.refOf(labels);
    if (ref !== NO_REF) this.#made.push(ref);
    return ref;
  }

  addHistogram(): void {
    this.#histograms++;
  }

  addExemplar(): void {
    // The protocol carries float samples alone.
  }

  setMetadata(family: string, metadata: Metadata): void {
    this.#options.series.setMetadata(family, metadata);
  }

  putState(key: string, value: Uint8Array | undefined): void {
    this.#states.set(key, value?.slice());
  }

  /**
   * Resolves when all of it is in the ring: on its disk, where it has one. Samples are out of
   * bounds, or of a series that was forgotten, one by one; what was pushed before is not looked at.
   * @throws RingFullError, and nothing of it was taken; RingFailedError, and what of it was sealed
   *   may still arrive.
   */
  async commit(): Promise<CommitResult> {
    const { intake, series, groups } = this.#options;
    if (intake.isFull) {
      this.rollback();
      throw new RingFullError('the ring is full of what the collector does not have yet');
    }
    const result = this.#seal();
    series.drop(this.#made);
    try {
      await Promise.all([intake.kept(), groups.write(this.#states)]);
    } catch (cause) {
      throw new RingFailedError(`the ring cannot be written: ${messageOf(cause)}`, { cause });
    }
    return result;
  }

  rollback(): void {
    this.#options.series.drop(this.#made);
  }

  #seal(): CommitResult {
    const { intake, series, maxAgeMs, now, onHistograms } = this.#options;
    const { length, refs, timestamps, words } = this.samples;
    const nowMs = now();
    const outcomes = new Uint8Array(length);
    const taken = new BatchColumns(Math.max(1, length));
    /** Of each sample that was taken, its place among all. */
    const places = new Uint32Array(length);
    for (let index = 0; index < length; index++) {
      const time = timestamps[index]!;
      const ref = refs[index]!;
      if (!(time <= nowMs + FUTURE_MS_MAX && time >= nowMs - maxAgeMs)) {
        outcomes[index] = SampleOutcome.OUT_OF_BOUNDS;
      } else if (!series.isKnown(ref)) {
        outcomes[index] = SampleOutcome.UNKNOWN_SERIES;
      } else {
        places[taken.length] = index;
        const id = series.idOf(ref, nowMs);
        taken.push(id, Math.floor(time), words[2 * index]!, words[2 * index + 1]!);
      }
    }
    const { columns, duplicates, conflicts } = orderedColumns(taken);
    for (const at of duplicates) outcomes[places[at]!] = SampleOutcome.DUPLICATE;
    for (const at of conflicts) outcomes[places[at]!] = SampleOutcome.CONFLICT;
    intake.seal(columns);
    if (this.#histograms > 0) onHistograms(this.#histograms);
    return resultOf(outcomes, this.#histograms);
  }
}

function resultOf(outcomes: Uint8Array, histograms: number): CommitResult {
  const counts = new Uint32Array(OUTCOME_COUNT);
  for (const outcome of outcomes) counts[outcome]!++;
  counts[SampleOutcome.OUT_OF_BOUNDS]! += histograms;
  const isClean = counts[SampleOutcome.STORED] === outcomes.length;
  return {
    counts,
    outcomes: isClean ? undefined : outcomes,
    histogramOutcomes:
      histograms === 0 ? undefined : new Uint8Array(histograms).fill(SampleOutcome.OUT_OF_BOUNDS),
  };
}

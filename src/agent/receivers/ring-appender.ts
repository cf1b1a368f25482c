import { BatchColumns } from '../../formats/tide/index.ts';
import type { Appender, CommitResult } from '../../ingest/pull/index.ts';
import { OUTCOME_COUNT, SampleBatch, SampleOutcome } from '../../ingest/pull/index.ts';
import {
  type FloatHistogram,
  type Labels,
  messageOf,
  type Metadata,
  STALE_HIGH_WORD,
  STALE_LOW_WORD,
} from '../../model/index.ts';
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
  /** Native histograms came that the collector does not take. */
  readonly onHistogramsUnsent: (count: number) => void;
  /** Exemplars came, which no session carries. */
  readonly onExemplars: (count: number) => void;
}

interface PendingHistogram {
  readonly ref: number;
  readonly timestamp: number;
  /** Undefined: a staleness marker. */
  readonly histogram: FloatHistogram | undefined;
}

/** Stands in for a store where samples are pushed to an agent: what is committed is in its ring. */
export class RingAppender implements Appender {
  readonly samples = new SampleBatch();
  readonly #options: RingAppenderOptions;
  readonly #made: number[] = [];
  readonly #states = new Map<string, Uint8Array | undefined>();
  readonly #histograms: PendingHistogram[] = [];
  #exemplars = 0;

  constructor(options: RingAppenderOptions) {
    this.#options = options;
  }

  series(labels: Labels): number {
    refuseUncarried(labels);
    const ref = this.#options.series.refOf(labels);
    if (ref !== NO_REF) this.#made.push(ref);
    return ref;
  }

  addHistogram(ref: number, timestamp: number, histogram: FloatHistogram | undefined): void {
    this.#histograms.push({ ref, timestamp, histogram });
  }

  addExemplar(): void {
    this.#exemplars++;
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
    const { onExemplars } = this.#options;
    const outcomes = this.#sealSamples();
    const histogramOutcomes = this.#sealHistograms();
    if (this.#exemplars > 0) onExemplars(this.#exemplars);
    const counts = new Uint32Array(OUTCOME_COUNT);
    for (const outcome of outcomes) counts[outcome]!++;
    for (const outcome of histogramOutcomes) counts[outcome]!++;
    return {
      counts,
      outcomes: unlessStored(outcomes),
      histogramOutcomes: unlessStored(histogramOutcomes),
    };
  }

  #sealSamples(): Uint8Array {
    const { length, refs, timestamps, words } = this.samples;
    const taking = new Taking(length, this.#options);
    for (let index = 0; index < length; index++) {
      const taken = taking.take(index, refs[index]!, timestamps[index]!);
      if (taken === undefined) continue;
      taking.columns.push(taken.id, taken.time, words[2 * index]!, words[2 * index + 1]!);
    }
    return taking.seal();
  }

  /** In batches of their own: a collector that does not take them rejects no other. */
  #sealHistograms(): Uint8Array {
    const { intake, onHistogramsUnsent } = this.#options;
    const { length } = this.#histograms;
    if (length > 0 && !intake.takesHistograms) {
      onHistogramsUnsent(length);
      return new Uint8Array(length).fill(SampleOutcome.OUT_OF_BOUNDS);
    }
    const taking = new Taking(length, this.#options);
    for (const [index, { ref, timestamp, histogram }] of this.#histograms.entries()) {
      const taken = taking.take(index, ref, timestamp);
      if (taken === undefined) continue;
      const { columns } = taking;
      if (histogram !== undefined) columns.pushHistogram(taken.id, taken.time, histogram);
      else columns.push(taken.id, taken.time, STALE_LOW_WORD, STALE_HIGH_WORD);
    }
    return taking.seal();
  }
}

/** Samples on their way into the ring, and what becomes of each. */
class Taking {
  readonly columns: BatchColumns;
  readonly #options: RingAppenderOptions;
  readonly #outcomes: Uint8Array;
  /** Of each sample that was taken, its place among all. */
  readonly #places: Uint32Array;
  readonly #nowMs: number;

  constructor(length: number, options: RingAppenderOptions) {
    this.columns = new BatchColumns(Math.max(1, length));
    this.#options = options;
    this.#outcomes = new Uint8Array(length);
    this.#places = new Uint32Array(length);
    this.#nowMs = options.now();
  }

  /** What the caller is to add to `columns` at once; undefined where it has no place there. */
  take(index: number, ref: number, time: number): { id: number; time: number } | undefined {
    const { series, maxAgeMs } = this.#options;
    const nowMs = this.#nowMs;
    if (!(time <= nowMs + FUTURE_MS_MAX && time >= nowMs - maxAgeMs)) {
      this.#outcomes[index] = SampleOutcome.OUT_OF_BOUNDS;
      return undefined;
    }
    if (!series.isKnown(ref)) {
      this.#outcomes[index] = SampleOutcome.UNKNOWN_SERIES;
      return undefined;
    }
    this.#places[this.columns.length] = index;
    return { id: series.idOf(ref, nowMs), time: Math.floor(time) };
  }

  /** Seals what was taken; the outcomes of all. */
  seal(): Uint8Array {
    const outcomes = this.#outcomes;
    const places = this.#places;
    const { columns, duplicates, conflicts } = orderedColumns(this.columns);
    for (const at of duplicates) outcomes[places[at]!] = SampleOutcome.DUPLICATE;
    for (const at of conflicts) outcomes[places[at]!] = SampleOutcome.CONFLICT;
    if (columns.length > 0) this.#options.intake.seal(columns);
    return outcomes;
  }
}

function unlessStored(outcomes: Uint8Array): Uint8Array | undefined {
  return outcomes.every((outcome) => outcome === SampleOutcome.STORED) ? undefined : outcomes;
}

import type { FloatHistogram, Labels, Metadata, SampleColumns } from '../model/index.ts';
import { HIGH_WORD, LOW_WORD } from '../model/index.ts';
import type { Appender, SeriesRef, Storage } from '../storage/api.ts';
import { NO_SERIES, SampleOutcome } from '../storage/api.ts';

/** Samples to a commit: bounds the memory, and makes the cost of one sync small. */
const COMMIT_SAMPLES = 50_000;

/** What became of the samples; histograms are among them. */
export interface ImportTally {
  stored: number;
  /** Stored before, with the same value. */
  duplicate: number;
  /** Another value is stored at that time: it stays. */
  conflict: number;
  /** Refused for their time or for a limit on series. */
  refused: number;
  exemplars: number;
}

/** Writes what is imported into a store, in commits of bounded size. */
export class ImportTarget {
  readonly tally: ImportTally = {
    stored: 0,
    duplicate: 0,
    conflict: 0,
    refused: 0,
    exemplars: 0,
  };
  readonly #storage: Pick<Storage, 'appender'>;
  #appender: Appender;
  #histogramCount = 0;
  #exemplarCount = 0;

  constructor(storage: Pick<Storage, 'appender'>) {
    this.#storage = storage;
    this.#appender = storage.appender();
  }

  /** Whether `flush` is due. */
  get isFull(): boolean {
    const count = this.#appender.samples.length + this.#histogramCount + this.#exemplarCount;
    return count >= COMMIT_SAMPLES;
  }

  /** The series' ref, good for later commits too. */
  series(labels: Labels): SeriesRef {
    return this.#appender.series(labels);
  }

  /** Adds samples from place `from` on, as many as fit; returns where it stopped. */
  addSamples(ref: SeriesRef, columns: SampleColumns, from: number): number {
    const { length, timestamps, words } = columns;
    if (ref === NO_SERIES) {
      this.tally.refused += length - from;
      return length;
    }
    const { samples } = this.#appender;
    const to = Math.min(length, from + Math.max(1, COMMIT_SAMPLES - samples.length));
    for (let at = from; at < to; at++) {
      const low = words[2 * at + LOW_WORD] ?? 0;
      samples.pushBits(ref, timestamps[at] ?? 0, low, words[2 * at + HIGH_WORD] ?? 0);
    }
    return to;
  }

  addSample(ref: SeriesRef, timestamp: number, lowWord: number, highWord: number): void {
    if (ref === NO_SERIES) this.tally.refused++;
    else this.#appender.samples.pushBits(ref, timestamp, lowWord, highWord);
  }

  addHistogram(ref: SeriesRef, timestamp: number, histogram: FloatHistogram | undefined): void {
    if (ref === NO_SERIES) {
      this.tally.refused++;
      return;
    }
    this.#appender.addHistogram(ref, timestamp, histogram);
    this.#histogramCount++;
  }

  addExemplar(
    ref: SeriesRef,
    exemplar: { timestamp: number; value: number; labelPairs: readonly string[] },
  ): void {
    if (ref === NO_SERIES) return;
    this.#appender.addExemplar(ref, exemplar);
    this.#exemplarCount++;
    this.tally.exemplars++;
  }

  setMetadata(family: string, metadata: Metadata): void {
    this.#appender.setMetadata(family, metadata);
  }

  /** Commits what was added since the last time. */
  async flush(): Promise<void> {
    const { counts } = await this.#appender.commit();
    const { tally } = this;
    for (const [outcome, count] of counts.entries()) {
      if (outcome === SampleOutcome.STORED) tally.stored += count;
      else if (outcome === SampleOutcome.DUPLICATE) tally.duplicate += count;
      else if (outcome === SampleOutcome.CONFLICT) tally.conflict += count;
      else tally.refused += count;
    }
    this.#appender = this.#storage.appender();
    this.#histogramCount = 0;
    this.#exemplarCount = 0;
  }

  /** Forgets what was not committed. */
  abandon(): void {
    this.#appender.rollback();
  }
}

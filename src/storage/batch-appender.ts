import type { Exemplar, FloatHistogram, Labels, Metadata } from '../model/index.ts';
import { assert } from '../model/index.ts';
import type { Appender, CommitResult, SeriesRef } from './api.ts';
import { OUTCOME_COUNT, SampleBatch } from './api.ts';
import type { Commit, CommitBounds, HistogramEntry } from './head/commit.ts';
import { SERIES_AT_ONCE } from './head/commit.ts';
import type { StoredExemplar } from './head/exemplar-ring.ts';
import { slicesOf } from './head/slices.ts';
import { nextTurn } from './pacer.ts';
import type { PendingSeries } from './pending-series.ts';
import type { SeriesResolver } from './series-resolver.ts';

/** Writes a commit to the log and, when it is there, applies it. */
export type CommitWriter = (commit: Commit) => Promise<CommitResult>;

/** Gathers one commit. The batch stays readable, but must not change, after `commit`. */
export class BatchAppender implements Appender {
  readonly samples = new SampleBatch();
  readonly #resolver: SeriesResolver;
  readonly #source: string | undefined;
  readonly #bounds: () => CommitBounds;
  readonly #write: CommitWriter;
  readonly #held: PendingSeries[] = [];
  readonly #histograms: HistogramEntry[] = [];
  readonly #exemplars: StoredExemplar[] = [];
  readonly #metadata: [string, Metadata][] = [];
  readonly #state: [string, Uint8Array | undefined][] = [];
  #done = false;

  constructor(
    resolver: SeriesResolver,
    bounds: () => CommitBounds,
    write: CommitWriter,
    source?: string,
  ) {
    this.#resolver = resolver;
    this.#source = source;
    this.#bounds = bounds;
    this.#write = write;
  }

  series(labels: Labels): SeriesRef {
    this.#assertUsable();
    return this.#resolver.resolve(labels, this.#held, this.#source);
  }

  addHistogram(ref: SeriesRef, timestamp: number, histogram: FloatHistogram | undefined): void {
    this.#assertUsable();
    this.#histograms.push({ ref, timestamp, histogram });
  }

  addExemplar(ref: SeriesRef, exemplar: Exemplar & { readonly timestamp: number }): void {
    this.#assertUsable();
    const { labelPairs, value, timestamp } = exemplar;
    this.#exemplars.push({ ref, labelPairs, value, timestamp });
  }

  setMetadata(metricFamily: string, metadata: Metadata): void {
    this.#assertUsable();
    this.#metadata.push([metricFamily, metadata]);
  }

  putState(key: string, value: Uint8Array | undefined): void {
    this.#assertUsable();
    this.#state.push([key, value === undefined ? undefined : Uint8Array.from(value)]);
  }

  async commit(): Promise<CommitResult> {
    this.#assertUsable();
    this.#done = true;
    try {
      if (this.#isEmpty()) return nothing();
      return await this.#write({
        bounds: this.#bounds(),
        series: this.#resolver.notApplied(this.#held),
        samples: this.samples,
        histograms: this.#histograms,
        exemplars: this.#exemplars,
        metadata: this.#metadata,
        state: this.#state,
      });
    } finally {
      if (this.#held.length > SERIES_AT_ONCE) await this.#releaseInSlices();
      else this.#resolver.release(this.#held);
    }
  }

  rollback(): void {
    if (this.#done) return;
    this.#done = true;
    this.#resolver.release(this.#held);
  }

  async #releaseInSlices(): Promise<void> {
    for (const slice of slicesOf(this.#held, SERIES_AT_ONCE)) {
      this.#resolver.release(slice);
      await nextTurn();
    }
  }

  #isEmpty(): boolean {
    return (
      this.samples.length === 0 &&
      this.#held.length === 0 &&
      this.#histograms.length === 0 &&
      this.#exemplars.length === 0 &&
      this.#metadata.length === 0 &&
      this.#state.length === 0
    );
  }

  #assertUsable(): void {
    assert(!this.#done, 'an appender is used once, until commit or rollback');
  }
}

function nothing(): CommitResult {
  return {
    counts: new Uint32Array(OUTCOME_COUNT),
    outcomes: undefined,
    histogramOutcomes: undefined,
  };
}

import type { Appender, CommitResult, LocalTarget } from '../../ingest/pull/index.ts';
import { OUTCOME_COUNT, SampleBatch, SampleOutcome } from '../../ingest/pull/index.ts';
import type { FloatHistogram, Labels, Metadata } from '../../model/index.ts';
import { STALE_HIGH_WORD, STALE_LOW_WORD } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { describeSeries } from './describe-series.ts';
import { PagedNumbers } from './paged-numbers.ts';
import { uncarriedProblem } from './series-bounds.ts';
import type { GroupSource, Reading, SeriesNamer } from './group-source.ts';

/** A ref that stands for nothing: no session can carry the series. */
const NO_REF = 0;
/** In place of an id: the series is named at commit; or it was never. */
const UNNAMED = -1;
const FORGOTTEN = -2;
/** Refs that are kept beside twice those that were known when all were looked at last. */
const UNUSED_REFS_MAX = 1024;

/** What receivers and scrapes took and do not send. */
export interface UnsentCounts {
  /** Samples of native histograms. */
  histograms: number;
  exemplars: number;
}

interface PendingHistogram {
  readonly ref: number;
  readonly timestamp: number;
  /** Undefined: a staleness marker. */
  readonly histogram: FloatHistogram | undefined;
}

/** A new series waits for the metadata that its own body brings after it. */
interface PendingSeries {
  readonly labels: Labels;
  readonly ref: number;
}

/**
 * A scraped target as a group of the agent: stands in for the store that a scrape appends to. A ref
 * is a place in `#ids`, so that series can be named when their metadata is known, at commit.
 */
export class ScrapeSource implements GroupSource {
  readonly name: string;
  readonly marksEnds = true;
  readonly #target: LocalTarget;
  readonly #namer: SeriesNamer;
  /** Ids of the series by ref; a ref is at least 1. */
  readonly #ids = new PagedNumbers(FORGOTTEN);
  #nextRef = 1;
  readonly #refs = new Map<string, number>();
  /** More refs than that are looked through for those that nobody needs. */
  #refsMax = UNUSED_REFS_MAX;
  readonly #metadata = new Map<string, Metadata>();
  readonly #logger: Logger;
  readonly #unsent: UnsentCounts;
  #reading: Reading | undefined;
  #lastError = '';
  #hasLeftOut = false;

  constructor(
    open: (appender: () => Appender) => LocalTarget,
    namer: SeriesNamer,
    { logger, unsent }: { readonly logger: Logger; readonly unsent: UnsentCounts },
  ) {
    this.#namer = namer;
    this.#unsent = unsent;
    this.#logger = logger;
    this.#target = open(() => this.#appender());
    const { jobName, target } = this.#target;
    this.name = `scrape/${jobName}/${target.labels.get('instance')}`;
  }

  async read(timestamp: number, reading: Reading, signal: AbortSignal): Promise<void> {
    this.#reading = reading;
    const { error } = await this.#target.scrape(timestamp, signal);
    this.#reading = undefined;
    reading.failed = error !== '';
    // Said when it begins and when it changes.
    if (error !== this.#lastError && error !== '') {
      this.#logger.warn({ group: this.name, err: error }, 'a target cannot be scraped');
    }
    this.#lastError = error;
  }

  get target(): LocalTarget {
    return this.#target;
  }

  /** The target has gone: its series end at `timestamp`. */
  async end(timestamp: number, reading: Reading): Promise<void> {
    this.#reading = reading;
    await this.#target.end(timestamp);
    this.#reading = undefined;
  }

  #appender(): Appender {
    const pending: PendingSeries[] = [];
    const samples = new SampleBatch(256);
    const histograms: PendingHistogram[] = [];
    return {
      samples,
      series: (labels) => {
        const known = this.#refs.get(labels.key);
        if (known !== undefined && this.#isKnown(known)) return known;
        const problem = uncarriedProblem(labels);
        if (problem !== undefined) return this.#leaveOut(problem);
        const ref = this.#nextRef++;
        this.#ids.set(ref, UNNAMED);
        this.#refs.set(labels.key, ref);
        pending.push({ labels, ref });
        return ref;
      },
      addHistogram: (ref, timestamp, histogram) => {
        histograms.push({ ref, timestamp, histogram });
      },
      addExemplar: () => {
        this.#unsent.exemplars++;
      },
      setMetadata: (family, metadata) => {
        this.#metadata.set(family, metadata);
      },
      putState: () => {},
      commit: () => Promise.resolve(this.#commit(samples, histograms, pending)),
      rollback: () => {
        for (const { labels, ref } of pending) this.#drop(labels.key, ref);
      },
    };
  }

  /** As beyond a limit of series: the scrape counts the samples and goes on. */
  #leaveOut(problem: string): number {
    if (!this.#hasLeftOut) {
      this.#logger.warn({ group: this.name, problem }, 'series of a target are left out');
    }
    this.#hasLeftOut = true;
    return NO_REF;
  }

  #commit(
    samples: SampleBatch,
    histograms: readonly PendingHistogram[],
    pending: readonly PendingSeries[],
  ): CommitResult {
    for (const { labels, ref } of pending) {
      const id = this.#namer.id(labels, () => describeSeries(labels.metricName, this.#metadata));
      this.#ids.set(ref, id);
    }
    this.#forgetUnknown();
    const { length, refs, timestamps, words } = samples;
    const counts = new Uint32Array(OUTCOME_COUNT);
    let outcomes: Uint8Array | undefined;
    const columns = this.#reading?.columns;
    columns?.reserve(length);
    for (let index = 0; index < length; index++) {
      const ref = refs[index]!;
      if (!this.#isKnown(ref)) {
        // The agent has forgotten the series: the scrape names it again.
        outcomes ??= new Uint8Array(length);
        outcomes[index] = SampleOutcome.UNKNOWN_SERIES;
        counts[SampleOutcome.UNKNOWN_SERIES]!++;
        continue;
      }
      counts[SampleOutcome.STORED]!++;
      if (columns === undefined) continue;
      const at = columns.length++;
      columns.seriesIds[at] = this.#ids.get(ref);
      columns.timestamps[at] = timestamps[index]!;
      columns.words[2 * at] = words[2 * index]!;
      columns.words[2 * at + 1] = words[2 * index + 1]!;
    }
    return { counts, outcomes, histogramOutcomes: this.#takeHistograms(histograms, counts) };
  }

  #takeHistograms(
    histograms: readonly PendingHistogram[],
    counts: Uint32Array,
  ): Uint8Array | undefined {
    let outcomes: Uint8Array | undefined;
    const columns = this.#reading?.columns;
    for (const [index, { ref, timestamp, histogram }] of histograms.entries()) {
      const outcome = this.#isKnown(ref) ? SampleOutcome.STORED : SampleOutcome.UNKNOWN_SERIES;
      counts[outcome]!++;
      if (outcome !== SampleOutcome.STORED) {
        outcomes ??= new Uint8Array(histograms.length);
        outcomes[index] = outcome;
      } else if (histogram !== undefined) {
        columns?.pushHistogram(this.#ids.get(ref), timestamp, histogram);
      } else {
        columns?.push(this.#ids.get(ref), timestamp, STALE_LOW_WORD, STALE_HIGH_WORD);
      }
    }
    return outcomes;
  }

  /** Whether a ref stands for a series; also while that waits to be named at commit. */
  #isKnown(ref: number): boolean {
    const id = this.#ids.get(ref);
    return id === UNNAMED || (id >= 0 && this.#namer.isKnown(id));
  }

  /** Refs of series that the agent has forgotten, now and then: others are as many as it has. */
  #forgetUnknown(): void {
    if (this.#refs.size <= this.#refsMax) return;
    for (const [key, ref] of this.#refs) if (!this.#isKnown(ref)) this.#drop(key, ref);
    this.#refsMax = 2 * this.#refs.size + UNUSED_REFS_MAX;
  }

  #drop(key: string, ref: number): void {
    this.#refs.delete(key);
    this.#ids.remove(ref);
  }
}

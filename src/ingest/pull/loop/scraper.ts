import { messageOf } from '../../../model/index.ts';
import { type Appender, type CommitResult, SampleOutcome } from '../../../storage/api.ts';
import type { Logger } from '../../../telemetry/index.ts';
import type { Clock } from '../../../util/index.ts';
import type { IngestKernel } from '../../kernel/index.ts';
import { ScrapeError } from '../errors.ts';
import type { BodyBuffer, BodyBufferPool } from '../http/body-buffer.ts';
import type { ScrapeRequest, ScrapeTransport } from '../http/transport.ts';
import type { PullMetrics } from '../metrics.ts';
import type { ScrapeTarget } from '../target/scrape-target.ts';
import { type BodyCounts, zeroCounts } from './body-counts.ts';
import { bodyFormat } from './body-format.ts';
import type { CommitRounds } from './commit-rounds.ts';
import type { EndingSeries } from './ending-series.ts';
import { FamilyMetadata, type NamedMetadata } from './family-metadata.ts';
import { type ScanTarget, type ScrapedBody, scanInKernel } from './kernel-scan.ts';
import { needsPlainScan, PlainScan } from './plain-scan.ts';
import { ReportSeries, type ScrapeReport } from './report-series.ts';
import type { SeriesRules } from './series-resolver.ts';
import { TargetSeries } from './target-series.ts';

/** What all scrapes share. */
export interface ScrapeEnvironment {
  readonly clock: Clock;
  readonly appender: () => Appender;
  readonly buffers: BodyBufferPool;
  readonly ending: EndingSeries;
  readonly rounds: CommitRounds;
  readonly kernel: IngestKernel;
  readonly metrics: PullMetrics;
  readonly logger: Logger;
}

/** What a scrape of one target goes by; may change between two scrapes. */
export interface ScrapeSettings {
  readonly rules: SeriesRules;
  readonly transport: ScrapeTransport;
  readonly request: ScrapeRequest;
}

export interface ScrapeOutcome {
  /** Without the commit. */
  readonly durationMs: number;
  /** Samples stored of the body. */
  readonly samples: number;
  readonly rejected: number;
  /** '' where the scrape went well. */
  readonly error: string;
}

/** What goes into one commit. */
interface Adding {
  readonly appender: Appender;
  /** Of each histogram, and each marker of one, that was added to the appender. */
  readonly histogramRefs: number[];
}

interface AddingAgain extends Adding {
  /** Adds the report of the scrape. */
  report(): void;
}

/** A body that was read and understood, or what went wrong. */
interface Reading {
  /** Undefined where there was nothing to read. */
  readonly scraped: ScrapedBody | undefined;
  readonly counts: BodyCounts | undefined;
  /** Refs of the series whose names were not known before. */
  readonly addedRefs: readonly number[];
  readonly error: Error | undefined;
}

/**
 * Scrapes one target and stores what comes: the samples of the body, staleness markers for the
 * series that are missing, and the report, all in one commit. A scrape that fails leaves nothing
 * of its body; it marks all series of the last one.
 */
export class Scraper {
  readonly #target: ScrapeTarget;
  readonly #environment: ScrapeEnvironment;
  #settings: ScrapeSettings;
  readonly #series: TargetSeries;
  readonly #metadata = new FamilyMetadata();
  readonly #report: ReportSeries;
  /** Samples of this scrape that storage did not take. */
  #refused = 0;
  /** Gives up the fetch under way; the same one for all fetches until it has done so. */
  #abort = new AbortController();

  constructor(target: ScrapeTarget, settings: ScrapeSettings, environment: ScrapeEnvironment) {
    this.#target = target;
    this.#settings = settings;
    this.#environment = environment;
    this.#report = new ReportSeries(target.labels);
    this.#series = new TargetSeries(environment.kernel);
  }

  /** For the scrapes from now on. @param sameSeries the rules give the same labels as before. */
  configure(settings: ScrapeSettings, sameSeries: boolean): void {
    this.#settings = settings;
    if (!sameSeries) this.#series.renew(false);
  }

  /** What the target says of its metric families. */
  metadata(): readonly NamedMetadata[] {
    return this.#metadata.list();
  }

  /**
   * Scrapes once. Never rejects: what fails is in the outcome.
   * @param timestamp of the samples, in milliseconds.
   * @param forcedError set to fail without asking the target.
   */
  async scrape(
    timestamp: number,
    signal: AbortSignal,
    forcedError: Error | undefined,
  ): Promise<ScrapeOutcome> {
    const { clock, buffers, metrics } = this.#environment;
    const startMs = clock.monotonic();
    const body = buffers.acquire();
    body.reset(this.#settings.rules.config.bodySizeLimitBytes);
    try {
      const fetched = forcedError ?? (await this.#fetch(body, signal));
      if (signal.aborted) {
        return this.#outcome(clock.monotonic() - startMs, undefined, 'scrape stopped');
      }
      return await this.#store(startMs, timestamp, body, fetched);
    } finally {
      buffers.release(body);
      metrics.scrapes.inc();
    }
  }

  /** Writes staleness markers for all series of the last scrape, and for the report. */
  async end(timestamp: number): Promise<void> {
    const { appender: newAppender, ending } = this.#environment;
    const refs = ending.take(this);
    this.close();
    if (refs.length === 0) return;
    const appender = newAppender();
    this.#mark({ appender, histogramRefs: [] }, refs, timestamp);
    await appender.commit();
  }

  /** Gives back what the series of the target are known by; there is no scrape any more. */
  close(): void {
    this.#series.close();
  }

  /** From here on `end` may be called, and another target may take the series over. */
  announceEnd(): void {
    const refs = [...this.#series.previousRefs(), ...this.#report.refs()];
    this.#environment.ending.add(this, refs);
  }

  /** Resolves with the Content-Type, or with what went wrong. */
  async #fetch(body: BodyBuffer, signal: AbortSignal): Promise<string | Error> {
    const { clock } = this.#environment;
    const { transport, request } = this.#settings;
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    const abort = this.#abort;
    const stop = (): void => abort.abort(new ScrapeError('stopped', 'scrape stopped'));
    signal.addEventListener('abort', stop, { once: true });
    const cancel = clock.setTimer(this.#target.timeoutMs, () => {
      abort.abort(new ScrapeError('timeout', 'context deadline exceeded'));
    });
    try {
      return await transport.get(request, body, abort.signal);
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error));
    } finally {
      cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  async #store(
    startMs: number,
    timestamp: number,
    body: BodyBuffer,
    fetched: string | Error,
  ): Promise<ScrapeOutcome> {
    const { clock, appender: newAppender } = this.#environment;
    this.#refused = 0;
    let adding: Adding = { appender: newAppender(), histogramRefs: [] };
    const reading = this.#read(adding, body, fetched, timestamp);
    if (reading.error === undefined) {
      this.#mark(adding, this.#series.missingRefs(), timestamp);
      this.#metadata.appendTo(adding.appender);
    } else {
      adding.appender.rollback();
      adding.appender.samples.release();
      this.#metadata.abandon();
      adding = { appender: newAppender(), histogramRefs: [] };
      this.#mark(adding, this.#series.previousRefs(), timestamp);
    }
    const { appender } = adding;
    const durationMs = clock.monotonic() - startMs;
    const report = this.#reportOf(reading, body, durationMs);
    this.#report.append(appender, timestamp, report);
    const failure = await this.#commit(adding, reading, () => {
      const again = { appender: newAppender(), histogramRefs: [] };
      return { ...again, report: () => this.#report.append(again.appender, timestamp, report) };
    });
    appender.samples.release();
    return this.#outcome(durationMs, reading, failure);
  }

  /** Adds staleness markers. */
  #mark({ appender, histogramRefs }: Adding, refs: readonly number[], timestamp: number): void {
    for (const ref of refs) {
      if (this.#series.isHistogram(ref)) {
        appender.addHistogram(ref, timestamp, undefined);
        histogramRefs.push(ref);
      } else appender.samples.pushStale(ref, timestamp);
    }
  }

  /** Scans the body into the appender. */
  #read(adding: Adding, body: BodyBuffer, fetched: string | Error, timestamp: number): Reading {
    const nothing = { scraped: undefined, counts: undefined, addedRefs: [], error: undefined };
    if (fetched instanceof Error) return { ...nothing, error: fetched };
    this.#environment.metrics.bodyBytes.inc(body.length);
    const bytes = body.bytes.subarray(0, body.length);
    const { rules } = this.#settings;
    try {
      // An empty body is one that no format objects to.
      const format =
        body.length === 0 ? 'text' : bodyFormat(fetched, rules.config.fallbackScrapeProtocol);
      const scraped = { format, bytes, timestamp };
      const reading = this.#scan(scraped, adding, this.#metadata);
      return body.length === 0 ? { ...reading, scraped: undefined, counts: undefined } : reading;
    } catch (error) {
      return { ...nothing, counts: zeroCounts(), error: error as Error };
    }
  }

  #scan(scraped: ScrapedBody, adding: Adding, metadata: FamilyMetadata): Reading {
    const { rules } = this.#settings;
    const target: ScanTarget = { series: this.#series, metadata, rules, ...adding };
    const { format } = scraped;
    if (scraped.bytes.length > 0) this.#series.begin(format);
    if (format !== 'protobuf' && !needsPlainScan(scraped, target)) {
      const found = scanInKernel(this.#environment.kernel, { ...scraped, format }, target);
      if (found !== undefined) return { scraped, ...found, error: undefined };
    }
    const plain = new PlainScan(scraped, target);
    try {
      return { scraped, ...plain.run(), error: undefined };
    } catch (error) {
      return { scraped, counts: plain.counts, addedRefs: [], error: error as Error };
    }
  }

  #reportOf(reading: Reading, body: BodyBuffer, durationMs: number): ScrapeReport {
    const { config } = this.#settings.rules;
    const { counts, error } = reading;
    const overSize = error instanceof ScrapeError && error.failure === 'body_size';
    // A body that was read counts with its size, even if it was not understood.
    const read = error === undefined || counts !== undefined;
    const bodyBytes = overSize ? -1 : read ? body.length : 0;
    return {
      up: error === undefined,
      durationMs,
      scraped: counts?.scraped ?? 0,
      postRelabel: counts?.postRelabel ?? 0,
      seriesAdded: counts?.seriesAdded ?? 0,
      extra: config.extraScrapeMetrics
        ? { timeoutMs: this.#target.timeoutMs, sampleLimit: config.sampleLimit, bodyBytes }
        : undefined,
    };
  }

  /** Resolves with '', or with why nothing was stored. */
  async #commit(
    { appender, histogramRefs }: Adding,
    reading: Reading,
    again: () => AddingAgain,
  ): Promise<string> {
    const { metrics, logger, ending, rounds } = this.#environment;
    const { samples } = appender;
    const { length } = samples;
    try {
      const round = rounds.next();
      if (round !== undefined) await round;
      const result = await appender.commit();
      metrics.samplesAppended.inc(length + histogramRefs.length);
      const unknown = unknownRefs(result, samples.refs, histogramRefs);
      if (unknown.size > 0) await this.#appendUnknown(unknown, reading, again());
      this.#countOutcomes(result);
    } catch (error) {
      metrics.failedCommits.inc();
      logger.error({ target: this.#target.url, error: messageOf(error) }, 'scrape not stored');
      this.#series.abandon();
      this.#metadata.abandon();
      this.#report.forgetRefs();
      return messageOf(error);
    }
    if (ending.size > 0) ending.remove(this.#report.refs());
    if (reading.error !== undefined) {
      this.#series.fail();
      return '';
    }
    if (ending.size > 0) ending.remove(reading.addedRefs);
    this.#series.succeed();
    if (reading.counts !== undefined && this.#metadata.committed()) {
      this.#series.renew(true);
      metrics.cacheFlushes.inc();
    }
    return '';
  }

  /** Storage has dropped series whose refs were known here: makes them again, and appends again. */
  async #appendUnknown(
    unknown: ReadonlySet<number>,
    { error, scraped }: Reading,
    again: AddingAgain,
  ): Promise<void> {
    this.#series.forgetPlainNames();
    this.#environment.kernel.forgetRefs(Uint32Array.from(unknown));
    // What was stored of the body is a duplicate now, and does nothing; nor was metadata refused.
    if (error === undefined && scraped !== undefined) {
      this.#scan(scraped, again, new FamilyMetadata());
    }
    if (this.#report.refs().some((ref) => unknown.has(ref))) {
      this.#report.forgetRefs();
      again.report();
    }
    this.#countOutcomes(await again.appender.commit());
  }

  #countOutcomes({ counts }: CommitResult): void {
    const { metrics } = this.#environment;
    const duplicate = counts[SampleOutcome.CONFLICT] ?? 0;
    if (duplicate > 0) metrics.samplesDuplicate.inc(duplicate);
    const outOfOrder = counts[SampleOutcome.OUT_OF_ORDER] ?? 0;
    if (outOfOrder > 0) metrics.samplesOutOfOrder.inc(outOfOrder);
    const outOfBounds = counts[SampleOutcome.OUT_OF_BOUNDS] ?? 0;
    if (outOfBounds > 0) metrics.samplesOutOfBounds.inc(outOfBounds);
    this.#refused += duplicate + outOfOrder + outOfBounds;
  }

  #outcome(durationMs: number, reading: Reading | undefined, failure: string): ScrapeOutcome {
    const { metrics } = this.#environment;
    const { counts, error } = reading ?? {};
    metrics.scrapeDurationSeconds.observe(durationMs / 1000);
    if (counts !== undefined) {
      if (counts.duplicate > 0) metrics.samplesDuplicate.inc(counts.duplicate);
      if (counts.outOfBounds > 0) metrics.samplesOutOfBounds.inc(counts.outOfBounds);
      if (counts.overSeriesLimit > 0) metrics.samplesOverSeriesLimit.inc(counts.overSeriesLimit);
    }
    const text = error === undefined ? failure : messageOf(error);
    if (text !== '') metrics.failedScrapes.inc();
    countLimit(error, metrics);
    if (counts === undefined) return { durationMs, samples: 0, rejected: 0, error: text };
    // Of a scrape that failed nothing is stored.
    const samples = text === '' ? Math.max(0, counts.appended - this.#refused) : 0;
    return { durationMs, samples, rejected: counts.postRelabel - samples, error: text };
  }
}

function unknownRefs(
  { outcomes, histogramOutcomes, counts }: CommitResult,
  refs: Uint32Array,
  histogramRefs: readonly number[],
): Set<number> {
  const unknown = new Set<number>();
  if (counts[SampleOutcome.UNKNOWN_SERIES] === 0) return unknown;
  const addFrom = (of: ArrayLike<number>, found: Uint8Array | undefined): void => {
    for (let index = 0; index < (found?.length ?? 0); index++) {
      if (found![index] === SampleOutcome.UNKNOWN_SERIES) unknown.add(of[index]!);
    }
  };
  addFrom(refs, outcomes);
  addFrom(histogramRefs, histogramOutcomes);
  return unknown;
}

function countLimit(error: Error | undefined, metrics: PullMetrics): void {
  if (!(error instanceof ScrapeError)) return;
  if (error.failure === 'sample_limit') metrics.exceededSampleLimit.inc();
  else if (error.failure === 'label_limit') metrics.exceededLabelLimits.inc();
  else if (error.failure === 'bucket_limit') metrics.exceededBucketLimit.inc();
  else if (error.failure === 'body_size') metrics.exceededBodySizeLimit.inc();
}

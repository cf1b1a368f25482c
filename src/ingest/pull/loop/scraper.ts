import { messageOf } from '../../../model/index.ts';
import { type Appender, type CommitResult, SampleOutcome } from '../../../storage/api.ts';
import type { Logger } from '../../../telemetry/index.ts';
import type { Clock } from '../../../util/index.ts';
import { ScrapeError } from '../errors.ts';
import type { BodyBuffer, BodyBufferPool } from '../http/body-buffer.ts';
import type { ScrapeRequest, ScrapeTransport } from '../http/transport.ts';
import type { PullMetrics } from '../metrics.ts';
import type { ScrapeTarget } from '../target/scrape-target.ts';
import { BodyAppender, type BodyCounts } from './body-appender.ts';
import { type BodyFormat, bodyFormat, scanBody } from './body-format.ts';
import type { EndingSeries } from './ending-series.ts';
import { FamilyMetadata, type NamedMetadata } from './family-metadata.ts';
import { ReportSeries, type ScrapeReport } from './report-series.ts';
import type { SeriesRules } from './series-resolver.ts';
import { SeriesTracker } from './series-tracker.ts';

/** What all scrapes share. */
export interface ScrapeEnvironment {
  readonly clock: Clock;
  readonly appender: () => Appender;
  readonly buffers: BodyBufferPool;
  readonly ending: EndingSeries;
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
  readonly durationMs: number;
  /** Samples stored of the body. */
  readonly samples: number;
  readonly rejected: number;
  /** '' where the scrape went well. */
  readonly error: string;
}

/** A body that was read and understood, or what went wrong. */
interface Reading {
  readonly format: BodyFormat | undefined;
  readonly counts: BodyCounts | undefined;
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
  readonly #tracker = new SeriesTracker();
  readonly #metadata = new FamilyMetadata();
  readonly #report: ReportSeries;
  /** Of the scrape under way. */
  #visitor: BodyAppender | undefined;
  /** Samples of this scrape that storage did not take. */
  #refused = 0;
  /** Refs of the samples of the commit under way. */
  #sentRefs = new Uint32Array(64);

  constructor(target: ScrapeTarget, settings: ScrapeSettings, environment: ScrapeEnvironment) {
    this.#target = target;
    this.#settings = settings;
    this.#environment = environment;
    this.#report = new ReportSeries(target.labels);
  }

  /** For the scrapes from now on. @param sameSeries the rules give the same labels as before. */
  configure(settings: ScrapeSettings, sameSeries: boolean): void {
    this.#settings = settings;
    if (!sameSeries) this.#tracker.resetIdentities();
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
      if (signal.aborted) return this.#outcome(startMs, undefined, 'scrape stopped');
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
    if (refs.length === 0) return;
    const appender = newAppender();
    for (const ref of refs) appender.samples.pushStale(ref, timestamp);
    await appender.commit();
  }

  /** From here on `end` may be called, and another target may take the series over. */
  announceEnd(): void {
    const refs = [...this.#tracker.previousRefs(), ...this.#report.refs()];
    this.#environment.ending.add(this, refs);
  }

  /** Resolves with the Content-Type, or with what went wrong. */
  async #fetch(body: BodyBuffer, signal: AbortSignal): Promise<string | Error> {
    const { clock } = this.#environment;
    const { transport, request } = this.#settings;
    const abort = new AbortController();
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
    let appender = newAppender();
    const reading = this.#read(appender, body, fetched, timestamp);
    if (reading.error === undefined) {
      for (const ref of this.#tracker.missingRefs()) appender.samples.pushStale(ref, timestamp);
      this.#metadata.appendTo(appender);
    } else {
      appender.rollback();
      this.#metadata.abandon();
      appender = newAppender();
      for (const ref of this.#tracker.previousRefs()) appender.samples.pushStale(ref, timestamp);
    }
    const report = this.#reportOf(reading, body, clock.monotonic() - startMs);
    this.#report.append(appender, timestamp, report);
    const failure = await this.#commit(appender, reading, body, () => {
      const again = newAppender();
      return { appender: again, report: () => this.#report.append(again, timestamp, report) };
    });
    return this.#outcome(startMs, reading, failure);
  }

  /** Scans the body into the appender. */
  #read(appender: Appender, body: BodyBuffer, fetched: string | Error, timestamp: number): Reading {
    const bytes = body.bytes.subarray(0, body.length);
    this.#tracker.begin(bytes);
    if (fetched instanceof Error) return { format: undefined, counts: undefined, error: fetched };
    this.#environment.metrics.bodyBytes.inc(body.length);
    // An empty body is one that no format objects to.
    if (body.length === 0) return { format: undefined, counts: undefined, error: undefined };
    const { rules } = this.#settings;
    const visitor = new BodyAppender(this.#tracker, this.#metadata, rules, appender);
    this.#visitor = visitor;
    visitor.begin(appender, rules, bytes, timestamp);
    let format: BodyFormat | undefined;
    try {
      format = bodyFormat(fetched, rules.config.fallbackScrapeProtocol);
      this.#metadata.begin(bytes, format);
      scanBody(format, bytes, body.length, visitor);
      if (visitor.overSampleLimit) throw new ScrapeError('sample_limit', 'sample limit exceeded');
      return { format, counts: visitor.counts, error: undefined };
    } catch (error) {
      return { format, counts: visitor.counts, error: error as Error };
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
    appender: Appender,
    reading: Reading,
    body: BodyBuffer,
    again: () => { readonly appender: Appender; readonly report: () => void },
  ): Promise<string> {
    const { metrics, logger, ending } = this.#environment;
    const tracker = this.#tracker;
    const { length } = appender.samples;
    this.#keepRefs(appender);
    try {
      const result = await appender.commit();
      metrics.samplesAppended.inc(length);
      const unknown = this.#unknownRefs(result);
      if (unknown.size > 0) await this.#appendUnknown(unknown, reading, body, again());
      this.#countOutcomes(result);
    } catch (error) {
      metrics.failedCommits.inc();
      logger.error({ target: this.#target.url, error: messageOf(error) }, 'scrape not stored');
      tracker.abandon();
      this.#report.forgetRefs();
      return messageOf(error);
    } finally {
      this.#metadata.end();
      // It holds on to the body and the batch, which may be large, and other scrapes may use.
      this.#visitor = undefined;
    }
    if (ending.size > 0) ending.remove(this.#report.refs());
    if (reading.error !== undefined) {
      tracker.fail();
      return '';
    }
    if (ending.size > 0) ending.remove(tracker.addedRefs());
    if (reading.counts !== undefined) this.#metadata.committed();
    if (tracker.succeed()) metrics.cacheFlushes.inc();
    return '';
  }

  #keepRefs(appender: Appender): void {
    const { refs, length } = appender.samples;
    if (this.#sentRefs.length < length) this.#sentRefs = new Uint32Array(2 * length);
    this.#sentRefs.set(refs.subarray(0, length));
  }

  #unknownRefs(result: CommitResult): Set<number> {
    const unknown = new Set<number>();
    const { outcomes, counts } = result;
    if (outcomes === undefined || counts[SampleOutcome.UNKNOWN_SERIES] === 0) return unknown;
    for (let index = 0; index < outcomes.length; index++) {
      if (outcomes[index] === SampleOutcome.UNKNOWN_SERIES) unknown.add(this.#sentRefs[index]!);
    }
    return unknown;
  }

  /** Storage has dropped series whose refs were known here: makes them again, and appends again. */
  async #appendUnknown(
    unknown: ReadonlySet<number>,
    reading: Reading,
    body: BodyBuffer,
    again: { readonly appender: Appender; readonly report: () => void },
  ): Promise<void> {
    const { identities } = this.#tracker;
    if (
      reading.error === undefined &&
      reading.format !== undefined &&
      this.#visitor !== undefined
    ) {
      const entries = new Set<number>();
      for (let entry = 1; entry <= identities.size; entry++) {
        if (unknown.has(identities.refs[entry]!)) entries.add(entry);
      }
      this.#visitor.beginRetry(again.appender, entries);
      scanBody(reading.format, body.bytes, body.length, this.#visitor);
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

  #outcome(startMs: number, reading: Reading | undefined, failure: string): ScrapeOutcome {
    const { clock, metrics } = this.#environment;
    const durationMs = clock.monotonic() - startMs;
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

function countLimit(error: Error | undefined, metrics: PullMetrics): void {
  if (!(error instanceof ScrapeError)) return;
  if (error.failure === 'sample_limit') metrics.exceededSampleLimit.inc();
  else if (error.failure === 'label_limit') metrics.exceededLabelLimits.inc();
  else if (error.failure === 'body_size') metrics.exceededBodySizeLimit.inc();
}

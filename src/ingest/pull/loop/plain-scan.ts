import type { ExpositionVisitor } from '../../../formats/exposition/index.ts';
import type { Exemplar, MetricType } from '../../../model/index.ts';
import { NO_SERIES } from '../../../storage/api.ts';
import { DROPPED_REF } from '../../../kernel/index.ts';
import { latin1Text } from '../../../util/index.ts';
import { ScrapeError } from '../errors.ts';
import { AHEAD_MS_MAX, type BodyCounts, zeroCounts } from './body-counts.ts';
import { scanBody } from './body-format.ts';
import type { ScanResult, ScanTarget, ScrapedBody } from './kernel-scan.ts';
import { resolveSeries } from './series-resolver.ts';

/**
 * Reads a body line by line, in TypeScript, and remembers nothing of it: for bodies that must fail,
 * so that they fail with the right words, and for those that the kernel had no room for.
 */
export class PlainScan implements ExpositionVisitor {
  readonly counts: BodyCounts = zeroCounts();

  readonly #scraped: ScrapedBody;
  readonly #target: ScanTarget;
  readonly #sampleLimit: number;
  /** The sample limit was reached: the scrape must fail, though counting goes on. */
  #overSampleLimit = false;
  readonly #refs = new Map<string, number>();
  readonly #before: ReadonlySet<number>;
  readonly #current = new Set<number>();
  readonly #tracked = new Set<number>();
  /** Ref and time of the sample just before, for its exemplar; `NO_SERIES` where not stored. */
  #lastRef = NO_SERIES;
  #lastTimestamp = 0;

  constructor(scraped: ScrapedBody, target: ScanTarget) {
    this.#scraped = scraped;
    this.#target = target;
    const { sampleLimit } = target.rules.config;
    this.#sampleLimit = sampleLimit > 0 ? sampleLimit : Infinity;
    this.#before = new Set(target.series.lastSeries());
  }

  /** @throws ScrapeError, ExpositionError where the scrape must fail; see `counts` even so. */
  run(): ScanResult {
    const { format, bytes } = this.#scraped;
    const { series, metadata } = this.#target;
    metadata.begin(format, false);
    metadata.read(bytes);
    scanBody(format, bytes, bytes.length, this);
    if (this.#overSampleLimit) throw new ScrapeError('sample_limit', 'sample limit exceeded');
    series.settlePlainly(Uint32Array.from(this.#current));
    series.untrack(Uint32Array.from([...this.#current].filter((ref) => !this.#tracked.has(ref))));
    return { counts: this.counts, addedRefs: [...this.#current] };
  }

  sample(start: number, end: number, value: number, timestamp: number): void {
    const { counts } = this;
    const { honorTimestamps, trackTimestampsStaleness } = this.#target.rules.config;
    counts.scraped++;
    this.#lastRef = NO_SERIES;
    const name = latin1Text(this.#scraped.bytes, start, end);
    const known = this.#refs.get(name);
    const ref = known ?? this.#findRef(start, end);
    if (ref === NO_SERIES) return;
    this.#refs.set(name, ref);
    if (ref === DROPPED_REF) return;
    counts.postRelabel++;
    const isRepeated = this.#current.has(ref);
    this.#current.add(ref);
    const isExplicit = honorTimestamps && timestamp === timestamp;
    if (isRepeated && !isExplicit) {
      counts.duplicate++;
      return;
    }
    if (isExplicit && timestamp > this.#scraped.timestamp + AHEAD_MS_MAX) {
      counts.outOfBounds++;
      return;
    }
    if (counts.appended >= this.#sampleLimit) {
      this.#overSampleLimit = true;
      return;
    }
    if (!isRepeated && !this.#before.has(ref)) counts.seriesAdded++;
    if (!isExplicit || trackTimestampsStaleness) this.#tracked.add(ref);
    this.#lastRef = ref;
    this.#lastTimestamp = isExplicit ? timestamp : this.#scraped.timestamp;
    this.#target.appender.samples.push(ref, this.#lastTimestamp, value);
    counts.appended++;
  }

  exemplar(exemplar: Exemplar): void {
    if (this.#lastRef === NO_SERIES) return;
    const timestamp = exemplar.timestamp ?? this.#lastTimestamp;
    this.#target.appender.addExemplar(this.#lastRef, { ...exemplar, timestamp });
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    this.#target.metadata.type(nameStart, nameEnd, type);
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    this.#target.metadata.help(nameStart, nameEnd, textStart, textEnd);
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    this.#target.metadata.unit(nameStart, nameEnd, textStart, textEnd);
  }

  /** `DROPPED_REF` where relabelling drops it, `NO_SERIES` where it has no place in storage. */
  #findRef(start: number, end: number): number {
    const { counts } = this;
    const { rules, appender } = this.#target;
    const labels = resolveSeries(this.#scraped.bytes, start, end, rules);
    if (labels === undefined) return DROPPED_REF;
    // The scrape fails anyway: no series are made for it, they are only counted.
    this.#overSampleLimit ||= counts.appended >= this.#sampleLimit;
    const ref = this.#overSampleLimit ? NO_SERIES : appender.series(labels);
    if (ref !== NO_SERIES) return ref;
    counts.postRelabel++;
    if (!this.#overSampleLimit) counts.overSeriesLimit++;
    return NO_SERIES;
  }
}

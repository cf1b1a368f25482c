import {
  decodeIdentityPairs,
  ExpositionError,
  type ExpositionVisitor,
} from '../../../formats/exposition/index.ts';
import { DROPPED_REF, type KernelBody, KernelMemoryError } from '../../../kernel/index.ts';
import { type Appender, NO_SERIES } from '../../../storage/api.ts';
import {
  addExemplars,
  fillInput,
  type IngestKernel,
  judgeLine,
  messageBytes,
  readExemplars,
  readNumbers,
  setNans,
} from '../../kernel/index.ts';
import { ScrapeError } from '../errors.ts';
import { type BodyCounts, zeroCounts } from './body-counts.ts';
import type { BodyFormat, TextFormat } from './body-format.ts';
import type { FamilyMetadata } from './family-metadata.ts';
import { decideTimes } from './sample-times.ts';
import { resolveSeries, type SeriesRules } from './series-resolver.ts';
import type { TargetSeries } from './target-series.ts';

/** One body on its way to storage. */
export interface ScrapedBody {
  readonly format: BodyFormat;
  readonly bytes: Uint8Array;
  /** Of samples that have no time of their own, in milliseconds. */
  readonly timestamp: number;
}

export interface ScrapedText extends ScrapedBody {
  readonly format: TextFormat;
}

/** Where a body goes. */
export interface ScanTarget {
  readonly series: TargetSeries;
  readonly metadata: FamilyMetadata;
  readonly rules: SeriesRules;
  readonly appender: Appender;
  /** Of each native histogram that was added to the appender. */
  readonly histogramRefs: number[];
}

/** Samples that follow those of the body: the report, and some staleness markers. */
const MORE_SAMPLES = 24;

export interface ScanResult {
  readonly counts: BodyCounts;
  /** Refs of the series whose names were not known before. */
  readonly addedRefs: readonly number[];
}

/**
 * Takes a body through the kernel to the appender. What is looked at here, one by one, is only what
 * the target has not said before. Undefined where the body is not to be taken whole, for whatever
 * reason, or there is no memory: then nothing is remembered of it, and it is to be read plainly.
 */
export function scanInKernel(
  kernel: IngestKernel,
  scraped: ScrapedText,
  target: ScanTarget,
): ScanResult | undefined {
  const { series, metadata } = target;
  const attempt = (): ScanResult | undefined => {
    metadata.begin(scraped.format, series.knowsNames);
    return kernel.use((body) => scan(body, scraped, target));
  };
  try {
    const found = attempt();
    if (!metadata.needsAll) return found;
    series.renew(true);
    return attempt();
  } catch (error) {
    // Names that were resolved before the memory was full are not to be known any more.
    if (error instanceof KernelMemoryError) series.renew(true);
    if (isForPlainScan(error)) return undefined;
    throw error;
  }
}

function isForPlainScan(error: unknown): boolean {
  return (
    error instanceof ScrapeError ||
    error instanceof ExpositionError ||
    error instanceof KernelMemoryError
  );
}

function scan(body: KernelBody, scraped: ScrapedText, target: ScanTarget): ScanResult | undefined {
  const { series, rules } = target;
  const { honorTimestamps, sampleLimit } = rules.config;
  fillInput(body, scraped.bytes);
  body.useInput();
  const status = body.scanText(series.owner, {
    format: scraped.format,
    defaultTimestamp: honorTimestamps ? NaN : scraped.timestamp,
    ignoreTimestamps: !honorTimestamps,
  });
  if (!status.ok) return undefined;
  readNumbers(body);
  const exemplars = readExemplars(body, scraped.format);
  const refs = exemplars === undefined ? undefined : findRefs(body, scraped, target);
  if (exemplars === undefined || refs === undefined) return undefined;
  const counts = zeroCounts();
  for (let index = 0; index < refs.length; index++) {
    const ref = refs[index] ?? NO_SERIES;
    if (ref === NO_SERIES) counts.overSeriesLimit += body.unknown(index).sampleCount;
    body.resolve(index, ref);
  }
  const { series: scrapedCount, dropped, explicitTimes } = body.counts();
  counts.scraped = scrapedCount;
  counts.postRelabel = scrapedCount - dropped;
  const kept = counts.postRelabel - counts.overSeriesLimit;
  // Which samples count towards the limit is for the plain scan to say.
  if (sampleLimit > 0 && kept > sampleLimit) return undefined;
  const settled = series.settle();
  counts.seriesAdded = settled.addedCount;
  if (explicitTimes > 0 || settled.current.length !== kept) {
    const hasRepeats = settled.current.length !== kept;
    const timed = decideTimes(body.columns(), { ...scraped, rules, hasRepeats }, counts);
    series.untrack(timed.untracked);
    counts.seriesAdded -= series.newAmong(timed.refused);
  } else if (honorTimestamps) {
    body.columns().timestamps.fill(scraped.timestamp);
  }
  addExemplars(body, exemplars, target.appender);
  counts.appended = body.seal();
  const columns = body.columns();
  setNans(columns);
  const { samples } = target.appender;
  samples.reserve(columns.length + MORE_SAMPLES);
  samples.setColumns(columns);
  return { counts, addedRefs: refs.filter((ref) => ref !== DROPPED_REF && ref !== NO_SERIES) };
}

/**
 * The refs of all unknown names, in order; lines of metadata are read, and dropped from then on.
 * Undefined where the body cannot be taken whole.
 */
function findRefs(
  body: KernelBody,
  { format }: ScrapedText,
  { metadata, rules, appender }: ScanTarget,
): number[] | undefined {
  const refs: number[] = [];
  const count = body.unknownCount;
  if (count === 0) return refs;
  const { sampleLimit } = rules.config;
  const bytes = messageBytes(body);
  const offset = body.message().start;
  const read = (line: Uint8Array): ExpositionVisitor => {
    metadata.read(line);
    return metadata;
  };
  const lines: { readonly index: number; readonly family: string | undefined }[] = [];
  let known = body.columns().length;
  for (let index = 0; index < count; index++) known -= body.unknown(index).sampleCount;
  for (let index = 0; index < count; index++) {
    const unknown = body.unknown(index);
    const start = unknown.start - offset;
    const end = unknown.end - offset;
    if (unknown.sampleCount === 0) {
      if (!judgeLine(format, bytes, { start, end }, read) || metadata.needsAll) return undefined;
      lines.push({ index, family: metadata.lastFamily });
      refs.push(DROPPED_REF);
      continue;
    }
    const labels = resolveSeries(decodeIdentityPairs(bytes, start, end, 0), rules);
    // Beyond the limit the scrape fails: no series are made for it.
    if (labels !== undefined && sampleLimit > 0 && ++known > sampleLimit) return undefined;
    refs.push(labels === undefined ? DROPPED_REF : appender.series(labels));
  }
  for (const { index, family } of lines) if (metadata.isDisputed(family)) refs[index] = NO_SERIES;
  return refs;
}

import {
  decodeIdentityPairs,
  type ExpositionVisitor,
  unescapeText,
} from '../../../formats/exposition/index.ts';
import {
  decodeMetricFamilies,
  formatOpenMetricsFloat,
  type ProtoFamily,
} from '../../../formats/exposition-proto/index.ts';
import { type Exemplar, METRIC_NAME, type MetricType } from '../../../model/index.ts';
import { latin1Text } from '../../../util/index.ts';
import type { BodyCounts } from './body-counts.ts';
import { scanBody } from './body-format.ts';
import { ClassicHistograms } from './classic-histograms.ts';
import type { ScanResult, ScanTarget, ScrapedBody, ScrapedText } from './kernel-scan.ts';
import { type SampleSink, type SeriesName, SeriesSink } from './series-sink.ts';

/** What a body in protobuf may take written out: histograms repeat their labels. */
const MAX_TEXT_BYTES = 1 << 28;

/** Whether bodies of that format never go through the kernel: it has no histograms. */
export function needsPlainScan({ format }: ScrapedBody, { rules }: ScanTarget): boolean {
  return format === 'protobuf' || rules.config.histograms.customBuckets;
}

/**
 * Reads a body in TypeScript: one in protobuf, or with histograms to be made; any that must fail,
 * so that it fails with the right words; and one that the kernel had no room for.
 */
export class PlainScan {
  readonly #scraped: ScrapedBody;
  readonly #target: ScanTarget;
  readonly #sink: SeriesSink;

  constructor(scraped: ScrapedBody, target: ScanTarget) {
    this.#scraped = scraped;
    this.#target = target;
    const keepsNames = needsPlainScan(scraped, target);
    this.#sink = new SeriesSink(target, { timestamp: scraped.timestamp, keepsNames });
  }

  get counts(): BodyCounts {
    return this.#sink.counts;
  }

  /** @throws ScrapeError, ExpositionError where the scrape must fail; see `counts` even so. */
  run(): ScanResult {
    const { format } = this.#scraped;
    const { metadata } = this.#target;
    metadata.begin(format === 'protobuf' ? 'text' : format, false);
    if (format === 'protobuf') this.#readFamilies();
    else this.#readText({ ...this.#scraped, format });
    return this.#sink.finish();
  }

  #readText({ format, bytes }: ScrapedText): void {
    const { metadata, rules } = this.#target;
    const { customBuckets, classicToo } = rules.config.histograms;
    const histograms = customBuckets ? new ClassicHistograms(this.#sink, classicToo) : undefined;
    metadata.read(bytes);
    scanBody(
      format,
      bytes,
      bytes.length,
      new TextVisitor(bytes, this.#target, this.#sink, histograms),
    );
    histograms?.finish();
  }

  #readFamilies(): void {
    const { metadata, rules } = this.#target;
    const families = decodeMetricFamilies(this.#scraped.bytes, {
      maxTextBytes: MAX_TEXT_BYTES,
      histograms: rules.config.histograms,
      formatBound: formatOpenMetricsFloat,
      splitFamilies: true,
    });
    for (const family of families) {
      metadata.family(family.name, family);
      this.#readFamily(family);
    }
  }

  #readFamily({ name: familyName, samples, nativeHistograms }: ProtoFamily): void {
    const sink = this.#sink;
    for (const { name, labelPairs, value, timestamp, exemplar } of samples) {
      sink.sample(nameOf('', name, labelPairs), value, timestamp ?? NaN);
      if (exemplar !== undefined) sink.exemplar(exemplar);
    }
    for (const { labelPairs, histogram, timestamp, exemplars } of nativeHistograms) {
      sink.histogram(nameOf('histogram ', familyName, labelPairs), histogram, timestamp ?? NaN);
      for (const exemplar of exemplars) sink.exemplar(exemplar);
    }
  }
}

function nameOf(kind: string, name: string, labelPairs: readonly string[]): SeriesName {
  return {
    key: kind + JSON.stringify([name, ...labelPairs]),
    pairs: () => [METRIC_NAME, name, ...labelPairs],
  };
}

class TextVisitor implements ExpositionVisitor {
  readonly #bytes: Uint8Array;
  readonly #target: ScanTarget;
  readonly #sink: SampleSink;
  readonly #histograms: ClassicHistograms | undefined;

  constructor(
    bytes: Uint8Array,
    target: ScanTarget,
    sink: SampleSink,
    histograms: ClassicHistograms | undefined,
  ) {
    this.#bytes = bytes;
    this.#target = target;
    this.#sink = histograms ?? sink;
    this.#histograms = histograms;
  }

  sample(start: number, end: number, value: number, timestamp: number): void {
    const bytes = this.#bytes;
    const name = {
      key: latin1Text(bytes, start, end),
      pairs: () => decodeIdentityPairs(bytes, start, end, 0),
    };
    this.#sink.sample(name, value, timestamp);
  }

  exemplar(exemplar: Exemplar): void {
    this.#sink.exemplar(exemplar);
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    this.#histograms?.family(unescapeText(this.#bytes, nameStart, nameEnd), type);
    this.#target.metadata.type(nameStart, nameEnd, type);
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    this.#target.metadata.help(nameStart, nameEnd, textStart, textEnd);
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    this.#target.metadata.unit(nameStart, nameEnd, textStart, textEnd);
  }
}

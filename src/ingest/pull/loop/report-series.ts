import { type Labels, METRIC_NAME } from '../../../model/index.ts';
import { type Appender, NO_SERIES } from '../../../storage/api.ts';
import { mergeLabels } from './merge-labels.ts';

const NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;

const EXTRA_NAMES = [
  'scrape_timeout_seconds',
  'scrape_sample_limit',
  'scrape_body_size_bytes',
] as const;

/** What is written of each scrape, whether it failed or not. */
export interface ScrapeReport {
  readonly up: boolean;
  readonly durationMs: number;
  readonly scraped: number;
  readonly postRelabel: number;
  readonly seriesAdded: number;
  /** Set where the further series are wanted. */
  readonly extra:
    | {
        readonly timeoutMs: number;
        readonly sampleLimit: number;
        /** -1 where the limit was exceeded, 0 for other failures. */
        readonly bodyBytes: number;
      }
    | undefined;
}

/** The series that a scrape writes of itself: `up` and its fellows, under the target's labels. */
export class ReportSeries {
  readonly #labels: readonly Labels[];
  #refs: number[] = [];

  constructor(targetLabels: Labels) {
    this.#labels = [...NAMES, ...EXTRA_NAMES].map((name) =>
      mergeLabels([METRIC_NAME, name], targetLabels, false),
    );
  }

  append(appender: Appender, timestamp: number, report: ScrapeReport): void {
    const { extra } = report;
    const values = [
      report.up ? 1 : 0,
      report.durationMs / 1000,
      report.scraped,
      report.postRelabel,
      report.seriesAdded,
      ...(extra === undefined ? [] : [extra.timeoutMs / 1000, extra.sampleLimit, extra.bodyBytes]),
    ];
    for (const [index, value] of values.entries()) {
      const ref = this.#ref(appender, index);
      if (ref !== NO_SERIES) appender.samples.push(ref, timestamp, value);
    }
  }

  /** Refs of the series that have been written; what gets a marker when the target ends. */
  refs(): readonly number[] {
    return this.#refs.filter((ref) => ref !== NO_SERIES);
  }

  /** Resolves the series anew next time: storage may not know their refs. */
  forgetRefs(): void {
    this.#refs = [];
  }

  #ref(appender: Appender, index: number): number {
    const known = this.#refs[index] ?? NO_SERIES;
    if (known !== NO_SERIES) return known;
    const labels = this.#labels[index];
    const ref = labels === undefined ? NO_SERIES : appender.series(labels);
    this.#refs[index] = ref;
    return ref;
  }
}

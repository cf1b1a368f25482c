import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { PullMetrics } from '../ingest/index.ts';

/** The names under which scraping is counted. */
export function createPullMetrics(registry: Registry): PullMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name: `tidegauge_${name}`, help, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `tidegauge_${name}`, help, buckets, registers });
  const exceeded = new Counter({
    name: 'tidegauge_scrapes_exceeded_limit_total',
    help: 'Scrapes that failed at a limit, by limit.',
    labelNames: ['limit'],
    registers,
  });
  const refused = new Counter({
    name: 'tidegauge_scrape_samples_refused_total',
    help: 'Scraped samples that were not stored, by reason.',
    labelNames: ['reason'],
    registers,
  });
  return {
    scrapes: counter('scrapes_total', 'Scrapes that ended, well or not.'),
    failedScrapes: counter('scrapes_failed_total', 'Scrapes that failed.'),
    scrapeDurationSeconds: histogram(
      'scrape_duration_seconds',
      'Time a scrape took.',
      [0.005, 0.02, 0.1, 0.5, 2, 10],
    ),
    skippedScrapes: counter(
      'scrapes_skipped_total',
      'Scheduled scrapes left out because the one before took too long or the clock jumped.',
    ),
    scrapeDelaySeconds: histogram(
      'scrape_delay_seconds',
      'How late scrapes start after their scheduled time.',
      [0.001, 0.005, 0.02, 0.1, 1],
    ),
    bodyBytes: counter('scrape_body_bytes_total', 'Uncompressed bytes of the bodies scraped.'),
    samplesAppended: counter(
      'scrape_samples_appended_total',
      'Samples handed to storage: scraped ones, staleness markers and reports.',
    ),
    samplesDuplicate: refused.labels('duplicate'),
    samplesOutOfOrder: refused.labels('out_of_order'),
    samplesOutOfBounds: refused.labels('out_of_bounds'),
    samplesOverSeriesLimit: refused.labels('series_limit'),
    exceededSampleLimit: exceeded.labels('samples'),
    exceededLabelLimits: exceeded.labels('labels'),
    exceededBodySizeLimit: exceeded.labels('body_size'),
    exceededBucketLimit: exceeded.labels('buckets'),
    exceededTargetLimit: exceeded.labels('targets'),
    failedCommits: counter('scrape_commits_failed_total', 'Scrapes that storage did not take.'),
    cacheFlushes: counter(
      'scrape_cache_flushes_total',
      'Times a cache of series was cut down after failed scrapes with ever new series.',
    ),
    fileSdReadErrors: counter('file_sd_read_errors_total', 'Discovery files that were not read.'),
    invalidTargets: counter(
      'scrape_targets_invalid_total',
      'Targets that discovery named but that cannot be scraped.',
    ),
    activeTargets: new Gauge({
      name: 'tidegauge_scrape_targets',
      help: 'Targets being scraped.',
      registers,
    }),
  };
}

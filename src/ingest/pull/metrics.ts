/** What pull needs of a counter. */
export interface Counter {
  inc(by?: number): void;
}

/** What pull needs of a gauge. */
export interface Gauge {
  set(value: number): void;
}

/** What pull needs of a histogram. */
export interface Histogram {
  observe(value: number): void;
}

/** What pull counts of itself. `telemetry` is where they get their names. */
export interface PullMetrics {
  /** Scrapes that ended, well or not. */
  readonly scrapes: Counter;
  /** Of these, those that failed. */
  readonly failedScrapes: Counter;
  readonly scrapeDurationSeconds: Histogram;
  /** Scheduled scrapes that were left out as the one before took too long, or the clock jumped. */
  readonly skippedScrapes: Counter;
  /** How late scrapes start after their scheduled time. */
  readonly scrapeDelaySeconds: Histogram;
  /** Uncompressed bytes of the bodies read. */
  readonly bodyBytes: Counter;
  /** Samples handed to storage: scraped ones, staleness markers, and reports. */
  readonly samplesAppended: Counter;
  /** A series twice in one body, or another value stored at its time. */
  readonly samplesDuplicate: Counter;
  readonly samplesOutOfOrder: Counter;
  readonly samplesOutOfBounds: Counter;
  /** Samples of series that storage's limits refused. */
  readonly samplesOverSeriesLimit: Counter;
  /** Scrapes that failed at a limit, one counter each. */
  readonly exceededSampleLimit: Counter;
  readonly exceededLabelLimits: Counter;
  readonly exceededBodySizeLimit: Counter;
  readonly exceededBucketLimit: Counter;
  /** Times that a job was found to have more targets than its limit. */
  readonly exceededTargetLimit: Counter;
  readonly failedCommits: Counter;
  /** Times that an identity cache was cut down after scrapes with ever new series failed. */
  readonly cacheFlushes: Counter;
  readonly fileSdReadErrors: Counter;
  /** Targets that discovery named but that cannot be scraped. */
  readonly invalidTargets: Counter;
  readonly activeTargets: Gauge;
}

/** Counts nothing; for tests and tools. */
export function silentPullMetrics(): PullMetrics {
  const counter: Counter = { inc() {} };
  const histogram: Histogram = { observe() {} };
  return {
    scrapes: counter,
    failedScrapes: counter,
    scrapeDurationSeconds: histogram,
    skippedScrapes: counter,
    scrapeDelaySeconds: histogram,
    bodyBytes: counter,
    samplesAppended: counter,
    samplesDuplicate: counter,
    samplesOutOfOrder: counter,
    samplesOutOfBounds: counter,
    samplesOverSeriesLimit: counter,
    exceededSampleLimit: counter,
    exceededLabelLimits: counter,
    exceededBodySizeLimit: counter,
    exceededBucketLimit: counter,
    exceededTargetLimit: counter,
    failedCommits: counter,
    cacheFlushes: counter,
    fileSdReadErrors: counter,
    invalidTargets: counter,
    activeTargets: { set() {} },
  };
}

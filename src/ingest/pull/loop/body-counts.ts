/** Samples further ahead of the scrape than that are refused, as Prometheus does. */
export const AHEAD_MS_MAX = 600_000;

/** What a scan of one body came to. */
export interface BodyCounts {
  /** Samples in the body. */
  scraped: number;
  /** Of these, what relabelling left. */
  postRelabel: number;
  /** Series that were not in the last scrape. */
  seriesAdded: number;
  /** Samples handed to storage. */
  appended: number;
  duplicate: number;
  outOfBounds: number;
  overSeriesLimit: number;
}

export function zeroCounts(): BodyCounts {
  return {
    scraped: 0,
    postRelabel: 0,
    seriesAdded: 0,
    appended: 0,
    duplicate: 0,
    outOfBounds: 0,
    overSeriesLimit: 0,
  };
}

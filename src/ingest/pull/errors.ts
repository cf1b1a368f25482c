import { TidegaugeError } from '../../model/index.ts';

export type ScrapeFailure =
  | 'timeout'
  | 'connection'
  | 'status'
  | 'encoding'
  | 'content_type'
  | 'body_size'
  | 'sample_limit'
  | 'label_limit'
  | 'bucket_limit'
  | 'target_limit'
  | 'bad_series'
  | 'stopped';

/** A scrape that failed; nothing of what it read is kept. The text is what the API shows. */
export class ScrapeError extends TidegaugeError {
  readonly code = 'scrape_failed';
  readonly failure: ScrapeFailure;

  constructor(failure: ScrapeFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.failure = failure;
  }
}

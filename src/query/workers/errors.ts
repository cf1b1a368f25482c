import { TidegaugeError } from '../../model/index.ts';

/** A request to the query workers came to nothing; `failure` is the code of what was wrong. */
export class QueryFailedError extends TidegaugeError {
  readonly code = 'query_failed';
  /** `bad_query`, `query_timeout`, `query_canceled`, `query_queue_full`, `execution`, … */
  readonly failure: string;

  constructor(failure: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.failure = failure;
  }
}

import { TidegaugeError } from '../../model/index.ts';
import type { QueryFailure } from './protocol.ts';

/** A request to the query workers came to nothing; `failure` is the code of what was wrong. */
export class QueryFailedError extends TidegaugeError {
  readonly code = 'query_failed';
  /** `bad_query`, `query_timeout`, `query_canceled`, `query_queue_full`, `execution`, … */
  readonly failure: string;
  /** Of `query_limit`: what there was too much of. */
  readonly limit: QueryFailure['limit'];

  constructor(
    failure: string,
    message: string,
    options?: { cause?: unknown; limit?: QueryFailure['limit'] },
  ) {
    super(message, options);
    this.failure = failure;
    this.limit = options?.limit;
  }
}

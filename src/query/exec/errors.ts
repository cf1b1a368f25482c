import { TidegaugeError } from '../../model/index.ts';

/** The deadline passed before the answer was there. */
export class QueryTimeoutError extends TidegaugeError {
  readonly code = 'query_timeout';

  constructor(stage = 'expression evaluation') {
    super(`query timed out in ${stage}`);
  }
}

/** Whoever asked has gone or has cancelled. */
export class QueryCanceledError extends TidegaugeError {
  readonly code = 'query_canceled';

  constructor(stage = 'expression evaluation') {
    super(`query was canceled in ${stage}`);
  }
}

/** The query needs more than its limits allow. */
export class QueryLimitError extends TidegaugeError {
  readonly code = 'query_limit';
  /** What there is too much of. */
  readonly limit: 'memory' | 'samples' | 'series';

  constructor(limit: QueryLimitError['limit'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.limit = limit;
  }
}

/** What a selection has too much of that storage refused (`select_limit`). */
export function selectLimitOf(error: TidegaugeError): QueryLimitError['limit'] {
  const kind = 'kind' in error ? error.kind : undefined;
  if (kind === 'bytes') return 'memory';
  return kind === 'series' ? 'series' : 'samples';
}

/** The query is well-formed, but these data do not allow an answer. */
export class ExecutionError extends TidegaugeError {
  readonly code = 'execution';
}

/** Two series of one vector have the same labels at one time. */
export function duplicateLabelSetError(): ExecutionError {
  return new ExecutionError('vector cannot contain metrics with the same labelset');
}

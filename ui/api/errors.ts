/**
 * Why a request brought no data. The upper group is the API's own `errorType`; of the lower group,
 * `network` means no answer came, `deadline` that the page stopped waiting, `superseded` that a
 * newer request took its place, and `malformed` that the answer was not what the API promises.
 */
export type ApiErrorType =
  | 'bad_data'
  | 'timeout'
  | 'canceled'
  | 'execution'
  | 'internal'
  | 'unavailable'
  | 'not_found'
  | 'not_acceptable'
  | 'network'
  | 'deadline'
  | 'superseded'
  | 'malformed';

/** The only error that leaves the API client. */
export class ApiError extends Error {
  readonly code: ApiErrorType;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;

  constructor(code: ApiErrorType, message: string, status = 0) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

const SERVER_TYPES: ReadonlySet<string> = new Set([
  'bad_data',
  'timeout',
  'canceled',
  'execution',
  'internal',
  'unavailable',
  'not_found',
  'not_acceptable',
]);

/** The server's `errorType` as a code; one the page does not know counts as `internal`. */
export function serverErrorType(text: string): ApiErrorType {
  return isServerType(text) ? text : 'internal';
}

function isServerType(text: string): text is ApiErrorType {
  return SERVER_TYPES.has(text);
}

/** Turns anything thrown into an ApiError, so that callers handle one type. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError('network', thrown instanceof Error ? thrown.message : String(thrown));
}

import { TidegaugeError } from '../model/index.ts';

/** Error types of the Prometheus HTTP API. */
export type ApiErrorType =
  | 'bad_data'
  | 'execution'
  | 'canceled'
  | 'timeout'
  | 'internal'
  | 'unavailable'
  | 'not_found'
  | 'unauthorized'
  | 'forbidden';

const STATUS: Readonly<Record<ApiErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  // Nobody reads it: the client has gone. Servers note it with nginx's code, as Prometheus does.
  canceled: 499,
  timeout: 503,
  internal: 500,
  unavailable: 503,
  not_found: 404,
  unauthorized: 401,
  forbidden: 403,
};

/** A request that is answered with the API's error envelope. */
export class ApiError extends TidegaugeError {
  readonly code = 'api_error';
  readonly type: ApiErrorType;

  constructor(type: ApiErrorType, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.type = type;
  }

  get status(): number {
    return STATUS[this.type];
  }
}

/** A parameter that cannot be used; `problem` says why. */
export function badParameter(name: string, problem: string): ApiError {
  return new ApiError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${problem}`);
}

/** A request body larger than what is read; whoever reads it answers with its status. */
export class BodyTooLargeError extends TidegaugeError {
  readonly code = 'body_too_large';

  constructor(maxBytes: number) {
    super(`the body has more than the ${maxBytes} bytes that are taken`);
  }
}

import { TidegaugeError } from '../../model/index.ts';

/** A push was refused; `statusCode` is the HTTP answer, the message its text. */
export class PushRefusedError extends TidegaugeError {
  readonly code = 'push_refused';
  readonly statusCode: number;
  readonly reason: RefusalReason;

  constructor(statusCode: number, reason: RefusalReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.statusCode = statusCode;
    this.reason = reason;
  }
}

/** Why a whole request was refused, as a metric label says it. */
export type RefusalReason =
  | 'bad_path'
  | 'bad_parameter'
  | 'content_type'
  | 'content_encoding'
  | 'too_large'
  | 'overloaded'
  | 'timeout'
  | 'malformed'
  | 'inconsistent'
  | 'storage';

/** The client went away before its body was complete; nobody waits for an answer. */
export class ClientGoneError extends TidegaugeError {
  readonly code = 'client_gone';
}

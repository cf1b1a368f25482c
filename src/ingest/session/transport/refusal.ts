import { TidegaugeError } from '../../../model/index.ts';

/** A connection is refused before it is one: the HTTP answer. */
export class ConnectionRefusedError extends TidegaugeError {
  readonly code = 'connection_refused';
  readonly statusCode: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(statusCode: number, message: string, retryAfterSeconds?: number) {
    super(message);
    this.statusCode = statusCode;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Headers of the answer to a refused request. */
export function refusalHeaders(error: ConnectionRefusedError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' };
  if (error.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(error.retryAfterSeconds);
  }
  if (error.statusCode === 401) headers['www-authenticate'] = 'Bearer';
  return headers;
}

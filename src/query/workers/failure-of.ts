import { messageOf, TidegaugeError } from '../../model/index.ts';
import type { QueryFailure } from './protocol.ts';

/** An error as plain data. */
export function failureOf(error: unknown): QueryFailure {
  const failure = error instanceof TidegaugeError ? error.code : 'internal';
  return { failure, message: messageOf(error) };
}

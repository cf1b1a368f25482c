import { messageOf, TidegaugeError } from '../../model/index.ts';
import { QueryLimitError, selectLimitOf } from '../exec/errors.ts';
import type { QueryFailure } from './protocol.ts';

/** An error as plain data. */
export function failureOf(error: unknown): QueryFailure {
  const failure = error instanceof TidegaugeError ? error.code : 'internal';
  return { failure, message: messageOf(error), limit: limitOf(error) };
}

function limitOf(error: unknown): QueryFailure['limit'] {
  if (error instanceof QueryLimitError) return error.limit;
  // Of tasks, which read from storage themselves.
  const isSelect = error instanceof TidegaugeError && error.code === 'select_limit';
  return isSelect ? selectLimitOf(error) : undefined;
}

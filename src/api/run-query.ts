import type { QueryRequest } from '../query/index.ts';
import { QueryFailedError } from '../query/index.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { ApiErrorType } from './errors.ts';
import { ApiError } from './errors.ts';
import { successBytes } from './respond.ts';
import type { ApiContext } from './routing.ts';

const TYPES: Readonly<Record<string, ApiErrorType>> = {
  bad_query: 'bad_data',
  bad_regex: 'bad_data',
  query_timeout: 'timeout',
  query_canceled: 'canceled',
  query_queue_full: 'unavailable',
  query_limit: 'execution',
  select_limit: 'execution',
  execution: 'execution',
};

/** Runs a request on a query worker; the client's going away cancels it. */
export async function runQuery(
  context: ApiContext,
  { queries }: ApiDependencies,
  request: QueryRequest,
): Promise<Response> {
  try {
    const answer = await queries.run(request, context.req.raw.signal);
    return successBytes(answer.data, answer);
  } catch (error) {
    if (!(error instanceof QueryFailedError)) throw error;
    throw new ApiError(TYPES[error.failure] ?? 'internal', error.message, { cause: error });
  }
}

import type { JsonQuery, QueryAnswer, QueryRequest, TakePart } from '../query/index.ts';
import { envelope, QueryFailedError } from '../query/index.ts';
import type { Answer } from './answer.ts';
import type { ApiErrorType } from './errors.ts';
import { ApiError, badParameter } from './errors.ts';
import { jsonAnswer, wholeAnswer } from './respond.ts';
import type { ApiRequest } from './route.ts';

const TYPES: Readonly<Record<string, ApiErrorType>> = {
  bad_regex: 'bad_data',
  query_timeout: 'timeout',
  query_canceled: 'canceled',
  query_queue_full: 'unavailable',
  query_limit: 'execution',
  select_limit: 'execution',
  execution: 'execution',
};

/** The error of the API for a request that the query workers failed. */
function apiErrorOf(error: QueryFailedError): ApiError {
  // Found wrong after parsing, such as what a setting forbids.
  if (error.failure === 'bad_query') return badParameter('query', error.message);
  return new ApiError(TYPES[error.failure] ?? 'internal', error.message, { cause: error });
}

/** Has a query worker answer; the client's going away cancels. @throws ApiError */
export async function askWorkers(
  request: Pick<ApiRequest, 'deps' | 'signal'>,
  query: QueryRequest,
  onPart?: TakePart,
): Promise<QueryAnswer> {
  try {
    return await request.deps.queries.run(query, () => request.signal, onPart);
  } catch (error) {
    throw asApiError(error);
  }
}

/**
 * The JSON answer to a query, with `infos` added to those of the answer: at once for what is small,
 * else when a worker has written it. Throws or rejects with ApiError.
 */
export function runQuery(
  request: ApiRequest,
  query: JsonQuery,
  infos: readonly string[] = [],
): Answer | Promise<Answer> {
  // What is compressed, or in its envelope, cannot be added to.
  const isWhole = infos.length === 0;
  const gzipFromBytes = isWhole ? request.gzipFromBytes : undefined;
  const asked = { ...query, gzipFromBytes, isWhole };
  let answer: QueryAnswer | Promise<QueryAnswer>;
  try {
    answer = request.deps.queries.ask(asked, () => request.signal);
  } catch (error) {
    throw asApiError(error);
  }
  if (!(answer instanceof Promise)) return answerAround(answer, request, infos);
  return answer.then(
    (found) => answerAround(found, request, infos),
    (error: unknown) => {
      throw asApiError(error);
    },
  );
}

function answerAround(
  answer: QueryAnswer,
  { gzipFromBytes }: ApiRequest,
  infos: readonly string[],
): Answer | Promise<Answer> {
  if (answer.isGzipped === true) return jsonAnswer(answer.data, true);
  if (answer.body !== undefined && infos.length === 0) return jsonAnswer(answer.body);
  if (answer.isWhole === true) return wholeAnswer(answer.data, gzipFromBytes);
  const notes = infos.length === 0 ? answer : { ...answer, infos: [...answer.infos, ...infos] };
  return wholeAnswer(envelope(answer.data, notes), gzipFromBytes);
}

function asApiError(error: unknown): unknown {
  return error instanceof QueryFailedError ? apiErrorOf(error) : error;
}

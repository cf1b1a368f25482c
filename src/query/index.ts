export { plainDecimal } from './annotations.ts';
export type * from './ast.ts';
export {
  type AnalyzedQuery,
  createEngine,
  type Engine,
  type EngineOptions,
  type InstantQuery,
  MAX_POINTS_PER_SERIES,
  type PreparedQuery,
  type QueryRun,
  type RangeQuery,
} from './engine.ts';
export { ParseError, positionAt, type QueryProblem } from './errors.ts';
export {
  ExecutionError,
  QueryCanceledError,
  QueryLimitError,
  QueryTimeoutError,
} from './exec/errors.ts';
export type { ExplainedNode, MeasuredNode } from './exec/explain.ts';
export { FUNCTION_SIGNATURES } from './functions/signatures.ts';
export { type QueryOptions, queryOptionsSchema } from './options.ts';
export {
  MAX_QUERY_DEPTH,
  MAX_QUERY_LENGTH,
  parseExpr,
  parseMetricSelector,
} from './parse/index.ts';
export { ParsedTexts } from './parsed-texts.ts';
export { prettyPrint, printExpr, quoteString } from './print/index.ts';
export type {
  HistogramPoint,
  MatrixSeries,
  QueryResult,
  QueryStats,
  QueryValue,
  VectorElement,
} from './result.ts';
export { encodeQueryData, encodeSeries, encodeTexts, histogramJson } from './result-json.ts';
export { selectorsOf } from './selectors-of.ts';
export { documentedType, valueTypeOf } from './value-type.ts';
export { QueryFailedError } from './workers/errors.ts';
export { envelope, packAnswer } from './workers/pack-answer.ts';
export type { JsonQuery, QueryAnswer, QueryRequest, TaskRequest } from './workers/protocol.ts';
export {
  createQueryPool,
  type QueryPool,
  type QueryPoolOptions,
  type QueryPoolStats,
  type SignalSource,
  type TakePart,
} from './workers/query-pool.ts';
export { type QueryWorkerData, runQueryWorker } from './workers/serve-queries.ts';
export type { QueryTask, QueryTasks, TaskContext } from './workers/tasks.ts';

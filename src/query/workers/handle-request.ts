import type { Labels, Matcher } from '../../model/index.ts';
import type { Querier, Queryable, TimeRange } from '../../storage/api.ts';
import type { Engine, QueryRun } from '../engine.ts';
import { ExecutionError } from '../exec/errors.ts';
import { unlessAborted } from '../exec/abortable.ts';
import type { QueryOptions } from '../options.ts';
import { parseMetricSelector } from '../parse/index.ts';
import { ParsedTexts } from '../parsed-texts.ts';
import { encodeQueryData, encodeSeries, encodeTexts } from '../result-json.ts';
import type { QueryResult, QueryValue } from '../result.ts';
import { packAnswer } from './pack-answer.ts';
import type { QueryAnswer, QueryRequest, TaskRequest } from './protocol.ts';
import type { QueryTasks, TaskContext } from './tasks.ts';

/** What a request is answered from. */
export interface RequestContext {
  readonly engine: Engine;
  readonly queryable: Queryable;
  /** Aborts with the error to fail with; undefined for what takes no time. */
  readonly signal: AbortSignal | undefined;
  readonly run: QueryRun;
  readonly queueMs: number;
  readonly tasks: QueryTasks;
  readonly options: QueryOptions;
  readonly send: TaskContext['send'];
}

/** Selectors that were asked for; a thread of the process has its own. */
export const parsedSelectors = new ParsedTexts(parseMetricSelector);

/** The most annotations of a level that an answer holds, as in Prometheus. */
const MAX_ANNOTATIONS = 10;

const TRUNCATED = 'results truncated due to limit';

/** Answers one request. @throws TidegaugeError of the query, of storage, or the signal's reason */
export async function handleRequest(
  request: QueryRequest,
  context: RequestContext,
): Promise<QueryAnswer> {
  if (request.kind === 'task') return runTask(request, context);
  return packAnswer(await answer(request, context), request.gzipFromBytes);
}

async function runTask(
  { task, input }: TaskRequest,
  { tasks, queryable, options, signal = new AbortController().signal, send }: RequestContext,
): Promise<QueryAnswer> {
  const run = tasks[task];
  if (run === undefined) throw new ExecutionError(`the query workers know no task ${task}`);
  return run(input, { queryable, options, signal, send });
}

async function answer(
  request: Exclude<QueryRequest, TaskRequest>,
  context: RequestContext,
): Promise<QueryAnswer> {
  switch (request.kind) {
    case 'instant':
    case 'range':
      return evaluate(request, context);
    case 'explain':
    case 'analyze':
      return explain(request, context);
    default: {
      const { encode, warnings } = await lookUp(request, context);
      return answerOf(encode(), warnings);
    }
  }
}

function answerOf(data: QueryAnswer['data'], warnings: readonly string[]): QueryAnswer {
  return { data, warnings, infos: [], stats: undefined };
}

/** What an instant or range query asks. */
export type EvaluateRequest = Extract<QueryRequest, { kind: 'instant' | 'range' }>;

async function evaluate(
  request: EvaluateRequest,
  { engine, run, queueMs }: RequestContext,
): Promise<QueryAnswer> {
  const result: QueryResult =
    request.kind === 'instant'
      ? await engine.instant(request.query, { ...run, timeMs: request.timeMs })
      : await engine.range(request.query, {
          ...run,
          startMs: request.startMs,
          endMs: request.endMs,
          stepMs: request.stepMs,
        });
  return answerOfResult(request, result, queueMs);
}

/** The answer to a query that has been evaluated after waiting for `queueMs`. */
export function answerOfResult(
  request: EvaluateRequest,
  result: QueryResult,
  queueMs: number,
): QueryAnswer {
  const { value, truncated } = limitValue(result.value, request.limit ?? 0);
  const wantsStats = request.stats !== undefined && request.stats !== '';
  const stats = wantsStats ? { ...result.stats, queueMs } : undefined;
  const warnings = truncated ? [...result.warnings, TRUNCATED] : result.warnings;
  const notes = { warnings: capped(warnings, 'warning'), infos: capped(result.infos, 'info') };
  const isWhole = request.isWhole === true;
  const { memory } = result;
  return {
    data: encodeQueryData(value, { stats, memory, notes: isWhole ? notes : undefined }),
    isWhole,
    warnings: notes.warnings,
    infos: notes.infos,
    stats: result.stats,
  };
}

async function explain(
  request: Extract<QueryRequest, { kind: 'explain' | 'analyze' }>,
  { engine, run, queueMs }: RequestContext,
): Promise<QueryAnswer> {
  const { startMs, endMs, stepMs } = request;
  const over = { ...run, startMs, endMs, stepMs };
  const encode = (data: unknown): QueryAnswer['data'] =>
    new TextEncoder().encode(JSON.stringify(data));
  if (request.kind === 'explain') {
    return answerOf(encode(engine.explain(request.query, over)), []);
  }
  const { plan, result } = await engine.analyze(request.query, over);
  const { stats } = result;
  return {
    data: encode({ plan, stats: { ...stats, queueMs } }),
    warnings: capped(result.warnings, 'warning'),
    infos: capped(result.infos, 'info'),
    stats,
  };
}

/** The first annotations, and how many there are beyond. */
function capped(texts: readonly string[], level: 'warning' | 'info'): readonly string[] {
  const more = texts.length - MAX_ANNOTATIONS;
  if (more <= 0) return texts;
  return [...texts.slice(0, MAX_ANNOTATIONS), `${more} more ${level} annotations omitted`];
}

function limitValue(
  value: QueryValue,
  limit: number,
): { readonly value: QueryValue; readonly truncated: boolean } {
  if (limit > 0 && value.kind === 'vector' && value.elements.length > limit) {
    return { value: { ...value, elements: value.elements.slice(0, limit) }, truncated: true };
  }
  if (limit > 0 && value.kind === 'matrix' && value.series.length > limit) {
    return { value: { ...value, series: value.series.slice(0, limit) }, truncated: true };
  }
  return { value, truncated: false };
}

/** What asks for labels. */
export type LookUpRequest = Extract<
  QueryRequest,
  { kind: 'series' | 'label_names' | 'label_values' }
>;

/** What a look-up found. */
export interface FoundLabels {
  /** Stores may give the same list again. */
  readonly list: readonly unknown[];
  readonly warnings: readonly string[];
  /** Writes the list as JSON. */
  readonly encode: () => Uint8Array<ArrayBuffer>;
}

/** Looks labels up. @throws as `handleRequest` */
export async function lookUp(
  request: LookUpRequest,
  context: Pick<RequestContext, 'queryable' | 'signal'>,
): Promise<FoundLabels> {
  if (request.kind === 'series') {
    return foundSeries(
      await select(request, context, (querier, ...over) => querier.series(...over)),
    );
  }
  const { list, warnings } = await select(request, context, (querier, ...over) =>
    request.kind === 'label_names'
      ? querier.labelNames(...over)
      : querier.labelValues(request.name, ...over),
  );
  return { list, warnings, encode: () => encodeTexts(list) };
}

/** What was found of series, as it is to be answered. */
export function foundSeries({ list, warnings }: Truncated<Labels>): FoundLabels {
  return { list, warnings, encode: () => encodeSeries(list) };
}

interface Truncated<T> {
  readonly list: readonly T[];
  readonly warnings: readonly string[];
}

/** The first of a list, as many as the limit allows; 0 allows all. */
export function truncated<T>(list: readonly T[], limit: number): Truncated<T> {
  if (limit === 0 || list.length <= limit) return { list, warnings: [] };
  return { list: list.slice(0, limit), warnings: [TRUNCATED] };
}

async function select<T>(
  { matchers, minTime, maxTime, limit = 0 }: LookUpRequest,
  { queryable, signal }: Pick<RequestContext, 'queryable' | 'signal'>,
  read: (
    querier: Querier,
    lists: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit: number | undefined,
  ) => Promise<readonly T[]>,
): Promise<Truncated<T>> {
  const lists = matchers.map((text) => parsedSelectors.of(text));
  const querier = queryable.querier();
  try {
    // One more than asked for tells whether there are more.
    const bound = limit > 0 ? limit + 1 : undefined;
    const reading = read(querier, lists, { minTime, maxTime }, bound);
    const list = await (signal === undefined ? reading : unlessAborted(reading, signal));
    return truncated(list, limit);
  } finally {
    querier.close();
  }
}

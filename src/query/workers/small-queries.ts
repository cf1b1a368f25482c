import type { Labels } from '../../model/index.ts';
import type { Queryable } from '../../storage/api.ts';
import type { Engine, PreparedQuery } from '../engine.ts';
import type { QueryOptions } from '../options.ts';
import { configuredEngine } from './configured-engine.ts';
import {
  answerOfResult,
  type EvaluateRequest,
  type FoundLabels,
  foundSeries,
  type LookUpRequest,
  lookUp,
  parsedSelectors,
  truncated,
} from './handle-request.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { QueryAnswer, QueryRequest } from './protocol.ts';

/** What is answered here takes a millisecond at most, some 30 ns for each. */
const MAX_COST = 32_768;
const MAX_QUERY_LENGTH = 1_000;
/** Label sets that are looked up and written here: as long. */
const MAX_LABEL_SETS = 400;
/** Values of a label that are looked up here: the first time it takes some milliseconds. */
const MAX_LABEL_VALUES = 8_192;

type SeriesRequest = Extract<QueryRequest, { kind: 'series' }>;
type ValuesRequest = Extract<QueryRequest, { kind: 'label_values' }>;

/**
 * Answers queries that are known to be small where they arrive: the way to a worker and back takes
 * longer than they do. How small they are the store tells before anything is read.
 */
export class SmallQueries {
  readonly #queryable: Queryable;
  readonly #options: QueryOptions;
  readonly #engine: Engine;
  readonly #kept = new KeptAnswers();

  constructor(queryable: Queryable, options: QueryOptions) {
    this.#queryable = queryable;
    this.#options = options;
    this.#engine = configuredEngine(queryable, options);
  }

  /**
   * The answer; undefined where a worker is to be asked. Throws or rejects with the query's errors.
   * Nothing ends it early: it is there before anybody could go away.
   */
  answer(request: QueryRequest): QueryAnswer | Promise<QueryAnswer> | undefined {
    switch (request.kind) {
      case 'series':
        return this.#series(request);
      case 'label_values':
        return this.#hasFewValues(request) ? this.#lookUp(request) : undefined;
      case 'instant':
      case 'range':
        return this.#evaluate(request);
      default:
        return undefined;
    }
  }

  #evaluate(request: EvaluateRequest): QueryAnswer | undefined {
    const { query, lookbackMs } = request;
    if (query.length > MAX_QUERY_LENGTH) return undefined;
    const over =
      request.kind === 'range'
        ? request
        : { startMs: request.timeMs, endMs: request.timeMs, stepMs: 0 };
    const perStepStats = request.stats === 'all' && this.#options.per_step_stats;
    let prepared: PreparedQuery;
    try {
      prepared = this.#engine.prepare(query, {
        startMs: over.startMs,
        endMs: over.endMs,
        stepMs: over.stepMs,
        timeoutMs: this.#options.timeout_ms,
        lookbackMs,
        perStepStats,
      });
    } catch {
      // The worker says what is wrong.
      return undefined;
    }
    const result = prepared.executeNow(MAX_COST);
    return result === undefined ? undefined : answerOfResult(request, result, 0);
  }

  #series(request: SeriesRequest): QueryAnswer | Promise<QueryAnswer> | undefined {
    const list = this.#seriesNow(request);
    if (list === undefined) return this.#isShortList(request) ? this.#lookUp(request) : undefined;
    return this.#answerOf(foundSeries(truncated(list, request.limit ?? 0)), request);
  }

  #seriesNow({ matchers, minTime, maxTime }: SeriesRequest): readonly Labels[] | undefined {
    const [text = '', ...others] = matchers;
    if (text === '' || others.length > 0 || text.length > MAX_QUERY_LENGTH) return undefined;
    try {
      const selector = parsedSelectors.of(text);
      return this.#queryable.seriesNow?.(selector, { minTime, maxTime }, MAX_LABEL_SETS);
    } catch {
      return undefined;
    }
  }

  async #lookUp(request: LookUpRequest): Promise<QueryAnswer> {
    const found = await lookUp(request, { queryable: this.#queryable, signal: undefined });
    return this.#answerOf(found, request);
  }

  #answerOf(
    { list, warnings, encode }: FoundLabels,
    { gzipFromBytes }: LookUpRequest,
  ): QueryAnswer | Promise<QueryAnswer> {
    if (warnings.length === 0) return this.#kept.of(list, encode, gzipFromBytes);
    // Compressing is nothing for this thread.
    return { data: encode(), warnings, infos: [], stats: undefined };
  }

  /** Among all series: those that match have to be looked at one by one. */
  #hasFewValues({ name, matchers, minTime, maxTime }: ValuesRequest): boolean {
    if (matchers.length > 0) return false;
    const count = this.#queryable.labelValueCount?.(name, { minTime, maxTime });
    return count !== undefined && count <= MAX_LABEL_VALUES;
  }

  #isShortList({ matchers, minTime, maxTime }: SeriesRequest): boolean {
    let series = matchers.length === 0 ? Infinity : 0;
    try {
      for (const text of matchers) {
        if (text.length > MAX_QUERY_LENGTH) return false;
        const selector = parsedSelectors.of(text);
        const size = this.#queryable.selectionSize?.(selector, { minTime, maxTime });
        series += size?.series ?? Infinity;
      }
    } catch {
      return false;
    }
    return series <= MAX_LABEL_SETS;
  }
}

import type { Queryable } from '../../storage/api.ts';
import type { Engine, PreparedQuery } from '../engine.ts';
import type { QueryOptions } from '../options.ts';
import { configuredEngine } from './configured-engine.ts';
import {
  answerOfResult,
  type EvaluateRequest,
  handleRequest,
  parsedSelectors,
  type RequestContext,
} from './handle-request.ts';
import type { QueryAnswer, QueryRequest } from './protocol.ts';

/** What is answered here takes half a millisecond at most. */
const MAX_COST = 8_192;
const MAX_QUERY_LENGTH = 1_000;
/** Label sets that are looked up and written here: as long. */
const MAX_LABEL_SETS = 400;

type Listed = Extract<QueryRequest, { kind: 'series' }>;

/**
 * Answers queries that are known to be small where they arrive: the way to a worker and back takes
 * longer than they do. How small they are the store tells before anything is read.
 */
export class SmallQueries {
  readonly #queryable: Queryable;
  readonly #options: QueryOptions;
  readonly #engine: Engine;
  readonly #context: RequestContext;

  constructor(queryable: Queryable, options: QueryOptions) {
    this.#queryable = queryable;
    this.#options = options;
    this.#engine = configuredEngine(queryable, options);
    this.#context = {
      engine: this.#engine,
      queryable,
      options,
      signal: undefined,
      queueMs: 0,
      tasks: {},
      send: () => Promise.resolve(),
      run: {},
    };
  }

  /**
   * The answer; undefined where a worker is to be asked. Throws or rejects with the query's errors.
   * Nothing ends it early: it is there before anybody could go away.
   */
  answer(request: QueryRequest): QueryAnswer | Promise<QueryAnswer> | undefined {
    switch (request.kind) {
      case 'series':
        return this.#isShortList(request) ? this.#list(request) : undefined;
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

  #list(request: Listed): Promise<QueryAnswer> {
    // Compressing is nothing for this thread.
    return handleRequest({ ...request, gzipFromBytes: undefined }, this.#context);
  }

  #isShortList({ matchers, minTime, maxTime }: Listed): boolean {
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

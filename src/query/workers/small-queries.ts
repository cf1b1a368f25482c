import type { Queryable } from '../../storage/api.ts';
import type { Engine } from '../engine.ts';
import type { QueryOptions } from '../options.ts';
import { parseMetricSelector } from '../parse/index.ts';
import { configuredEngine } from './configured-engine.ts';
import { handleRequest } from './handle-request.ts';
import type { QueryAnswer, QueryRequest } from './protocol.ts';

/** What is answered here takes half a millisecond at most. */
const MAX_COST = 8_192;
const MAX_QUERY_LENGTH = 1_000;
/** Label sets that are looked up and written here: as long. */
const MAX_LABEL_SETS = 400;

type Evaluated = Extract<QueryRequest, { kind: 'instant' | 'range' }>;
type Listed = Extract<QueryRequest, { kind: 'series' }>;

/**
 * Answers queries that are known to be small where they arrive: the way to a worker and back takes
 * longer than they do. How small they are the store tells before anything is read.
 */
export class SmallQueries {
  readonly #queryable: Queryable;
  readonly #options: QueryOptions;
  readonly #engine: Engine;

  constructor(queryable: Queryable, options: QueryOptions) {
    this.#queryable = queryable;
    this.#options = options;
    this.#engine = configuredEngine(queryable, options);
  }

  /** The answer; undefined where a worker is to be asked. Rejects with errors of the query. */
  answer(request: QueryRequest, signal: AbortSignal | undefined): Promise<QueryAnswer> | undefined {
    if (!this.#mayAnswer(request)) return undefined;
    return handleRequest(
      // Compressing is nothing for this thread.
      { ...request, gzipFromBytes: undefined },
      {
        engine: this.#engine,
        queryable: this.#queryable,
        options: this.#options,
        signal: signal ?? new AbortController().signal,
        queueMs: 0,
        tasks: {},
        send: () => Promise.resolve(),
        run: {
          timeoutMs: this.#options.timeout_ms,
          lookbackMs: request.kind === 'series' ? undefined : request.lookbackMs,
          perStepStats:
            request.kind !== 'series' && request.stats === 'all' && this.#options.per_step_stats,
          signal,
        },
      },
    );
  }

  #mayAnswer(request: QueryRequest): request is Evaluated | Listed {
    if (request.kind === 'series') return this.#isShortList(request);
    return (request.kind === 'instant' || request.kind === 'range') && this.#isSmall(request);
  }

  #isShortList({ matchers, minTime, maxTime }: Listed): boolean {
    let series = matchers.length === 0 ? Infinity : 0;
    try {
      for (const text of matchers) {
        if (text.length > MAX_QUERY_LENGTH) return false;
        const selector = parseMetricSelector(text);
        const size = this.#queryable.selectionSize?.(selector, { minTime, maxTime });
        series += size?.series ?? Infinity;
      }
    } catch {
      return false;
    }
    return series <= MAX_LABEL_SETS;
  }

  #isSmall(request: Evaluated): boolean {
    const { query, lookbackMs } = request;
    if (query.length > MAX_QUERY_LENGTH) return false;
    const over =
      request.kind === 'range'
        ? request
        : { startMs: request.timeMs, endMs: request.timeMs, stepMs: 1 };
    try {
      return this.#engine.cost(query, { ...over, lookbackMs }) <= MAX_COST;
    } catch {
      // The worker says what is wrong.
      return false;
    }
  }
}

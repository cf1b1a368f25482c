import type { Queryable } from '../storage/api.ts';
import { type Clock, systemClock } from '../util/index.ts';
import { Annotations } from './annotations.ts';
import type { Expr } from './ast.ts';
import { unlessAborted } from './exec/abortable.ts';
import type { ColumnValue, Grid } from './exec/columns.ts';
import { ExecutionError } from './exec/errors.ts';
import { evaluateVector } from './exec/conversions.ts';
import { Evaluator } from './exec/evaluate.ts';
import { instantValue, rangeValue } from './exec/finish.ts';
import { QueryGuard } from './exec/guard.ts';
import { evaluateInstantMatrix } from './exec/instant-matrix.ts';
import { type PlanNode, type PlanScope, planQuery } from './exec/plan.ts';
import { selectAll } from './exec/selections.ts';
import { parseExpr } from './parse/index.ts';
import type { QueryResult, QueryValue } from './result.ts';
import { valueTypeOf } from './value-type.ts';

/** The most points a series of a range answer may have; the HTTP API checks it. */
export const MAX_POINTS_PER_SERIES = 11_000;

/** What an engine is built on, with its defaults for all queries. */
export interface EngineOptions {
  readonly queryable: Queryable;
  readonly clock?: Pick<Clock, 'monotonic'>;
  /** How far back an instant vector looks for a sample. */
  readonly lookbackMs?: number;
  /** The step of subqueries that name none. */
  readonly defaultStepMs?: number;
  /** Most samples one query may hold at once, or read by one selector. */
  readonly maxSamples?: number;
  readonly maxSeries?: number;
  /** Counters are told by the label `__type__`. */
  readonly typeAndUnitLabels?: boolean;
  /** Rates make use of start timestamps, where they are stored. */
  readonly startTimestamps?: boolean;
}

/** What one query may be given besides its text and times. */
export interface QueryRun {
  readonly timeoutMs?: number | undefined;
  readonly lookbackMs?: number | undefined;
  /** Element 0 becomes other than 0 to cancel; may be shared with another thread. */
  readonly cancelFlag?: Int32Array | undefined;
  /** Ends a read from storage that is under way; its reason is the error then. */
  readonly signal?: AbortSignal | undefined;
}

export interface InstantQuery extends QueryRun {
  readonly timeMs: number;
}

/** Steps at `startMs`, `startMs + stepMs`, … up to `endMs`. */
export interface RangeQuery extends QueryRun {
  readonly startMs: number;
  readonly endMs: number;
  /** At least 1. */
  readonly stepMs: number;
}

export interface Engine {
  /** @throws ParseError, QueryTimeoutError, QueryCanceledError, QueryLimitError, ExecutionError */
  instant(query: string | Expr, at: InstantQuery): Promise<QueryResult>;
  /** As `instant`; a query of type string or range vector is refused with `ExecutionError`. */
  range(query: string | Expr, over: RangeQuery): Promise<QueryResult>;
}

const DEFAULT_LOOKBACK_MS = 5 * 60_000;
const DEFAULT_STEP_MS = 60_000;
const DEFAULT_MAX_SAMPLES = 50_000_000;

/** Evaluates PromQL on a store. */
export function createEngine(options: EngineOptions): Engine {
  return {
    instant: async (query, at) => new Run(options, at).instant(query, at.timeMs),
    range: async (query, over) => new Run(options, over).range(query, over),
  };
}

interface Frame {
  readonly expr: Expr;
  readonly text: string;
  readonly grid: Grid;
  readonly scope: Omit<PlanScope, 'defaultStepMs'>;
}

class Run {
  readonly #options: EngineOptions;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #startedMs: number;
  readonly #guard: QueryGuard;
  readonly #annotations = new Annotations();
  readonly #lookbackMs: number;
  readonly #signal: AbortSignal | undefined;

  constructor(options: EngineOptions, run: QueryRun) {
    const { timeoutMs, lookbackMs, cancelFlag, signal } = run;
    this.#signal = signal;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#startedMs = this.#clock.monotonic();
    this.#lookbackMs = lookbackMs ?? options.lookbackMs ?? DEFAULT_LOOKBACK_MS;
    this.#guard = new QueryGuard({
      maxSamples: options.maxSamples ?? DEFAULT_MAX_SAMPLES,
      clock: this.#clock,
      deadlineMs: this.#startedMs + (timeoutMs ?? Infinity),
      cancelFlag,
    });
  }

  instant(query: string | Expr, timeMs: number): Promise<QueryResult> {
    const expr = typeof query === 'string' ? parseExpr(query) : query;
    const grid = { startMs: timeMs, stepMs: 1, count: 1 };
    const scope = { startMs: timeMs, endMs: timeMs, stepMs: 0, rangeMs: 0 };
    const text = typeof query === 'string' ? query : '';
    return this.#execute({ expr, text, grid, scope }, (plan, evaluator) => {
      if (plan.kind === 'matrix' || plan.kind === 'subquery') {
        return { kind: 'matrix', series: evaluateInstantMatrix(plan, grid, evaluator) };
      }
      return instantValue(evaluator.evaluate(plan, grid), timeMs);
    });
  }

  range(query: string | Expr, { startMs, endMs, stepMs }: RangeQuery): Promise<QueryResult> {
    const expr = typeof query === 'string' ? parseExpr(query) : query;
    const type = valueTypeOf(expr);
    if (type === 'string' || type === 'matrix') {
      const named = type === 'matrix' ? 'range vector' : type;
      throw new ExecutionError(
        `invalid expression type "${named}" for range query, must be Scalar or instant Vector`,
      );
    }
    const grid = {
      startMs,
      stepMs,
      count: Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1),
    };
    const scope = { startMs, endMs, stepMs, rangeMs: endMs - startMs };
    const text = typeof query === 'string' ? query : '';
    return this.#execute({ expr, text, grid, scope }, (plan, evaluator) =>
      rangeValue(seriesOf(evaluator.evaluate(plan, grid)), grid),
    );
  }

  async #execute(
    { expr, text, grid, scope }: Frame,
    evaluate: (plan: PlanNode, evaluator: Evaluator) => QueryValue,
  ): Promise<QueryResult> {
    const { queryable, defaultStepMs = DEFAULT_STEP_MS, maxSamples, maxSeries } = this.#options;
    this.#guard.check();
    const plan = planQuery(expr, { ...scope, defaultStepMs });
    const preparedMs = this.#clock.monotonic();
    const querier = queryable.querier();
    try {
      const reading = selectAll(querier, plan, grid, {
        lookbackMs: this.#lookbackMs,
        maxSamples: maxSamples ?? DEFAULT_MAX_SAMPLES,
        maxSeries: maxSeries ?? Infinity,
      });
      const signal = this.#signal;
      const selections = await (signal === undefined ? reading : unlessAborted(reading, signal));
      const selectedMs = this.#clock.monotonic();
      const evaluator = new Evaluator(this.#evaluatorOptions(), selections);
      const value = evaluate(plan, evaluator);
      return this.#result(value, text, { preparedMs, selectedMs });
    } finally {
      querier.close();
    }
  }

  #evaluatorOptions(): ConstructorParameters<typeof Evaluator>[0] {
    return {
      guard: this.#guard,
      annotations: this.#annotations,
      lookbackMs: this.#lookbackMs,
      typeAndUnitLabels: this.#options.typeAndUnitLabels ?? false,
      startTimestamps: this.#options.startTimestamps ?? true,
    };
  }

  #result(
    value: QueryValue,
    text: string,
    { preparedMs, selectedMs }: { preparedMs: number; selectedMs: number },
  ): QueryResult {
    const endMs = this.#clock.monotonic();
    const { samplesRead, seriesRead, queryableSamples, peakSamples } = this.#guard;
    return {
      value,
      warnings: this.#annotations.texts('warning', text),
      infos: this.#annotations.texts('info', text),
      stats: {
        prepareMs: preparedMs - this.#startedMs,
        selectMs: selectedMs - preparedMs,
        evaluateMs: endMs - selectedMs,
        totalMs: endMs - this.#startedMs,
        samplesRead,
        seriesRead,
        queryableSamples,
        peakSamples,
      },
    };
  }
}

/** A scalar over time is a series without labels. */
function seriesOf(value: ColumnValue): Parameters<typeof rangeValue>[0] {
  if (value.kind === 'vector') return value.series;
  if (value.kind === 'string') return [];
  return evaluateVector(value).series;
}

import type { Queryable } from '../storage/api.ts';
import { type Clock, systemClock } from '../util/index.ts';
import { Annotations } from './annotations.ts';
import type { Expr } from './ast.ts';
import { unlessAborted } from './exec/abortable.ts';
import type { ColumnValue, Grid } from './exec/columns.ts';
import { ExecutionError } from './exec/errors.ts';
import { evaluateVector } from './exec/conversions.ts';
import { Evaluator } from './exec/evaluate.ts';
import { type ExplainedNode, explainPlan } from './exec/explain.ts';
import { instantValue, rangeValue } from './exec/finish.ts';
import { QueryGuard } from './exec/guard.ts';
import { evaluateInstantMatrix } from './exec/instant-matrix.ts';
import { type PlanNode, type PlanScope, planQuery } from './exec/plan.ts';
import { Profiler } from './exec/profile.ts';
import { selectAllNow } from './exec/select-now.ts';
import { selectAll, type SelectionOptions, type Selections } from './exec/selections.ts';
import { StepCounts } from './exec/step-counts.ts';
import { forbidExperimental } from './experimental.ts';
import { parseExpr } from './parse/index.ts';
import { ParsedTexts } from './parsed-texts.ts';
import type { QueryResult, QueryStats, QueryValue } from './result.ts';
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
  /** Most memory that one query may hold at once. */
  readonly maxMemoryBytes?: number;
  /** Counters are told by the label `__type__`. */
  readonly typeAndUnitLabels?: boolean;
  /** Rates make use of start timestamps, where they are stored. */
  readonly startTimestamps?: boolean;
  /** What Prometheus calls experimental is allowed (the default). */
  readonly experimentalFunctions?: boolean;
}

/** What one query may be given besides its text and times. */
export interface QueryRun {
  readonly timeoutMs?: number | undefined;
  /** The statistics tell samples by step. */
  readonly perStepStats?: boolean | undefined;
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
  /**
   * How a range query would be evaluated; nothing is read. Equal times: an instant query.
   * @throws ParseError, ExecutionError
   */
  explain(query: string | Expr, over: RangeQuery): ExplainedNode;
  /** Evaluates as `range` (as `instant` where the times are equal), each operator measured. */
  analyze(query: string | Expr, over: RangeQuery): Promise<AnalyzedQuery>;
  /**
   * Parses and plans; nothing is read before the rest is asked for. A step of 0 means an instant
   * query at `startMs`.
   * @throws as `instant`
   */
  prepare(query: string | Expr, over: RangeQuery): PreparedQuery;
  /** As `instant`; a query of type string or range vector is refused with `ExecutionError`. */
  range(query: string | Expr, over: RangeQuery): Promise<QueryResult>;
}

/** A query that is planned. */
export interface PreparedQuery {
  /**
   * The answer at once, where the store has all it takes at hand and `maxCost` is an upper bound of
   * the samples and steps that the query looks at; undefined where not. Throws as `Engine.instant`.
   */
  executeNow(maxCost: number): QueryResult | undefined;
  /** As `Engine.instant` and `Engine.range`; once. */
  execute(): Promise<QueryResult>;
}

/** A query's plan with what each operator took, and its answer. */
export interface AnalyzedQuery {
  readonly plan: ExplainedNode;
  readonly result: QueryResult;
}

const DEFAULT_LOOKBACK_MS = 5 * 60_000;
const DEFAULT_STEP_MS = 60_000;
const DEFAULT_MAX_SAMPLES = 50_000_000;

/** Evaluates PromQL on a store. */
export function createEngine(options: EngineOptions): Engine {
  const parsed = new ParsedTexts(parseExpr);
  const start = (run: QueryRun): Run => new Run(options, parsed, run);
  return {
    instant: async (query, at) => start(at).instant(query, at.timeMs),
    range: async (query, over) => start(over).range(query, over),
    explain: (query, over) => start(over).explain(query, over),
    analyze: async (query, over) => start(over).analyze(query, over),
    prepare: (query, over) => start(over).prepare(query, over),
  };
}

interface Frame {
  readonly expr: Expr;
  readonly text: string;
  readonly grid: Grid;
  readonly scope: Omit<PlanScope, 'defaultStepMs'>;
  readonly valueOf: (plan: PlanNode, evaluator: Evaluator) => QueryValue;
}

class Run {
  readonly #options: EngineOptions;
  readonly #parsed: ParsedTexts<Expr>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #startedMs: number;
  readonly #guard: QueryGuard;
  readonly #annotations = new Annotations();
  readonly #lookbackMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #perStepStats: boolean;

  constructor(options: EngineOptions, parsed: ParsedTexts<Expr>, run: QueryRun) {
    this.#parsed = parsed;
    const { timeoutMs, lookbackMs, cancelFlag, signal } = run;
    this.#signal = signal;
    this.#perStepStats = run.perStepStats ?? false;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#startedMs = this.#clock.monotonic();
    this.#lookbackMs = lookbackMs ?? options.lookbackMs ?? DEFAULT_LOOKBACK_MS;
    this.#guard = new QueryGuard({
      maxSamples: options.maxSamples ?? DEFAULT_MAX_SAMPLES,
      maxMemoryBytes: options.maxMemoryBytes ?? Infinity,
      clock: this.#clock,
      deadlineMs: this.#startedMs + (timeoutMs ?? Infinity),
      cancelFlag,
    });
  }

  instant(query: string | Expr, timeMs: number): Promise<QueryResult> {
    const frame = this.#instantFrame(query, timeMs);
    return this.#execute(this.#plan(frame), frame);
  }

  range(query: string | Expr, over: RangeQuery): Promise<QueryResult> {
    const frame = this.#rangeFrame(query, over);
    return this.#execute(this.#plan(frame), frame);
  }

  prepare(query: string | Expr, over: RangeQuery): PreparedQuery {
    const frame =
      over.stepMs === 0 ? this.#instantFrame(query, over.startMs) : this.#rangeFrame(query, over);
    const plan = this.#plan(frame);
    return {
      executeNow: (maxCost) => this.#executeNow(plan, frame, maxCost),
      execute: () => this.#execute(plan, frame),
    };
  }

  explain(query: string | Expr, over: RangeQuery): ExplainedNode {
    const frame = this.#frame(query, over);
    return explainPlan(this.#plan(frame), frame.grid);
  }

  async analyze(query: string | Expr, over: RangeQuery): Promise<AnalyzedQuery> {
    const frame = this.#frame(query, over);
    const plan = this.#plan(frame);
    const profiler = new Profiler(this.#clock);
    const result = await this.#execute(plan, frame, profiler);
    return { plan: explainPlan(plan, frame.grid, profiler), result };
  }

  #frame(query: string | Expr, over: RangeQuery): Frame {
    return over.startMs === over.endMs
      ? this.#instantFrame(query, over.startMs)
      : this.#rangeFrame(query, over);
  }

  #instantFrame(query: string | Expr, timeMs: number): Frame {
    const grid = { startMs: timeMs, stepMs: 1, count: 1 };
    const { expr, text } = this.#parse(query);
    return {
      expr,
      text,
      grid,
      scope: { startMs: timeMs, endMs: timeMs, stepMs: 0, rangeMs: 0 },
      valueOf(plan, evaluator) {
        if (plan.kind === 'matrix' || plan.kind === 'subquery') {
          return { kind: 'matrix', series: evaluateInstantMatrix(plan, grid, evaluator) };
        }
        return instantValue(evaluator.evaluate(plan, grid), timeMs);
      },
    };
  }

  #rangeFrame(query: string | Expr, { startMs, endMs, stepMs }: RangeQuery): Frame {
    const { expr, text } = this.#parse(query);
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
    return {
      expr,
      text,
      grid,
      scope: { startMs, endMs, stepMs, rangeMs: endMs - startMs },
      valueOf: (plan, evaluator) =>
        rangeValue(vectorOf(evaluator.evaluate(plan, grid)), grid, evaluator.guard.memory),
    };
  }

  #parse(query: string | Expr): Pick<Frame, 'expr' | 'text'> {
    const text = typeof query === 'string' ? query : '';
    const expr = typeof query === 'string' ? this.#parsed.of(query) : query;
    if (this.#options.experimentalFunctions === false) forbidExperimental(expr, text);
    return { expr, text };
  }

  #plan({ expr, scope }: Frame): PlanNode {
    const { defaultStepMs = DEFAULT_STEP_MS } = this.#options;
    this.#guard.check();
    return planQuery(expr, { ...scope, defaultStepMs });
  }

  async #execute(plan: PlanNode, frame: Frame, profiler?: Profiler): Promise<QueryResult> {
    const preparedMs = this.#clock.monotonic();
    const querier = this.#options.queryable.querier();
    try {
      const reading = selectAll(querier, plan, frame.grid, this.#selectionOptions());
      const signal = this.#signal;
      const selections = await (signal === undefined ? reading : unlessAborted(reading, signal));
      return this.#evaluate(plan, frame, selections, { preparedMs, profiler });
    } finally {
      querier.close();
    }
  }

  #executeNow(plan: PlanNode, frame: Frame, maxCost: number): QueryResult | undefined {
    const preparedMs = this.#clock.monotonic();
    const options = { ...this.#selectionOptions(), maxCost };
    const selections = selectAllNow(this.#options.queryable, plan, frame.grid, options);
    if (selections === undefined) return undefined;
    return this.#evaluate(plan, frame, selections, { preparedMs, profiler: undefined });
  }

  #selectionOptions(): SelectionOptions {
    const { maxSamples, maxSeries } = this.#options;
    return {
      lookbackMs: this.#lookbackMs,
      maxSamples: maxSamples ?? DEFAULT_MAX_SAMPLES,
      maxSeries: maxSeries ?? Infinity,
      memory: this.#guard.memory,
    };
  }

  #evaluate(
    plan: PlanNode,
    { text, grid, valueOf }: Frame,
    selections: Selections,
    { preparedMs, profiler }: { preparedMs: number; profiler: Profiler | undefined },
  ): QueryResult {
    const selectedMs = this.#clock.monotonic();
    if (this.#perStepStats) this.#guard.stepCounts = new StepCounts(grid);
    const evaluator = new Evaluator(this.#evaluatorOptions(), selections, profiler);
    const value = valueOf(plan, evaluator);
    return this.#result(value, text, { preparedMs, selectedMs });
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
    const { samplesRead, seriesRead, queryableSamples, peakSamples, stepCounts } = this.#guard;
    return {
      value,
      memory: this.#guard.memory,
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
        peakBytes: this.#guard.memory.peakBytes,
        ...(stepCounts === undefined ? {} : { perStep: stepsOf(stepCounts) }),
      },
    };
  }
}

function stepsOf({ grid, counts }: StepCounts): NonNullable<QueryStats['perStep']> {
  return Array.from(counts, (samples, step) => ({
    timestamp: grid.startMs + step * grid.stepMs,
    samples,
  }));
}

/** A scalar over time is a series without labels. */
function vectorOf(value: ColumnValue): Parameters<typeof rangeValue>[0] {
  if (value.kind === 'vector') return value;
  return value.kind === 'string' ? { series: [] } : evaluateVector(value);
}

import type { AggregateOperator, AtModifier, BinaryOperator, Expr, Span } from '../ast.ts';
import type { Subquery, ValueType, VectorMatching, VectorSelector } from '../ast.ts';
import type { Matcher } from '../../model/index.ts';
import { valueTypeOf } from '../value-type.ts';
import { type DurationScope, resolveOffset, resolveRange } from './durations.ts';

interface PlanBase {
  readonly span: Span;
  readonly type: ValueType;
  /** The same at every step: evaluated at one step only. */
  readonly invariant: boolean;
}

export interface NumberNode extends PlanBase {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringNode extends PlanBase {
  readonly kind: 'string';
  readonly value: string;
}

export interface SelectorNode extends PlanBase {
  readonly kind: 'selector';
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  /** The time `@` fixes, before the offset. */
  readonly atMs: number | undefined;
  readonly extension: 'anchored' | 'smoothed' | undefined;
  /** Of histograms only count, sum and what is known of resets will be looked at. */
  readonly statsOnly: boolean;
}

export interface MatrixNode extends PlanBase {
  readonly kind: 'matrix';
  readonly selector: SelectorNode;
  readonly rangeMs: number;
}

export interface SubqueryNode extends PlanBase {
  readonly kind: 'subquery';
  readonly expr: PlanNode;
  readonly rangeMs: number;
  readonly stepMs: number;
  readonly offsetMs: number;
  readonly atMs: number | undefined;
}

export interface UnaryNode extends PlanBase {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly operand: PlanNode;
}

export interface BinaryNode extends PlanBase {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly matching: VectorMatching | undefined;
  readonly returnBool: boolean;
}

export interface AggregateNode extends PlanBase {
  readonly kind: 'aggregate';
  readonly operator: AggregateOperator;
  readonly expr: PlanNode;
  readonly parameter: PlanNode | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export interface CallNode extends PlanBase {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly PlanNode[];
}

/**
 * The tree that is evaluated: parentheses gone, durations and `@` resolved to milliseconds,
 * `start()`, `end()`, `range()` and `step()` folded to numbers, step-invariant parts marked.
 */
export type PlanNode =
  | NumberNode
  | StringNode
  | SelectorNode
  | MatrixNode
  | SubqueryNode
  | UnaryNode
  | BinaryNode
  | AggregateNode
  | CallNode;

/** What a plan depends on besides the expression. */
export interface PlanScope extends DurationScope {
  readonly startMs: number;
  readonly endMs: number;
  /** Of subqueries that name no step. */
  readonly defaultStepMs: number;
}

/** Functions whose answer depends on the evaluation time, whatever their arguments. */
const TIME_DEPENDENT = new Set(
  `days_in_month day_of_month day_of_week day_of_year hour minute month year
   predict_linear time timestamp start end step range`.split(/\s+/),
);

/** @throws ExecutionError where a duration expression has no valid value */
export function planQuery(expr: Expr, scope: PlanScope): PlanNode {
  return planNode(expr, { ...scope, asksForStats: false, asksForBuckets: false });
}

/** What the expressions around a node ask of histograms. */
interface NodeScope extends PlanScope {
  readonly asksForStats: boolean;
  readonly asksForBuckets: boolean;
}

const ASK_FOR_STATS = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const ASK_FOR_BUCKETS = new Set([
  'histogram_quantile',
  'histogram_quantiles',
  'histogram_fraction',
]);

function scopeWithin(expr: Expr, scope: NodeScope): NodeScope {
  const asksForStats = scope.asksForStats || (expr.kind === 'call' && ASK_FOR_STATS.has(expr.name));
  const asksForBuckets =
    scope.asksForBuckets ||
    expr.kind === 'subquery' ||
    (expr.kind === 'call' && ASK_FOR_BUCKETS.has(expr.name)) ||
    (expr.kind === 'binary' && (expr.operator === '</' || expr.operator === '>/'));
  return { ...scope, asksForStats, asksForBuckets };
}

function planNode(expr: Expr, outer: NodeScope): PlanNode {
  const scope = scopeWithin(expr, outer);
  const plan = (child: Expr): PlanNode => planNode(child, scope);
  const { span } = expr;
  const type = valueTypeOf(expr);
  switch (expr.kind) {
    case 'paren':
      return plan(expr.expr);
    case 'number':
      return { kind: 'number', span, type, invariant: true, value: expr.value };
    case 'string':
      return { kind: 'string', span, type, invariant: true, value: expr.value };
    case 'vector_selector':
      return planSelector(expr, scope);
    case 'matrix_selector': {
      const selector = planSelector(expr.selector, scope);
      const rangeMs = resolveRange(expr.range, scope);
      return { kind: 'matrix', span, type, invariant: selector.invariant, selector, rangeMs };
    }
    case 'subquery':
      return planSubquery(expr, scope);
    case 'unary': {
      const operand = plan(expr.operand);
      const { operator } = expr;
      return { kind: 'unary', span, type, invariant: operand.invariant, operator, operand };
    }
    case 'binary': {
      const left = plan(expr.left);
      const right = plan(expr.right);
      const invariant = left.invariant && right.invariant;
      return { ...expr, kind: 'binary', type, invariant, left, right };
    }
    case 'aggregate': {
      const inner = plan(expr.expr);
      const parameter = expr.parameter === undefined ? undefined : plan(expr.parameter);
      const invariant = inner.invariant && (parameter?.invariant ?? true);
      return { ...expr, kind: 'aggregate', type, invariant, expr: inner, parameter };
    }
    default: {
      const folded = foldTime(expr.name, scope);
      if (folded !== undefined) {
        return { kind: 'number', span, type, invariant: true, value: folded };
      }
      const args = expr.args.map(plan);
      return {
        kind: 'call',
        span,
        type,
        invariant: isCallInvariant(expr.name, args),
        name: expr.name,
        args,
      };
    }
  }
}

function planSelector(expr: VectorSelector, scope: NodeScope): SelectorNode {
  const atMs = resolveAt(expr.at, scope);
  return {
    kind: 'selector',
    span: expr.span,
    type: 'vector',
    invariant: atMs !== undefined,
    matchers: expr.matchers,
    offsetMs: resolveOffset(expr.offset, scope),
    atMs,
    extension: expr.extension,
    statsOnly: scope.asksForStats && !scope.asksForBuckets,
  };
}

function planSubquery(expr: Subquery, scope: NodeScope): SubqueryNode {
  const atMs = resolveAt(expr.at, scope);
  return {
    kind: 'subquery',
    span: expr.span,
    type: 'matrix',
    invariant: atMs !== undefined,
    expr: planNode(expr.expr, scope),
    rangeMs: resolveRange(expr.range, scope),
    stepMs: expr.step === undefined ? scope.defaultStepMs : resolveRange(expr.step, scope),
    offsetMs: resolveOffset(expr.offset, scope),
    atMs,
  };
}

function resolveAt(at: AtModifier | undefined, scope: PlanScope): number | undefined {
  if (at === undefined) return undefined;
  if (at.kind === 'time') return at.timestampMs;
  return at.kind === 'start' ? scope.startMs : scope.endMs;
}

function foldTime(name: string, scope: PlanScope): number | undefined {
  switch (name) {
    case 'start':
      return scope.startMs / 1000;
    case 'end':
      return scope.endMs / 1000;
    case 'range':
      return scope.rangeMs / 1000;
    case 'step':
      return scope.startMs === scope.endMs ? 0 : scope.stepMs / 1000;
    default:
      return undefined;
  }
}

function isCallInvariant(name: string, args: readonly PlanNode[]): boolean {
  if (!args.every((arg) => arg.invariant)) return false;
  // The time of the sample that a fixed selector finds is fixed too.
  if (name === 'timestamp') return args[0]?.kind === 'selector';
  return !TIME_DEPENDENT.has(name);
}

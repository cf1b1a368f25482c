/**
 * The syntax tree of PromQL (language level Prometheus 3). Nodes are immutable and carry their
 * place in the text. Types are checked by the parser, so that what it returns evaluates without
 * type errors.
 */
import type { Matcher } from '../model/index.ts';

/** Offsets in UTF-16 units of the query text; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | UnaryExpr
  | BinaryExpr
  | AggregateExpr
  | Call
  | ParenExpr;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly span: Span;
  readonly value: number;
  /** Written as a duration (`5m`): printed so again. */
  readonly isDuration: boolean;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly span: Span;
  readonly value: string;
}

/**
 * A duration as written: a literal, or arithmetic over literals, `step()`, `range()`, `min_of()`,
 * `max_of()`, which the evaluator resolves once it knows the query's step and range. Arithmetic
 * is in seconds (`2 * 3` is six seconds, `5m ^ 2` is 90000 seconds).
 */
export type DurationExpr =
  | {
      readonly kind: 'duration';
      readonly span: Span;
      /** Whole only where it stands alone: a term of arithmetic may hold fractions. */
      readonly durationMs: number;
      /** Written as a duration (`5m`), not as a number of seconds (`300`): printed so again. */
      readonly isDuration: boolean;
    }
  | { readonly kind: 'duration_function'; readonly span: Span; readonly name: 'step' | 'range' }
  | {
      readonly kind: 'duration_unary';
      readonly span: Span;
      readonly operator: '+' | '-';
      readonly operand: DurationExpr;
    }
  | {
      readonly kind: 'duration_binary';
      readonly span: Span;
      readonly operator: '+' | '-' | '*' | '/' | '%' | '^' | 'min' | 'max';
      readonly left: DurationExpr;
      readonly right: DurationExpr;
    };

/** `@ 1234.5`, `@ start()`, `@ end()`. */
export type AtModifier =
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

export interface VectorSelector {
  readonly kind: 'vector_selector';
  readonly span: Span;
  /** The name as written before or inside the braces, '' where none; also among the matchers. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
  /** `anchored` and `smoothed` (extended range selectors). */
  readonly extension: 'anchored' | 'smoothed' | undefined;
}

export interface MatrixSelector {
  readonly kind: 'matrix_selector';
  readonly span: Span;
  /** Holds offset, @ and extension too, wherever they were written. */
  readonly selector: VectorSelector;
  readonly range: DurationExpr;
}

export interface Subquery {
  readonly kind: 'subquery';
  readonly span: Span;
  readonly expr: Expr;
  readonly range: DurationExpr;
  /** Undefined: the evaluator's default resolution. */
  readonly step: DurationExpr | undefined;
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}

export interface UnaryExpr {
  readonly kind: 'unary';
  readonly span: Span;
  readonly operator: '+' | '-';
  readonly operand: Expr;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
/** `</` and `>/` trim native histograms. */
export type TrimOperator = '</' | '>/';
export type ComparisonOperator = '==' | '!=' | '<' | '>' | '<=' | '>=';
export type SetOperator = 'and' | 'or' | 'unless';
export type BinaryOperator = ArithmeticOperator | TrimOperator | ComparisonOperator | SetOperator;

export interface VectorMatching {
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** True for `on`, false for `ignoring` and for no clause. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels that `group_left`/`group_right` copy from the "one" side. */
  readonly include: readonly string[];
  /** `fill_left(x)`/`fill_right(x)`/`fill(x)`: the value for a missing side. */
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly span: Span;
  readonly operator: BinaryOperator;
  /** Of the operator alone, without its modifiers. */
  readonly operatorSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
  /** Undefined unless both sides are vectors. */
  readonly matching: VectorMatching | undefined;
  readonly returnBool: boolean;
}

export type AggregateOperator =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'quantile'
  | 'count_values'
  | 'limitk'
  | 'limit_ratio';

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly span: Span;
  readonly operator: AggregateOperator;
  readonly expr: Expr;
  /** Of topk, bottomk, quantile, count_values, limitk, limit_ratio. */
  readonly parameter: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export interface Call {
  readonly kind: 'call';
  readonly span: Span;
  /** A key of the function table in `functions/signatures.ts`. */
  readonly name: string;
  readonly args: readonly Expr[];
}

export interface ParenExpr {
  readonly kind: 'paren';
  readonly span: Span;
  readonly expr: Expr;
}

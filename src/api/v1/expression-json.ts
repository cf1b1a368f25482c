import type { Matcher } from '../../model/index.ts';
import { METRIC_NAME } from '../../model/index.ts';
import type {
  AtModifier,
  DurationExpr,
  Expr,
  Subquery,
  VectorMatching,
  VectorSelector,
} from '../../query/index.ts';
import { FUNCTION_SIGNATURES, plainDecimal } from '../../query/index.ts';

type Json = Readonly<Record<string, unknown>>;

/** The tree that `/api/v1/parse_query` gives: nodes and fields as Prometheus 3 names them. */
export function expressionJson(expr: Expr): Json {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: decimal(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'paren':
      return { expr: expressionJson(expr.expr), type: 'parenExpr' };
    case 'unary':
      return { expr: expressionJson(expr.operand), op: expr.operator, type: 'unaryExpr' };
    case 'binary':
      return {
        bool: expr.returnBool,
        lhs: expressionJson(expr.left),
        matching: expr.matching === undefined ? null : matchingJson(expr.matching),
        op: expr.operator,
        rhs: expressionJson(expr.right),
        type: 'binaryExpr',
      };
    case 'aggregate':
      return {
        expr: expressionJson(expr.expr),
        grouping: expr.grouping,
        op: expr.operator,
        param: expr.parameter === undefined ? null : expressionJson(expr.parameter),
        type: 'aggregation',
        without: expr.without,
      };
    case 'call':
      return {
        args: expr.args.map(expressionJson),
        func: functionJson(expr.name),
        type: 'call',
      };
    case 'vector_selector':
      return { ...selectorJson(expr), type: 'vectorSelector' };
    case 'matrix_selector':
      return {
        ...selectorJson(expr.selector),
        range: literalMs(expr.range),
        rangeExpr: expressionOf(expr.range),
        type: 'matrixSelector',
      };
    case 'subquery':
      return subqueryJson(expr);
  }
}

function matchingJson(matching: VectorMatching): Json {
  const { cardinality, fillLeft, fillRight, include, labels, on } = matching;
  return {
    card: cardinality,
    fillValues: { lhs: fillLeft ?? null, rhs: fillRight ?? null },
    include,
    labels,
    on,
  };
}

/** `variadic`: 0 for a fixed number of arguments, -1 for any, else how many may be left out. */
function functionJson(name: string): Json {
  const signature = FUNCTION_SIGNATURES.get(name);
  const { argumentTypes = [], minArguments = 0, maxArguments = 0 } = signature ?? {};
  return {
    argTypes: argumentTypes,
    name,
    returnType: signature?.returnType ?? 'none',
    variadic: maxArguments === Infinity ? -1 : maxArguments - minArguments,
  };
}

function selectorJson(selector: VectorSelector): Json {
  return {
    anchored: selector.extension === 'anchored',
    matchers: orderedMatchers(selector).map(matcherJson),
    name: selector.name,
    ...movementJson(selector),
    smoothed: selector.extension === 'smoothed',
  };
}

/** The matcher that a name before the braces stands for comes last, as Prometheus adds it. */
function orderedMatchers({ name, matchers }: VectorSelector): readonly Matcher[] {
  const [first, ...rest] = matchers;
  if (first === undefined || name === '' || first.name !== METRIC_NAME) return matchers;
  return [...rest, first];
}

function subqueryJson(subquery: Subquery): Json {
  return {
    expr: expressionJson(subquery.expr),
    ...movementJson(subquery),
    range: literalMs(subquery.range),
    rangeExpr: expressionOf(subquery.range),
    step: literalMs(subquery.step),
    stepExpr: expressionOf(subquery.step),
    type: 'subquery',
  };
}

function movementJson({
  offset,
  at,
}: {
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}): Json {
  return {
    offset: literalMs(offset),
    offsetExpr: expressionOf(offset),
    startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind,
    timestamp: at?.kind === 'time' ? at.timestampMs : null,
  };
}

function matcherJson({ name, type, value }: Matcher): Json {
  return { name, type, value };
}

/** A duration that stands alone, in milliseconds; 0 where it is to be worked out, or missing. */
function literalMs(duration: DurationExpr | undefined): number {
  return duration?.kind === 'duration' ? duration.durationMs : 0;
}

/** Arithmetic over durations; null where there is none. */
function expressionOf(duration: DurationExpr | undefined): Json | null {
  return duration === undefined || duration.kind === 'duration' ? null : durationJson(duration);
}

function durationJson(duration: DurationExpr): Json {
  switch (duration.kind) {
    case 'duration':
      return {
        duration: duration.isDuration,
        type: 'numberLiteral',
        val: decimal(duration.durationMs / 1000),
      };
    case 'duration_function':
      return durationNode(duration.name, null, null);
    case 'duration_unary':
      return durationNode(duration.operator, null, durationJson(duration.operand));
    case 'duration_binary': {
      const { operator, left, right } = duration;
      const op = operator === 'min' || operator === 'max' ? `${operator}_of` : operator;
      return durationNode(op, durationJson(left), durationJson(right));
    }
  }
}

// Parentheses are not kept: the tree says what they said.
function durationNode(op: string, lhs: Json | null, rhs: Json | null): Json {
  return { lhs, op, rhs, type: 'durationExpr', wrapped: false };
}

function decimal(value: number): string {
  if (value !== value) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : plainDecimal(value);
}

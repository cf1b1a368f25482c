import type { AggregateOperator, Expr, Span } from '../ast.ts';
import { parseGroupingLabels } from './matching.ts';
import type { TokenStream } from './token-stream.ts';

const WITH_PARAMETER = new Set<string>([
  'topk',
  'bottomk',
  'quantile',
  'count_values',
  'limitk',
  'limit_ratio',
]);

/** Whether an aggregation takes a parameter before its vector. */
export function takesParameter(operator: AggregateOperator): boolean {
  return WITH_PARAMETER.has(operator);
}

interface Grouping {
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly end: number;
}

/** Parses `(a, b, …)`; `end` is after the closing parenthesis. */
export type ParseArguments = (stream: TokenStream) => {
  readonly args: readonly Expr[];
  readonly end: number;
};

/** Parses an aggregation, whose clause may stand before or after the arguments. */
export function parseAggregate(stream: TokenStream, parseArguments: ParseArguments): Expr {
  const token = stream.take();
  const operator = token.symbol as AggregateOperator;
  const before = parseClause(stream);
  const { args, end: argumentsEnd } = stream.within('aggregation', () => parseArguments(stream));
  const clause = before ?? parseClause(stream);
  const span = { start: token.start, end: Math.max(argumentsEnd, clause?.end ?? 0) };
  const { expr, parameter } = splitArguments(stream, operator, args, span);
  return stream.grow(
    {
      kind: 'aggregate',
      span,
      operator,
      expr,
      parameter,
      grouping: clause?.grouping ?? [],
      without: clause?.without ?? false,
    },
    expr,
    parameter,
  );
}

function parseClause(stream: TokenStream): Grouping | undefined {
  const keyword = stream.accept('by') ?? stream.accept('without');
  if (keyword === undefined) return undefined;
  const { labels, end } = parseGroupingLabels(stream);
  return { grouping: labels, without: keyword.symbol === 'without', end };
}

function splitArguments(
  stream: TokenStream,
  operator: AggregateOperator,
  args: readonly Expr[],
  span: Span,
): { expr: Expr; parameter: Expr | undefined } {
  const wanted = takesParameter(operator) ? 2 : 1;
  const expr = args[wanted - 1];
  if (args.length === 0) stream.fail(span, 'no arguments for aggregate expression provided');
  if (expr === undefined || args.length !== wanted) {
    return stream.fail(
      span,
      'wrong number of arguments for aggregate expression provided, ' +
        `expected ${wanted}, got ${args.length}`,
    );
  }
  return { expr, parameter: wanted === 2 ? args[0] : undefined };
}

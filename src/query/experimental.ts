import type { AggregateOperator, BinaryOperator, DurationExpr, Expr, Span } from './ast.ts';
import { ParseError, positionAt, type QueryProblem } from './errors.ts';
import { FUNCTION_SIGNATURES } from './functions/signatures.ts';

const AGGREGATIONS: ReadonlySet<AggregateOperator> = new Set(['limitk', 'limit_ratio']);
const OPERATORS: ReadonlySet<BinaryOperator> = new Set(['</', '>/']);

/**
 * Refuses a query that uses what is experimental in Prometheus: functions, `limitk` and
 * `limit_ratio`, trimming operators, fill modifiers, extended ranges, durations that are computed.
 * `text` is the query's, for positions; '' where it is not known.
 * @throws ParseError that names all of it
 */
export function forbidExperimental(expr: Expr, text: string): void {
  const problems: QueryProblem[] = [];
  const report = (span: Span, what: string): void => {
    const problem = `${what} is experimental, and experimental_functions is off`;
    problems.push({ text: problem, span, position: positionAt(text, span.start) });
  };
  visit(expr, report);
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ParseError([first, ...rest]);
}

type Report = (span: Span, what: string) => void;

function visit(expr: Expr, report: Report): void {
  switch (expr.kind) {
    case 'vector_selector':
      if (expr.extension !== undefined) report(expr.span, `the modifier "${expr.extension}"`);
      visitDuration(expr.offset, report);
      return;
    case 'matrix_selector':
      visit(expr.selector, report);
      visitDuration(expr.range, report);
      return;
    case 'subquery':
      visit(expr.expr, report);
      for (const duration of [expr.range, expr.step, expr.offset]) visitDuration(duration, report);
      return;
    case 'unary':
      visit(expr.operand, report);
      return;
    case 'paren':
      visit(expr.expr, report);
      return;
    case 'binary': {
      const { matching, operator, operatorSpan } = expr;
      if (OPERATORS.has(operator)) report(operatorSpan, `the operator "${operator}"`);
      if (matching?.fillLeft !== undefined || matching?.fillRight !== undefined) {
        report(operatorSpan, 'filling in missing series');
      }
      visit(expr.left, report);
      visit(expr.right, report);
      return;
    }
    case 'aggregate':
      if (AGGREGATIONS.has(expr.operator)) report(expr.span, `the aggregation "${expr.operator}"`);
      if (expr.parameter !== undefined) visit(expr.parameter, report);
      visit(expr.expr, report);
      return;
    case 'call':
      if (FUNCTION_SIGNATURES.get(expr.name)?.experimental === true) {
        report(expr.span, `the function "${expr.name}"`);
      }
      for (const arg of expr.args) visit(arg, report);
      return;
    default:
  }
}

function visitDuration(duration: DurationExpr | undefined, report: Report): void {
  if (duration !== undefined && duration.kind !== 'duration') {
    report(duration.span, 'a computed duration');
  }
}

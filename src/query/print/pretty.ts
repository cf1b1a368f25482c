import type { Expr } from '../ast.ts';
import { printAggregateHead, printOperator } from './parts.ts';
import { printExpr, printLeft, printSubqueryTail } from './print.ts';

/** What fits into this many characters stays on one line. */
const LINE_LENGTH = 100;
const INDENT = '  ';

/** A query over several lines where one would be too long, as Prometheus formats it. */
export function prettyPrint(expr: Expr): string {
  return pretty(expr, 0);
}

/** Each line comes with the indentation of its level. */
function pretty(expr: Expr, level: number): string {
  const indent = INDENT.repeat(level);
  const line = printExpr(expr);
  if (line.length <= LINE_LENGTH) return indent + line;
  switch (expr.kind) {
    case 'aggregate': {
      const args = expr.parameter === undefined ? [expr.expr] : [expr.parameter, expr.expr];
      return `${indent}${printAggregateHead(expr)}${prettyList(args, level)}`;
    }
    case 'call':
      return `${indent}${expr.name}${prettyList(expr.args, level)}`;
    case 'paren':
      return `${indent}${prettyList([expr.expr], level)}`;
    case 'binary': {
      const isNumber = expr.left.kind === 'number';
      const left = isNumber
        ? INDENT.repeat(level + 1) + printLeft(expr)
        : pretty(expr.left, level + 1);
      const right = pretty(expr.right, level + 1);
      return `${left}\n${indent}${printOperator(expr)}\n${right}`;
    }
    case 'subquery':
      return `${pretty(expr.expr, level)}${printSubqueryTail(expr)}`;
    case 'unary':
      return `${indent}${expr.operator}${pretty(expr.operand, level).trimStart()}`;
    default:
      return indent + line;
  }
}

/** `(`, each argument on lines of its own, `)`. */
function prettyList(args: readonly Expr[], level: number): string {
  const lines = args.map((argument) => pretty(argument, level + 1));
  return `(\n${lines.join(',\n')}\n${INDENT.repeat(level)})`;
}

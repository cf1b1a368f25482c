import type { BinaryExpr, Expr, MatrixSelector, Subquery } from '../ast.ts';
import {
  printAggregateHead,
  printExtension,
  printMatchers,
  printMovement,
  printNumber,
  printOperator,
  printRange,
  printSelector,
} from './parts.ts';
import { quoteString } from './quote.ts';

/**
 * A query on one line, in Prometheus's canonical form: parsing it again gives the same tree but
 * for places in the text and the order of matchers.
 */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr);
    case 'string':
      return quoteString(expr.value);
    case 'vector_selector':
      return printSelector(expr);
    case 'matrix_selector':
      return printMatrix(expr);
    case 'subquery':
      return `${printExpr(expr.expr)}${printSubqueryTail(expr)}`;
    case 'unary':
      return `${expr.operator}${printExpr(expr.operand)}`;
    case 'paren':
      return `(${printExpr(expr.expr)})`;
    case 'binary':
      return `${printLeft(expr)} ${printOperator(expr)} ${printExpr(expr.right)}`;
    case 'aggregate': {
      const args = expr.parameter === undefined ? [expr.expr] : [expr.parameter, expr.expr];
      return `${printAggregateHead(expr)}(${args.map(printExpr).join(', ')})`;
    }
    case 'call':
      return `${expr.name}(${expr.args.map(printExpr).join(', ')})`;
  }
}

/** The left side of an operator: `+Inf ^ 2` would be a sign before a power. */
export function printLeft({ operator, left }: BinaryExpr): string {
  const text = printExpr(left);
  return operator === '^' && text === '+Inf' ? 'Inf' : text;
}

function printMatrix({ selector, range }: MatrixSelector): string {
  const { at, offset } = printMovement(selector);
  const brackets = `[${printRange(range)}]`;
  return `${printMatchers(selector)}${brackets}${printExtension(selector)}${at}${offset}`;
}

/** `[range:step]` with what follows it. */
export function printSubqueryTail(subquery: Subquery): string {
  const { at, offset } = printMovement(subquery);
  const step = subquery.step === undefined ? '' : printRange(subquery.step);
  return `[${printRange(subquery.range)}:${step}]${at}${offset}`;
}

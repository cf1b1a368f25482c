import type { Matcher } from '../model/index.ts';
import type { Expr } from './ast.ts';

/** The matchers of every selector in a query, in the order of the text. */
export function selectorsOf(expr: Expr): (readonly Matcher[])[] {
  switch (expr.kind) {
    case 'vector_selector':
      return [expr.matchers];
    case 'matrix_selector':
      return [expr.selector.matchers];
    case 'subquery':
    case 'paren':
      return selectorsOf(expr.expr);
    case 'unary':
      return selectorsOf(expr.operand);
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case 'aggregate':
      return [
        ...(expr.parameter === undefined ? [] : selectorsOf(expr.parameter)),
        ...selectorsOf(expr.expr),
      ];
    case 'call':
      return expr.args.flatMap(selectorsOf);
    default:
      return [];
  }
}

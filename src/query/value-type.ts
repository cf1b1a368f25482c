import type { Expr, ValueType } from './ast.ts';
import { FUNCTION_SIGNATURES } from './functions/signatures.ts';

/** The type of an expression's value. Constant depth apart from parentheses and signs. */
export function valueTypeOf(expr: Expr): ValueType {
  let node = expr;
  while (node.kind === 'paren' || node.kind === 'unary') {
    node = node.kind === 'paren' ? node.expr : node.operand;
  }
  switch (node.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'matrix_selector':
    case 'subquery':
      return 'matrix';
    case 'call':
      return FUNCTION_SIGNATURES.get(node.name)?.returnType ?? 'vector';
    case 'binary':
      return valueTypeOf(node.left) === 'scalar' && valueTypeOf(node.right) === 'scalar'
        ? 'scalar'
        : 'vector';
    default:
      return 'vector';
  }
}

/** A type's name as the documents and error messages have it. */
export function documentedType(type: ValueType): string {
  switch (type) {
    case 'vector':
      return 'instant vector';
    case 'matrix':
      return 'range vector';
    default:
      return type;
  }
}

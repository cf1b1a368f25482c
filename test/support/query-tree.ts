import type { Matcher } from '../../src/model/index.ts';
import type { Expr } from '../../src/query/ast.ts';

/**
 * A tree as plain data without what the text's form alone decides: places, and the order of
 * matchers. For comparing what two texts mean.
 */
export function treeOf(expr: Expr): unknown {
  return JSON.parse(JSON.stringify(expr, simplify));
}

function simplify(key: string, value: unknown): unknown {
  if (key === 'span' || key === 'operatorSpan') return undefined;
  if (key === 'matchers') {
    const shown = (value as Matcher[]).map(({ type, name, value: v }) => `${name}${type}${v}`);
    return shown.sort();
  }
  if (typeof value !== 'number') return value;
  return Object.is(value, -0) ? '-0' : String(value);
}

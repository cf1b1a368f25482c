import type { AtModifier, Expr, VectorSelector } from '../../../src/query/ast.ts';
import { parseExpr } from '../../../src/query/parse/index.ts';
import { printExpr } from '../../../src/query/print/index.ts';

/** Functions whose value depends on the time of evaluation even where their arguments do not. */
const TIME_DEPENDENT = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'end',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'range',
  'start',
  'step',
  'time',
  'timestamp',
]);

export interface Variant {
  readonly query: string;
  readonly timeMs: number;
}

/**
 * The same query with `@ timeMs` on all its selectors, at other evaluation times, where its value
 * must be the same. None for queries that look at the time otherwise, or do not parse.
 */
export function atVariants(query: string, timeMs: number): readonly Variant[] {
  const pinned = pin(query, timeMs);
  if (pinned === undefined) return [];
  const times =
    timeMs === 0
      ? [-1000, 0, 1000]
      : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  return times.map((time) => ({ query: pinned, timeMs: time }));
}

function pin(query: string, timestampMs: number): string | undefined {
  let expr: Expr;
  try {
    expr = parseExpr(query);
  } catch {
    return undefined;
  }
  let dependsOnTime = false;
  const at: AtModifier = { kind: 'time', timestampMs };
  const pinSelector = (selector: VectorSelector): VectorSelector => ({
    ...selector,
    at: pinned(selector.at, at),
  });
  const visit = (node: Expr): Expr => {
    switch (node.kind) {
      case 'vector_selector':
        return pinSelector(node);
      case 'matrix_selector':
        return { ...node, selector: pinSelector(node.selector) };
      case 'subquery':
        // What is inside a pinned subquery is evaluated at fixed times already.
        return { ...node, at: pinned(node.at, at), expr: node.expr };
      case 'unary':
        return { ...node, operand: visit(node.operand) };
      case 'paren':
        return { ...node, expr: visit(node.expr) };
      case 'binary':
        return { ...node, left: visit(node.left), right: visit(node.right) };
      case 'aggregate':
        return {
          ...node,
          expr: visit(node.expr),
          parameter: node.parameter === undefined ? undefined : visit(node.parameter),
        };
      case 'call':
        dependsOnTime ||= TIME_DEPENDENT.has(node.name);
        return { ...node, args: node.args.map(visit) };
      default:
        return node;
    }
  };
  const result = visit(expr);
  return dependsOnTime ? undefined : printExpr(result);
}

/** A fixed time stays; `start()` and `end()` of an instant query are its time. */
function pinned(before: AtModifier | undefined, at: AtModifier): AtModifier {
  return before?.kind === 'time' ? before : at;
}

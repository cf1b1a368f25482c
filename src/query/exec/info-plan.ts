import { createMatcher, type Matcher, METRIC_NAME } from '../../model/index.ts';
import type { CallNode, PlanNode, SelectorNode } from './plan.ts';

/** The labels by which info series belong to the series they describe. */
export const IDENTIFYING_LABELS: readonly string[] = ['instance', 'job'];

const TARGET_INFO = 'target_info';

type InfoSelector = Pick<
  SelectorNode,
  'matchers' | 'atMs' | 'offsetMs' | 'extension' | 'statsOnly'
>;

/** What `info(v, {...})` reads besides `v`: the series, and at which times. */
export function infoSelection(node: CallNode): {
  matchers: readonly Matcher[];
  selector: InfoSelector;
} {
  const { names, data } = infoMatchers(node);
  const { atMs, offsetMs } = firstSelectorTime(node.args[0]!);
  const matchers = [...names, ...data];
  const selector = { matchers, atMs, offsetMs, extension: undefined, statsOnly: false };
  return { matchers, selector };
}

/** The matchers on the info metrics' names and those on their data labels. */
export function infoMatchers(node: CallNode): { names: Matcher[]; data: Matcher[] } {
  const selector = node.args[1];
  if (selector?.kind !== 'selector') return { names: effectiveNames([]), data: [] };
  const isName = ({ name }: Matcher): boolean => name === METRIC_NAME;
  return {
    names: effectiveNames(selector.matchers.filter(isName)),
    data: selector.matchers.filter((matcher) => !isName(matcher)),
  };
}

function effectiveNames(matchers: Matcher[]): Matcher[] {
  if (matchers.length === 0) return [createMatcher('=', METRIC_NAME, TARGET_INFO)];
  if (matchers.some(({ type }) => type === '=' || type === '=~')) return matchers;
  return [createMatcher('=~', METRIC_NAME, '.+_info'), ...matchers];
}

/** `@` and offset of the first selector, with those of the subqueries around it. */
export function firstSelectorTime(node: PlanNode): { atMs: number | undefined; offsetMs: number } {
  return findSelectorTime(node) ?? { atMs: undefined, offsetMs: 0 };
}

function findSelectorTime(
  node: PlanNode,
): { atMs: number | undefined; offsetMs: number } | undefined {
  switch (node.kind) {
    case 'selector':
      return { atMs: node.atMs, offsetMs: node.offsetMs };
    case 'matrix':
      return findSelectorTime(node.selector);
    case 'subquery': {
      const inner = findSelectorTime(node.expr);
      if (inner === undefined || inner.atMs !== undefined) return inner;
      return { atMs: node.atMs, offsetMs: inner.offsetMs + node.offsetMs };
    }
    case 'unary':
      return findSelectorTime(node.operand);
    case 'binary':
      return findSelectorTime(node.left) ?? findSelectorTime(node.right);
    case 'aggregate':
      return findSelectorTime(node.expr);
    case 'call':
      for (const arg of node.args) {
        const found = findSelectorTime(arg);
        if (found !== undefined) return found;
      }
      return undefined;
    default:
      return undefined;
  }
}

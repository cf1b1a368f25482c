import { formatDuration } from '../../model/index.ts';
import { quoteString } from '../print/index.ts';
import type { Grid } from './columns.ts';
import type { PlanNode, SelectorNode } from './plan.ts';
import type { Profiler } from './profile.ts';
import { subqueryGrid } from './subquery-grid.ts';

/** A plan as a tree to look at; plain data. Times are unix milliseconds. */
export interface ExplainedNode {
  /** What is done: `aggregate`, `binary`, `call`, `selector`, `range`, `subquery`, … */
  readonly operator: string;
  /** The operator's own name and arguments: `sum by (job)`, `rate`, `*`. */
  readonly detail: string;
  /** Where it stands in the query's text, UTF-16 offsets, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  /** The same at every step, so evaluated once. */
  readonly isInvariant: boolean;
  /** Steps it is evaluated at. */
  readonly steps: number;
  /** Of what was measured; only `analyze` has it. */
  readonly measured?: MeasuredNode;
  readonly children: readonly ExplainedNode[];
}

export interface MeasuredNode {
  /** Without the nodes below. */
  readonly ownMs: number;
  readonly totalMs: number;
  /** Series and samples of the result. */
  readonly series: number;
  readonly samples: number;
  /** Read from storage, the nodes below included. */
  readonly seriesRead: number;
  readonly samplesRead: number;
}

/** Describes a plan on a grid, with what a profiler has measured of it. */
export function explainPlan(node: PlanNode, grid: Grid, profiler?: Profiler): ExplainedNode {
  const inner = node.kind === 'subquery' ? subqueryGrid(node, grid) : grid;
  const children = childrenOf(node).map((child) => explainPlan(child, inner, profiler));
  const described = {
    operator: node.kind === 'matrix' ? 'range' : node.kind,
    detail: detailOf(node),
    start: node.span.start,
    end: node.span.end,
    isInvariant: node.invariant,
    steps: node.invariant ? Math.min(1, grid.count) : grid.count,
    children,
  };
  const profile = profiler?.of(node);
  if (profiler === undefined || profile === undefined) return described;
  const { totalMs, series, samples, seriesRead, samplesRead } = profile;
  const below = nearestMeasured(node, profiler);
  const measured = {
    ownMs: Math.max(0, totalMs - below),
    totalMs,
    series,
    samples,
    seriesRead,
    samplesRead,
  };
  return { ...described, measured };
}

/** Time of the nodes below that were measured, those in between having none of their own. */
function nearestMeasured(node: PlanNode, profiler: Profiler): number {
  let totalMs = 0;
  for (const child of childrenOf(node)) {
    totalMs += profiler.of(child)?.totalMs ?? nearestMeasured(child, profiler);
  }
  return totalMs;
}

export function childrenOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case 'subquery':
      return [node.expr];
    case 'unary':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'aggregate':
      return node.parameter === undefined ? [node.expr] : [node.parameter, node.expr];
    case 'call':
      return node.args;
    default:
      return [];
  }
}

function detailOf(node: PlanNode): string {
  switch (node.kind) {
    case 'number':
      return String(node.value);
    case 'string':
      return quoteString(node.value);
    case 'selector':
      return selectorText(node) + movementText(node);
    case 'matrix': {
      const { selector, rangeMs } = node;
      return `${selectorText(selector)}[${formatDuration(rangeMs)}]${movementText(selector)}`;
    }
    case 'subquery': {
      const { rangeMs, stepMs } = node;
      return `[${formatDuration(rangeMs)}:${formatDuration(stepMs)}]${movementText(node)}`;
    }
    case 'unary':
      return node.operator;
    case 'binary':
      return node.operator + matchingText(node) + (node.returnBool ? ' bool' : '');
    case 'aggregate': {
      const labels = node.grouping.join(', ');
      if (node.without) return `${node.operator} without (${labels})`;
      return labels === '' ? node.operator : `${node.operator} by (${labels})`;
    }
    case 'call':
      return node.name;
  }
}

function selectorText({ matchers, extension }: SelectorNode): string {
  const texts = matchers.map(({ name, type, value }) => name + type + quoteString(value));
  return `{${texts.join(',')}}${extension === undefined ? '' : ` ${extension}`}`;
}

function movementText({ atMs, offsetMs }: { atMs: number | undefined; offsetMs: number }): string {
  const at = atMs === undefined ? '' : ` @ ${atMs / 1000}`;
  if (offsetMs === 0) return at;
  const sign = offsetMs < 0 ? '-' : '';
  return `${at} offset ${sign}${formatDuration(Math.abs(offsetMs))}`;
}

function matchingText({ matching }: Extract<PlanNode, { kind: 'binary' }>): string {
  if (matching === undefined) return '';
  const { on, labels, cardinality, include } = matching;
  const word = on ? 'on' : 'ignoring';
  const matched = on || labels.length > 0 ? ` ${word} (${labels.join(', ')})` : '';
  if (cardinality === 'many-to-one') return `${matched} group_left (${include.join(', ')})`;
  if (cardinality === 'one-to-many') return `${matched} group_right (${include.join(', ')})`;
  return matched;
}

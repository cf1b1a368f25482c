import type { PlanFigures, PlanNode } from '../api/prometheus.ts';

/** One operator of a plan, as a row below the one that it feeds. */
export interface PlanRow {
  /** 1 for the operator that gives the answer. */
  depth: number;
  operator: string;
  detail: string;
  /** The part of the expression that it evaluates, on one line. */
  text: string;
  isInvariant: boolean;
  /** Null where an operator is measured with the one that it feeds. */
  figures: PlanFigures | null;
  /** Part of the whole time that was its own, 0 to 1. */
  share: number;
}

/** The operators from the answer down to what is read, depth first. */
export function planRows(plan: PlanNode, expression: string): PlanRow[] {
  const totalMs = plan.measured?.totalMs ?? 0;
  const rows: PlanRow[] = [];
  const visit = (node: PlanNode, depth: number) => {
    const figures = node.measured ?? null;
    rows.push({
      depth,
      operator: node.operator,
      detail: node.detail,
      text: expression.slice(node.start, node.end).replace(/\s+/g, ' '),
      isInvariant: node.isInvariant,
      figures,
      share: figures === null || totalMs <= 0 ? 0 : Math.min(1, figures.ownMs / totalMs),
    });
    for (const child of node.children) visit(child, depth + 1);
  };
  visit(plan, 1);
  return rows;
}

import { combineHistograms, combineMixed } from './binary-histograms.ts';
import { ABSENT, HISTOGRAM, type SeriesColumn, setFloat, setHistogram } from './columns.ts';
import type { EvalContext } from './context.ts';
import { incompatibleTypes } from './incompatible-types.ts';
import { arithmetic, compare, isArithmetic, isComparison } from './operators.ts';
import type { BinaryNode } from './plan.ts';

/**
 * Applies an operator to what two columns have at a step and stores the result in `into`: nothing
 * where the operator has no meaning for such samples, or a comparison does not hold.
 */
export function combineElements(
  node: BinaryNode,
  left: SeriesColumn,
  right: SeriesColumn,
  step: number,
  into: SeriesColumn,
  context: EvalContext,
): void {
  const { operator } = node;
  const leftHistogram = left.present[step] === HISTOGRAM ? left.histograms?.[step] : undefined;
  const rightHistogram = right.present[step] === HISTOGRAM ? right.histograms?.[step] : undefined;
  if (leftHistogram !== undefined && rightHistogram !== undefined) {
    combineHistograms(node, leftHistogram, rightHistogram, step, into, context);
  } else if (leftHistogram !== undefined) {
    storeMixed(node, combineMixed(operator, leftHistogram, right.values[step]!, false), step, into);
    if (into.present[step] === ABSENT) incompatibleTypes(node, 'histogram', 'float', context);
  } else if (rightHistogram !== undefined) {
    storeMixed(node, combineMixed(operator, rightHistogram, left.values[step]!, true), step, into);
    if (into.present[step] === ABSENT) incompatibleTypes(node, 'float', 'histogram', context);
  } else {
    combineFloats(node, left.values[step]!, right.values[step]!, step, into, context);
  }
}

function storeMixed(
  node: BinaryNode,
  result: ReturnType<typeof combineMixed>,
  step: number,
  into: SeriesColumn,
): void {
  if (result === undefined) return;
  if (node.returnBool) setFloat(into, step, 1);
  else setHistogram(into, step, result);
}

function combineFloats(
  node: BinaryNode,
  left: number,
  right: number,
  step: number,
  into: SeriesColumn,
  context: EvalContext,
): void {
  const { operator } = node;
  if (isArithmetic(operator)) {
    setFloat(into, step, arithmetic(operator, left, right));
  } else if (isComparison(operator)) {
    const holds = compare(operator, left, right);
    if (node.returnBool) setFloat(into, step, holds ? 1 : 0);
    else if (holds) setFloat(into, step, left);
  } else {
    incompatibleTypes(node, 'float', 'float', context);
  }
}

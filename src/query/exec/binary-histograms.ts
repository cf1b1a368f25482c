import { compactHistogram, type FloatHistogram } from '../../model/index.ts';
import type { BinaryOperator } from '../ast.ts';
import {
  addHistograms,
  equalHistograms,
  IncompatibleHistogramsError,
  scaleHistogram,
  subtractHistograms,
  divideHistogram,
} from '../functions/histogram/arithmetic.ts';
import { trimHistogram } from '../functions/histogram/trim.ts';
import { type SeriesColumn, setFloat, setHistogram } from './columns.ts';
import type { EvalContext } from './context.ts';
import { incompatibleTypes } from './incompatible-types.ts';
import type { BinaryNode } from './plan.ts';

/**
 * A histogram and a number: multiplied, divided by it, or trimmed at it. Undefined where the
 * operator has no meaning for them. `swapped`: the number stands on the left.
 */
export function combineMixed(
  operator: BinaryOperator,
  histogram: FloatHistogram,
  number: number,
  swapped: boolean,
): FloatHistogram | undefined {
  if (operator === '*') return compactHistogram(scaleHistogram(histogram, number));
  if (swapped) return undefined;
  switch (operator) {
    case '/':
      return compactHistogram(divideHistogram(histogram, number));
    case '</':
      return trimHistogram(histogram, number, 'keep_below');
    case '>/':
      return trimHistogram(histogram, number, 'keep_above');
    default:
      return undefined;
  }
}

/** Two histograms: added, subtracted or compared for equality; anything else is dropped. */
export function combineHistograms(
  node: BinaryNode,
  left: FloatHistogram,
  right: FloatHistogram,
  step: number,
  into: SeriesColumn,
  context: EvalContext,
): void {
  const { operator } = node;
  switch (operator) {
    case '+':
    case '-':
      addOrSubtract(node, left, right, step, into, context);
      return;
    case '==':
    case '!=': {
      const holds = equalHistograms(left, right) === (operator === '==');
      if (node.returnBool) setFloat(into, step, holds ? 1 : 0);
      else if (holds) setHistogram(into, step, left);
      return;
    }
    default:
      incompatibleTypes(node, 'histogram', 'histogram', context);
  }
}

function addOrSubtract(
  { operator, span }: BinaryNode,
  left: FloatHistogram,
  right: FloatHistogram,
  step: number,
  into: SeriesColumn,
  { annotations }: EvalContext,
): void {
  const isSum = operator === '+';
  try {
    const combine = isSum ? addHistograms : subtractHistograms;
    const { histogram, resetCollision, boundsReconciled } = combine(left, right);
    const result = isSum ? histogram : { ...histogram, counterReset: 'gauge' as const };
    setHistogram(into, step, compactHistogram(result));
    const operation = isSum ? 'addition' : 'subtraction';
    if (boundsReconciled) {
      annotations.info(`mismatched custom buckets were reconciled during ${operation}`, span);
    }
    if (resetCollision) {
      annotations.warn(`conflicting counter resets during histogram ${operation}`, span);
    }
  } catch (error) {
    if (!(error instanceof IncompatibleHistogramsError)) throw error;
    annotations.warn(
      `incompatible bucket layout encountered for binary operator ${operator}`,
      span,
    );
  }
}

import type { BinaryOperator } from '../ast.ts';
import { combineMixed } from './binary-histograms.ts';
import {
  ABSENT,
  type ColumnValue,
  FLOAT,
  type Grid,
  HISTOGRAM,
  type ScalarValue,
  type SeriesColumn,
  setHistogram,
  type VectorValue,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { incompatibleTypes } from './incompatible-types.ts';
import { evaluateMatching } from './matching.ts';
import {
  arithmetic,
  changesSchema,
  compare,
  type ComparisonOperator,
  isArithmetic,
  isComparison,
} from './operators.ts';
import type { BinaryNode } from './plan.ts';
import { evaluateSetOperation } from './set-operations.ts';

export function evaluateBinary(node: BinaryNode, grid: Grid, context: EvalContext): ColumnValue {
  const left = context.evaluate(node.left, grid);
  const right = context.evaluate(node.right, grid);
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    return combineScalars(node.operator, left, right);
  }
  if (left.kind === 'vector' && right.kind === 'vector') {
    return isSetOperator(node.operator)
      ? evaluateSetOperation(node, left, right, grid)
      : evaluateMatching(node, left, right, grid, context);
  }
  if (left.kind === 'vector' && right.kind === 'scalar') {
    return combineWithScalar({ node, vector: left, scalar: right, swapped: false }, context);
  }
  if (left.kind === 'scalar' && right.kind === 'vector') {
    return combineWithScalar({ node, vector: right, scalar: left, swapped: true }, context);
  }
  return left;
}

function isSetOperator(operator: BinaryOperator): boolean {
  return operator === 'and' || operator === 'or' || operator === 'unless';
}

function combineScalars(
  operator: BinaryOperator,
  left: ScalarValue,
  right: ScalarValue,
): ScalarValue {
  const values = left.values;
  const others = right.values;
  if (isArithmetic(operator)) {
    for (let step = 0; step < values.length; step++) {
      values[step] = arithmetic(operator, values[step]!, others[step]!);
    }
  } else if (isComparison(operator)) {
    for (let step = 0; step < values.length; step++) {
      values[step] = compare(operator, values[step]!, others[step]!) ? 1 : 0;
    }
  }
  return left;
}

interface ScalarSide {
  readonly node: BinaryNode;
  readonly vector: VectorValue;
  readonly scalar: ScalarValue;
  /** The scalar stands on the left. */
  readonly swapped: boolean;
}

function combineWithScalar(side: ScalarSide, context: EvalContext): VectorValue {
  const { node, vector } = side;
  const dropsName = changesSchema(node.operator) || node.returnBool;
  for (const column of vector.series) {
    if (column.histograms !== undefined) combineHistogramColumn(side, column, context);
    if (isArithmetic(node.operator)) arithmeticColumn(side, node.operator, column);
    else if (isComparison(node.operator)) compareColumn(side, node.operator, column);
    else trimFloats(side, column, context);
    if (dropsName) column.dropName = true;
  }
  return vector;
}

function arithmeticColumn(
  { scalar, swapped }: ScalarSide,
  operator: Parameters<typeof arithmetic>[0],
  { values }: SeriesColumn,
): void {
  // Steps without a sample are computed too: cheaper than asking.
  const others = scalar.values;
  for (let step = 0; step < values.length; step++) {
    values[step] = swapped
      ? arithmetic(operator, others[step]!, values[step]!)
      : arithmetic(operator, values[step]!, others[step]!);
  }
}

function compareColumn(
  { node, scalar, swapped }: ScalarSide,
  operator: ComparisonOperator,
  { values, present }: SeriesColumn,
): void {
  for (let step = 0; step < values.length; step++) {
    if (present[step] !== FLOAT) continue;
    const value = values[step]!;
    const other = scalar.values[step]!;
    const holds = swapped ? compare(operator, other, value) : compare(operator, value, other);
    if (node.returnBool) values[step] = holds ? 1 : 0;
    else if (!holds) present[step] = ABSENT;
  }
}

/** Trimming floats means nothing: they are dropped. */
function trimFloats({ node }: ScalarSide, column: SeriesColumn, context: EvalContext): void {
  for (let step = 0; step < column.present.length; step++) {
    if (column.present[step] !== FLOAT) continue;
    column.present[step] = ABSENT;
    incompatibleTypes(node, 'float', 'float', context);
  }
}

function combineHistogramColumn(
  { node, scalar, swapped }: ScalarSide,
  column: SeriesColumn,
  context: EvalContext,
): void {
  const { present, histograms } = column;
  for (let step = 0; step < present.length; step++) {
    const histogram = present[step] === HISTOGRAM ? histograms?.[step] : undefined;
    if (histogram === undefined) continue;
    const number = scalar.values[step]!;
    const result = combineMixed(node.operator, histogram, number, swapped);
    if (result === undefined) {
      present[step] = ABSENT;
      if (swapped) incompatibleTypes(node, 'float', 'histogram', context);
      else incompatibleTypes(node, 'histogram', 'float', context);
    } else {
      setHistogram(column, step, result);
    }
  }
}

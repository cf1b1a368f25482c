import type { ArithmeticOperator, BinaryOperator, ComparisonOperator } from '../ast.ts';

import { power } from '../functions/power.ts';

export type { ArithmeticOperator, ComparisonOperator } from '../ast.ts';

const ARITHMETIC = new Set<string>(['+', '-', '*', '/', '%', '^', 'atan2']);
const COMPARISON = new Set<string>(['==', '!=', '<', '>', '<=', '>=']);

export function isArithmetic(operator: BinaryOperator): operator is ArithmeticOperator {
  return ARITHMETIC.has(operator);
}

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return COMPARISON.has(operator);
}

/** Whether the result is another quantity, so that the metric's name no longer fits. */
export function changesSchema(operator: BinaryOperator): boolean {
  return ARITHMETIC.has(operator);
}

export function arithmetic(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return power(left, right);
    default:
      return Math.atan2(left, right);
  }
}

export function compare(operator: ComparisonOperator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '<=':
      return left <= right;
    default:
      return left >= right;
  }
}

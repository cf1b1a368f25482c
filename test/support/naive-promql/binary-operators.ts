import type { Labels } from '../../../src/model/index.ts';
import type { BinaryExpr, BinaryOperator } from '../../../src/query/ast.ts';
import { type Element, isFloat, NaiveError, type NaiveValue, Unspecified } from './model.ts';
import { withoutName } from './model.ts';
import { combine, divide, MixedSchemas, sameHistogram, scale } from './native-histogram.ts';

const ARITHMETIC = new Set<string>(['+', '-', '*', '/', '%', '^', 'atan2']);

/** An operator between numbers; comparisons give 1 or 0. */
export function combineNumbers(operator: BinaryOperator, left: number, right: number): number {
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
      // Go's pow: 1 to any power, and -1 to an infinite one, are 1.
      return left === 1 || (left === -1 && Math.abs(right) === Infinity) ? 1 : left ** right;
    case 'atan2':
      return Math.atan2(left, right);
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    case '<':
      return Number(left < right);
    case '>':
      return Number(left > right);
    case '<=':
      return Number(left <= right);
    case '>=':
      return Number(left >= right);
    default:
      throw new Unspecified(operator);
  }
}

/** What an operator makes of two samples; undefined where nothing comes of them. */
function combineValues(
  { operator, returnBool }: BinaryExpr,
  left: NaiveValue,
  right: NaiveValue,
): NaiveValue | undefined {
  if (isFloat(left) && isFloat(right)) {
    const result = combineNumbers(operator, left, right);
    if (ARITHMETIC.has(operator) || returnBool) return result;
    return result === 1 ? left : undefined;
  }
  if (isFloat(left) || isFloat(right)) {
    if (operator === '*' && isFloat(right) && !isFloat(left)) return scale(left, right);
    if (operator === '*' && isFloat(left) && !isFloat(right)) return scale(right, left);
    if (operator === '/' && isFloat(right) && !isFloat(left)) return divide(left, right);
    return undefined;
  }
  if (operator === '==' || operator === '!=') {
    const holds = sameHistogram(left, right) === (operator === '==');
    if (returnBool) return Number(holds);
    return holds ? left : undefined;
  }
  if (operator !== '+' && operator !== '-') return undefined;
  try {
    return combine(left, right, operator === '+' ? 1 : -1);
  } catch (error) {
    if (error instanceof MixedSchemas) return undefined;
    throw error;
  }
}

/** A vector and a number, in either order. */
export function combineWithNumber(
  expr: BinaryExpr,
  vector: readonly Element[],
  number: number,
  numberIsLeft: boolean,
): Element[] {
  const isArithmetic = ARITHMETIC.has(expr.operator);
  return vector.flatMap((element) => {
    const [left, right] = numberIsLeft ? [number, element.value] : [element.value, number];
    let value = combineValues(expr, left, right);
    if (value === undefined) return [];
    // A comparison keeps the vector's value on whichever side that stands.
    if (!isArithmetic && !expr.returnBool) value = element.value;
    const dropName = element.dropName || isArithmetic || expr.returnBool;
    return [{ labels: element.labels, value, dropName }];
  });
}

function matchingOf(expr: BinaryExpr): (labels: Labels) => Labels {
  const names = expr.matching?.labels ?? [];
  if (expr.matching?.on === true) return (labels) => labels.only(new Set(names));
  return (labels) => labels.without(new Set([...names, '__name__']));
}

/** `and`, `or`, `unless`. */
export function combineSets(
  expr: BinaryExpr,
  left: readonly Element[],
  right: readonly Element[],
): Element[] {
  const matching = matchingOf(expr);
  const keyOf = ({ labels }: Element): string => matching(labels).key;
  if (expr.operator === 'or') {
    const seen = new Set(left.map(keyOf));
    return [...left, ...right.filter((element) => !seen.has(keyOf(element)))];
  }
  const seen = new Set(right.map(keyOf));
  return left.filter((element) => seen.has(keyOf(element)) === (expr.operator === 'and'));
}

/** An operator between two vectors: each element with the one it matches. */
export function combineVectors(
  expr: BinaryExpr,
  left: readonly Element[],
  right: readonly Element[],
): Element[] {
  const { matching } = expr;
  const [fillLeft, fillRight] = [matching?.fillLeft, matching?.fillRight];
  if (fillLeft === undefined && fillRight === undefined && (!left.length || !right.length)) {
    return [];
  }
  const isSwapped = matching?.cardinality === 'one-to-many';
  if (isSwapped && (fillLeft !== undefined || fillRight !== undefined)) {
    throw new Unspecified('which side is filled');
  }
  const [many, one] = isSwapped ? [right, left] : [left, right];
  const match = matchingOf(expr);
  const oneByKey = new Map<string, Element>();
  for (const element of one) {
    const { key } = match(element.labels);
    if (oneByKey.has(key)) throw new NaiveError('several matches on the "one" side');
    oneByKey.set(key, element);
  }
  const filled = (labels: Labels, value: number | undefined): Element | undefined =>
    value === undefined ? undefined : { labels: match(labels), value, dropName: false };
  const output: Element[] = [];
  const matched = new Map<string, Labels[]>();
  const pair = (manySide: Element, oneSide: Element): void => {
    const { key } = match(oneSide.labels);
    const labels = resultLabels(expr, manySide.labels, oneSide.labels);
    const before = matched.get(key) ?? [];
    if (!isFree(expr, labels, before)) throw new NaiveError('multiple matches');
    matched.set(key, [...before, labels]);
    const [a, b] = isSwapped ? [oneSide, manySide] : [manySide, oneSide];
    const value = combineValues(expr, a.value, b.value);
    if (value === undefined) return;
    output.push({ labels, value, dropName: manySide.dropName || expr.returnBool });
  };
  for (const element of many) {
    const partner = oneByKey.get(match(element.labels).key) ?? filled(element.labels, fillRight);
    if (partner !== undefined) pair(element, partner);
  }
  const manyKeys = new Set(many.map(({ labels }) => match(labels).key));
  for (const element of one) {
    const partner = filled(element.labels, fillLeft);
    if (partner !== undefined && !manyKeys.has(match(element.labels).key)) pair(partner, element);
  }
  checkUnique(output);
  return output;
}

function isFree({ matching }: BinaryExpr, labels: Labels, before: readonly Labels[]): boolean {
  if (matching?.cardinality === 'one-to-one') return before.length === 0;
  return !before.some((other) => other.equals(labels));
}

function resultLabels({ operator, matching }: BinaryExpr, many: Labels, one: Labels): Labels {
  let labels = ARITHMETIC.has(operator) ? withoutName(many) : many;
  if (matching?.cardinality === 'one-to-one') {
    const names = new Set(matching.labels);
    labels = matching.on ? labels.only(names) : labels.without(names);
  }
  for (const name of matching?.include ?? []) labels = labels.with(name, one.get(name));
  return labels;
}

/** @throws NaiveError where two elements have the same labels */
export function checkUnique(elements: readonly Element[]): void {
  const keys = elements.map(({ labels, dropName }) => `${dropName} ${labels.key}`);
  if (new Set(keys).size < keys.length) throw new NaiveError('two elements with the same labels');
}

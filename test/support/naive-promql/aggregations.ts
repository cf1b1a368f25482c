import type { AggregateExpr } from '../../../src/query/ast.ts';
import {
  type Element,
  exactSum,
  extreme,
  groupBy,
  isExact,
  isFloat,
  mean,
  NaiveError,
  quantile,
  Unspecified,
  variance,
} from './model.ts';
import { combine, divide, MixedSchemas, type NativeHistogram } from './native-histogram.ts';

/** What an aggregation makes of a vector; `parameter` is undefined where it has none. */
export function aggregate(
  expr: AggregateExpr,
  vector: readonly Element[],
  parameter: number | string | undefined,
): Element[] {
  const { operator } = expr;
  if (operator === 'count_values') return countValues(expr, vector, String(parameter));
  const groups = groupBy(vector, ({ labels }) => groupLabels(expr, labels).key);
  if (operator === 'topk' || operator === 'bottomk') {
    const count = wholeNumber(Number(parameter));
    return groups.flatMap((group) => best(group, count, operator === 'topk'));
  }
  if (operator === 'limitk') {
    const count = wholeNumber(Number(parameter));
    return groups.flatMap((group) => group.slice(0, count));
  }
  return groups.flatMap((group) => {
    const value = fold(operator, group, Number(parameter));
    if (value === undefined) return [];
    const labels = groupLabels(expr, group[0]!.labels);
    return [{ labels, value, dropName: group.some(({ dropName }) => dropName) }];
  });
}

function groupLabels({ grouping, without }: AggregateExpr, labels: Element['labels']) {
  return without
    ? labels.without(new Set([...grouping, '__name__']))
    : labels.only(new Set(grouping));
}

function wholeNumber(count: number): number {
  if (count < 1) return 0;
  if (!(Math.abs(count) < 2 ** 63)) throw new NaiveError('no whole number');
  return Math.trunc(count);
}

function fold(
  operator: AggregateExpr['operator'],
  group: readonly Element[],
  parameter: number,
): Element['value'] | undefined {
  const numbers = group.map(({ value }) => value).filter(isFloat);
  const histograms = group
    .map(({ value }) => value)
    .filter((value): value is NativeHistogram => !isFloat(value));
  if (operator === 'count') return group.length;
  if (operator === 'group') return 1;
  if (operator === 'sum' || operator === 'avg') {
    if (histograms.length === 0) return operator === 'sum' ? exactSum(numbers) : mean(numbers);
    if (numbers.length > 0) return undefined;
    const total = totalOf(histograms);
    return total !== undefined && operator === 'avg' ? divide(total, histograms.length) : total;
  }
  if (numbers.length === 0) return undefined;
  switch (operator) {
    case 'min':
    case 'max':
      return extreme(numbers, operator);
    case 'stdvar':
      return variance(numbers);
    case 'stddev':
      return Math.sqrt(variance(numbers));
    case 'quantile':
      return quantile(parameter, numbers);
    default:
      throw new Unspecified(operator);
  }
}

function totalOf(histograms: readonly NativeHistogram[]): NativeHistogram | undefined {
  try {
    return histograms.reduce((a, b) => combine(a, b));
  } catch (error) {
    if (error instanceof MixedSchemas) return undefined;
    throw error;
  }
}

/** The greatest or least floats of a group; NaN comes last in both directions. */
function best(group: readonly Element[], count: number, isTop: boolean): Element[] {
  const floats = group.filter((element): element is Element & { value: number } =>
    isFloat(element.value),
  );
  const sorted = floats.toSorted((a, b) => {
    if (Number.isNaN(a.value)) return Number.isNaN(b.value) ? 0 : 1;
    if (Number.isNaN(b.value)) return -1;
    return isTop ? b.value - a.value : a.value - b.value;
  });
  const last = sorted[count - 1];
  const next = sorted[count];
  if (
    last !== undefined &&
    next !== undefined &&
    (last.value === next.value || bothNan(last, next))
  ) {
    throw new Unspecified('a tie');
  }
  return sorted.slice(0, count);
}

function bothNan(a: Element, b: Element): boolean {
  return Number.isNaN(a.value) && Number.isNaN(b.value);
}

function countValues(expr: AggregateExpr, vector: readonly Element[], name: string): Element[] {
  const labelled = vector.map((element) => {
    const labels = groupLabels(expr, element.labels).with(name, valueText(element.value));
    return { ...element, labels };
  });
  return groupBy(labelled, ({ labels }) => labels.key).map((group) => ({
    labels: group[0]!.labels,
    value: group.length,
    dropName: group.some(({ dropName }) => dropName),
  }));
}

function valueText(value: Element['value']): string {
  if (!isFloat(value)) throw new Unspecified('the text of a histogram');
  if (Object.is(value, -0)) return '-0';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  // The last digit of others depends on the order of calculation.
  if (!Number.isNaN(value) && !isExact(value))
    throw new Unspecified('the digits of an inexact number');
  return String(value);
}

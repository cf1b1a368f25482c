import {
  formatDuration,
  isLegacyLabelName,
  isLegacyMetricName,
  type Matcher,
  METRIC_NAME,
} from '../../model/index.ts';
import { plainDecimal } from '../annotations.ts';
import type {
  AggregateExpr,
  AtModifier,
  BinaryExpr,
  DurationExpr,
  NumberLiteral,
  VectorSelector,
} from '../ast.ts';
import { quoteString } from './quote.ts';

/** The parts of nodes that both ways of printing share. */

export function printNumber({ value, isDuration }: NumberLiteral): string {
  return isDuration ? formatDuration(Math.round(value * 1000)) : printValue(value);
}

function printValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : plainDecimal(value);
}

/** `name{a="b"}` and what follows it, without range. */
export function printSelector(selector: VectorSelector): string {
  const { at, offset } = printMovement(selector);
  return `${printMatchers(selector)}${at}${printExtension(selector)}${offset}`;
}

export function printExtension({ extension }: VectorSelector): string {
  return extension === undefined ? '' : ` ${extension}`;
}

/** A selector's name and matchers; the matchers in order of their text. */
export function printMatchers({ name, matchers }: VectorSelector): string {
  const isOwnName = (matcher: Matcher): boolean =>
    matcher.type === '=' && matcher.name === METRIC_NAME && matcher.value === name;
  const own = name === '' ? undefined : matchers.find(isOwnName);
  const others = matchers.filter((matcher) => matcher !== own);
  // Before the braces a name must be plain, and forbids matchers on the name within.
  const outside = isLegacyMetricName(name) && others.every((m) => m.name !== METRIC_NAME);
  const inside = others.map(printMatcher).sort();
  if (own !== undefined && !outside) inside.unshift(quoteString(name));
  const braces = inside.length > 0 || name === '' ? `{${inside.join(',')}}` : '';
  return outside ? name + braces : braces;
}

function printMatcher({ type, name, value }: Matcher): string {
  return `${printLabel(name)}${type}${quoteString(value)}`;
}

function printLabel(name: string): string {
  return isLegacyLabelName(name) ? name : quoteString(name);
}

function printLabels(names: readonly string[]): string {
  return names.map(printLabel).join(', ');
}

interface Movement {
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}

/** The `@` and the `offset` of a node, each with a space before it, '' where there is none. */
export function printMovement({ offset, at }: Movement): { at: string; offset: string } {
  return {
    at: at === undefined ? '' : ` @ ${printAt(at)}`,
    offset: offset === undefined ? '' : ` offset ${printOffset(offset)}`,
  };
}

function printAt(at: AtModifier): string {
  return at.kind === 'time' ? (at.timestampMs / 1000).toFixed(3) : `${at.kind}()`;
}

/** After `offset` arithmetic needs parentheses. */
function printOffset(offset: DurationExpr): string {
  if (offset.kind === 'duration') return formatDuration(offset.durationMs);
  const text = printDuration(offset);
  const isTerm =
    offset.kind === 'duration_function' ||
    (offset.kind === 'duration_binary' && isFunction(offset.operator)) ||
    (offset.kind === 'duration_unary' && offset.operand.kind !== 'duration_binary');
  return isTerm ? text : `(${text})`;
}

/** What stands in brackets; a lone literal is written as a duration, however it was given. */
export function printRange(duration: DurationExpr): string {
  return duration.kind === 'duration'
    ? formatDuration(duration.durationMs)
    : printDuration(duration);
}

const DURATION_BINDING: Readonly<Record<string, number>> = {
  '+': 1,
  '-': 1,
  '*': 2,
  '/': 2,
  '%': 2,
  '^': 4,
};
const SIGN_BINDING = 3;
const TERM_BINDING = 5;

function isFunction(operator: string): operator is 'min' | 'max' {
  return operator === 'min' || operator === 'max';
}

function printDuration(duration: DurationExpr): string {
  switch (duration.kind) {
    case 'duration':
      return duration.isDuration
        ? formatDuration(duration.durationMs)
        : printValue(duration.durationMs / 1000);
    case 'duration_function':
      return `${duration.name}()`;
    case 'duration_unary':
      return `${duration.operator}${wrapUnder(duration.operand, SIGN_BINDING + 1)}`;
    case 'duration_binary': {
      const { operator, left, right } = duration;
      if (isFunction(operator)) {
        return `${operator}_of(${printDuration(left)}, ${printDuration(right)})`;
      }
      const binding = DURATION_BINDING[operator] ?? TERM_BINDING;
      const isPower = operator === '^';
      const first = wrapUnder(left, isPower ? binding + 1 : binding);
      const second = wrapUnder(right, isPower ? binding : binding + 1);
      return `${first} ${operator} ${second}`;
    }
  }
}

/** Parentheses where a duration binds less tightly than its place asks for. */
function wrapUnder(duration: DurationExpr, binding: number): string {
  const text = printDuration(duration);
  return bindingOf(duration) >= binding ? text : `(${text})`;
}

function bindingOf(duration: DurationExpr): number {
  switch (duration.kind) {
    case 'duration':
      return duration.durationMs < 0 ? SIGN_BINDING : TERM_BINDING;
    case 'duration_unary':
      return SIGN_BINDING;
    case 'duration_binary':
      return DURATION_BINDING[duration.operator] ?? TERM_BINDING;
    case 'duration_function':
      return TERM_BINDING;
  }
}

/** `sum by (a) `, as it stands before the arguments. */
export function printAggregateHead({ operator, grouping, without }: AggregateExpr): string {
  if (without) return `${operator} without (${printLabels(grouping)}) `;
  return grouping.length === 0 ? operator : `${operator} by (${printLabels(grouping)}) `;
}

/** An operator with `bool`, `on`, `group_left` and so on, as it stands between its sides. */
export function printOperator({ operator, returnBool, matching }: BinaryExpr): string {
  let text: string = operator;
  if (returnBool) text += ' bool';
  if (matching === undefined) return text;
  const { cardinality, on, labels, include, fillLeft, fillRight } = matching;
  const isGrouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  if (labels.length > 0 || on || isGrouped) {
    text += ` ${on ? 'on' : 'ignoring'} (${printLabels(labels)})`;
  }
  if (isGrouped) {
    const side = cardinality === 'many-to-one' ? 'left' : 'right';
    text += ` group_${side} (${printLabels(include)})`;
  }
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) {
    return `${text} fill (${printValue(fillLeft)})`;
  }
  if (fillLeft !== undefined) text += ` fill_left (${printValue(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${printValue(fillRight)})`;
  return text;
}

import { Labels, type Matcher } from '../../../src/model/index.ts';
import type { Call, Expr } from '../../../src/query/ast.ts';
import { checkUnique } from './binary-operators.ts';
import { type Element, groupBy, isFloat, Unspecified } from './model.ts';
import { histogramVariance, type NativeHistogram } from './native-histogram.ts';

interface FloatElement extends Element {
  readonly value: number;
}

function floatsOf(vector: readonly Element[]): FloatElement[] {
  return vector.filter((element): element is FloatElement => isFloat(element.value));
}

const { PI } = Math;

const OF_ONE_NUMBER: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  sgn: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  atan: Math.atan,
  deg: (value) => (value / PI) * 180,
  rad: (value) => (value / 180) * PI,
  year: (value) => dateOf(value).getUTCFullYear(),
  month: (value) => dateOf(value).getUTCMonth() + 1,
  day_of_month: (value) => dateOf(value).getUTCDate(),
  day_of_week: (value) => dateOf(value).getUTCDay(),
  hour: (value) => dateOf(value).getUTCHours(),
  minute: (value) => dateOf(value).getUTCMinutes(),
};

function dateOf(value: number): Date {
  if (!(Math.abs(value) < 1e11)) throw new Unspecified('a date out of reach');
  return new Date(Math.trunc(value) * 1000);
}

const OF_ONE_HISTOGRAM: Readonly<Record<string, (histogram: NativeHistogram) => number>> = {
  histogram_count: ({ count }) => count,
  histogram_sum: ({ sum }) => sum,
  histogram_avg: ({ sum, count }) => sum / count,
  histogram_stdvar: histogramVariance,
  histogram_stddev: (histogram) => Math.sqrt(histogramVariance(histogram)),
};

/** Calls of a vector and numbers; undefined where the function is none of these. */
export function callOnVector(
  name: string,
  vector: readonly Element[],
  numbers: readonly number[],
): Element[] | undefined {
  const ofNumber = OF_ONE_NUMBER[name] ?? withParameters(name, numbers);
  if (ofNumber !== undefined) {
    return floatsOf(vector).flatMap((element) => {
      const value = ofNumber(element.value);
      return value === undefined ? [] : [{ ...element, value, dropName: true }];
    });
  }
  const ofHistogram = OF_ONE_HISTOGRAM[name];
  if (ofHistogram !== undefined) {
    return vector.flatMap((element) =>
      isFloat(element.value)
        ? []
        : [{ ...element, value: ofHistogram(element.value), dropName: true }],
    );
  }
  if (name === 'sort' || name === 'sort_desc') return floatsOf(vector);
  if (name === 'sort_by_label' || name === 'sort_by_label_desc') return [...vector];
  return undefined;
}

/** As Go has it: only +Inf goes before NaN. */
export function max(a: number, b: number): number {
  return [a, b].includes(Infinity) ? Infinity : Math.max(a, b);
}

/** As Go has it: only -Inf goes before NaN. */
export function min(a: number, b: number): number {
  return -max(-a, -b);
}

function withParameters(
  name: string,
  [first = NaN, second = NaN]: readonly number[],
): ((value: number) => number | undefined) | undefined {
  switch (name) {
    case 'clamp':
      return (value) => (second < first ? undefined : max(first, min(second, value)));
    case 'clamp_min':
      return (value) => max(first, value);
    case 'clamp_max':
      return (value) => min(first, value);
    case 'round':
      return (value) => Math.floor(value * (1 / first) + 0.5) / (1 / first);
    default:
      return undefined;
  }
}

interface Bucket {
  readonly upper: number;
  readonly count: number;
}

/** `histogram_quantile` and `histogram_fraction` of classic and native histograms. */
export function callOnHistograms(
  vector: readonly Element[],
  ofClassic: (buckets: readonly Bucket[]) => number,
  ofNative: (histogram: NativeHistogram) => number,
): Element[] {
  const withBounds = vector.filter(
    ({ labels, value }) => !isFloat(value) || !Number.isNaN(boundOf(labels)),
  );
  const groups = groupBy(withBounds, ({ labels, value }) =>
    isFloat(value) ? labels.without(new Set(['le'])).key : labels.key,
  );
  return groups.flatMap((group) => {
    const natives = group.filter(({ value }) => !isFloat(value));
    const buckets = floatsOf(group);
    if (natives.length > 0 && buckets.length > 0) return [];
    const native = natives[0];
    if (native !== undefined && !isFloat(native.value)) {
      return [{ labels: native.labels, value: ofNative(native.value), dropName: true }];
    }
    const value = ofClassic(
      buckets.map(({ labels, value: count }) => ({ upper: boundOf(labels), count })),
    );
    return [{ labels: group[0]!.labels.without(new Set(['le'])), value, dropName: true }];
  });
}

function boundOf(labels: Labels): number {
  const text = labels.get('le');
  if (text === '+Inf') return Infinity;
  return text === '' ? NaN : Number(text);
}

/** Ordered by bound, equal bounds added up, no count below the one before it. */
function cumulative(buckets: readonly Bucket[]): Bucket[] {
  const sorted = buckets.toSorted((a, b) => a.upper - b.upper || 0);
  const merged = groupBy(sorted, ({ upper }) => String(upper)).map((same) => ({
    upper: same[0]!.upper,
    count: same.reduce((sum, { count }) => sum + count, 0),
  }));
  let highest = -Infinity;
  return merged.map(({ upper, count }) => {
    // Differences that rounding explains are none.
    const isRounding = Math.abs(count - highest) < 1e-12 * Math.abs(count + highest);
    if (!(count >= 0)) throw new Unspecified('a bucket of less than nothing');
    if (!isRounding) highest = Math.max(highest, count);
    return { upper, count: highest };
  });
}

export function classicQuantile(phi: number, all: readonly Bucket[]): number {
  if (Number.isNaN(phi)) return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  const buckets = cumulative(all);
  const total = buckets[buckets.length - 1]!;
  if (total.upper !== Infinity || buckets.length < 2 || total.count === 0) return NaN;
  const rank = phi * total.count;
  const place = buckets.findIndex(({ count }) => count >= rank);
  const bucket = buckets[place]!;
  for (const { count } of buckets) {
    const isNear = Math.abs(count - rank) <= 1e-9 * Math.abs(rank);
    if (isNear && count !== total.count) throw new Unspecified('a rank between two buckets');
  }
  if (bucket.upper === Infinity) return buckets[place - 1]!.upper;
  if (place === 0 && bucket.upper <= 0) return bucket.upper;
  const before = buckets[place - 1] ?? { upper: 0, count: 0 };
  const share = (rank - before.count) / (bucket.count - before.count);
  return before.upper + (bucket.upper - before.upper) * share;
}

export function classicFraction(lower: number, upper: number, all: readonly Bucket[]): number {
  const buckets = all.toSorted((a, b) => a.upper - b.upper || 0);
  const total = buckets[buckets.length - 1]!;
  if (total.upper !== Infinity || total.count === 0) return NaN;
  if (Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (buckets.some(({ count }, place) => count < (buckets[place - 1]?.count ?? 0))) {
    throw new Unspecified('buckets that contradict each other');
  }
  if (lower >= upper) return 0;
  const rank = (value: number): number => {
    let before = { upper: buckets[0]!.upper <= 0 ? -Infinity : 0, count: 0 };
    for (const bucket of buckets) {
      if (value <= before.upper) return before.count;
      if (value < bucket.upper) {
        if (before.upper === -Infinity || bucket.upper === Infinity) {
          return before.upper === -Infinity ? bucket.count : before.count;
        }
        const share = (value - before.upper) / (bucket.upper - before.upper);
        return before.count + (bucket.count - before.count) * share;
      }
      before = bucket;
    }
    return total.count;
  };
  return (rank(upper) - rank(lower)) / total.count;
}

/** `label_replace` and `label_join`. */
export function callOnLabels({ name, args }: Call, vector: readonly Element[]): Element[] {
  const texts = args.slice(1).map((arg) => (arg.kind === 'string' ? arg.value : ''));
  const [target = '', second = '', third = '', pattern = ''] = texts;
  const output = vector.map((element) => {
    let text: string;
    if (name === 'label_join') {
      text = texts
        .slice(2)
        .map((source) => element.labels.get(source))
        .join(second);
    } else {
      const found = new RegExp(`^(?:${pattern})$`, 's').exec(element.labels.get(third));
      if (found === null) return element;
      text = second.replaceAll(/\$(\d)/g, (_all, digit: string) => found[Number(digit)] ?? '');
    }
    return { ...element, labels: element.labels.with(target, text) };
  });
  checkUnique(output);
  return output;
}

/** The labels of `absent`: those whose only `=` matcher no other matcher of the name follows. */
export function absentLabels(expr: Expr): Labels {
  let matchers: readonly Matcher[] = [];
  if (expr.kind === 'vector_selector') matchers = expr.matchers;
  if (expr.kind === 'matrix_selector') matchers = expr.selector.matchers;
  const once = matchers.filter((matcher) => {
    const alike = matchers.filter(({ name }) => name === matcher.name);
    const equal = alike.filter(({ type }) => type === '=');
    return (
      matcher.name !== '__name__' &&
      alike.at(-1) === matcher &&
      equal.length === 1 &&
      equal[0] === matcher
    );
  });
  return Labels.fromEntries(once.map(({ name, value }) => [name, value]));
}

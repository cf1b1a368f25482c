import { metricsIn } from './promql-scan.ts';

/** How a value reads. `number` is anything dimensionless or unknown. */
export type Unit = 'number' | 'seconds' | 'bytes' | 'bytes/s' | 'ratio' | 'percent' | 'timestamp';

/** Functions whose result is per second. */
const RATES: ReadonlySet<string> = new Set(['rate', 'irate', 'deriv']);

/** Functions whose result has not the unit of what went in. */
const UNITLESS: ReadonlySet<string> = new Set([
  'absent',
  'absent_over_time',
  'changes',
  'count',
  'count_over_time',
  'count_values',
  'day_of_month',
  'day_of_week',
  'days_in_month',
  'exp',
  'group',
  'histogram_count',
  'histogram_fraction',
  'hour',
  'ln',
  'log10',
  'log2',
  'minute',
  'month',
  'present_over_time',
  'resets',
  'sgn',
  'sqrt',
  'stdvar',
  'stdvar_over_time',
  'year',
]);

/** `process_start_time_seconds` is a moment, `disk_io_time_seconds` a duration. */
const TIMESTAMP =
  /(?<!_(?:busy|cpu|duration|io|read|system|user|wait|write))_time(stamp)?_seconds$/;

const SUFFIXES: readonly (readonly [string, Unit])[] = [
  ['_seconds', 'seconds'],
  ['_bytes', 'bytes'],
  ['_ratio', 'ratio'],
  ['_percent', 'percent'],
];

/** Unit by the naming conventions of metric names: the suffix says it, `_total` set aside. */
export function unitOfName(name: string): Unit {
  if (name.endsWith('_count') || name.endsWith('_bucket')) return 'number';
  const base = name.replace(/_(total|sum)$/, '');
  if (!name.endsWith('_total') && TIMESTAMP.test(base)) return 'timestamp';
  return SUFFIXES.find(([suffix]) => base.endsWith(suffix))?.[1] ?? 'number';
}

/**
 * Unit of an expression's result, read from the metric names and functions in it. Where names
 * disagree, or the expression multiplies or divides, the answer is `number`: a plain figure
 * is never wrong, a wrong unit is.
 */
export function unitOfExpression(expression: string): Unit {
  const scan = metricsIn(expression);
  const first = scan.metrics[0];
  if (first === undefined || scan.hasProduct) return 'number';
  if (scan.functions.some((name) => UNITLESS.has(name))) return 'number';
  const quantile = scan.functions.includes('histogram_quantile');
  const unit = unitOfName(quantile ? first.replace(/_bucket$/, '') : first);
  for (const name of scan.metrics) {
    const other = unitOfName(quantile ? name.replace(/_bucket$/, '') : name);
    if (other !== unit) return 'number';
  }
  if (quantile) return unit;
  if (scan.functions.some((name) => RATES.has(name))) {
    // Seconds per second are a plain share; bytes per second keep their name.
    return unit === 'bytes' ? 'bytes/s' : unit === 'timestamp' ? 'seconds' : 'number';
  }
  if (unit === 'timestamp' && scan.hasDifference) return 'seconds';
  return unit;
}

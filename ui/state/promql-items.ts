import type { CompletionItem } from './completion.ts';

const AGGREGATIONS: Record<string, string> = {
  avg: 'Mean over series.',
  bottomk: 'The k series with the smallest values.',
  count: 'Number of series.',
  count_values: 'Number of series by value.',
  group: '1 for each group.',
  limitk: 'Any k series.',
  max: 'Largest value over series.',
  min: 'Smallest value over series.',
  quantile: 'Quantile over series.',
  stddev: 'Standard deviation over series.',
  stdvar: 'Variance over series.',
  sum: 'Sum over series.',
  topk: 'The k series with the largest values.',
};

const FUNCTIONS: Record<string, string> = {
  abs: 'Absolute value.',
  absent: '1 where nothing is selected.',
  absent_over_time: '1 where a range selects nothing.',
  avg_over_time: 'Mean of each series in the range.',
  ceil: 'Rounded up.',
  changes: 'How often the value changed in the range.',
  clamp: 'Values kept between two bounds.',
  clamp_max: 'Values kept below a bound.',
  clamp_min: 'Values kept above a bound.',
  count_over_time: 'Number of samples in the range.',
  day_of_week: 'Day of the week of a time, 0 is Sunday.',
  delta: 'Difference between end and start of the range, for gauges.',
  deriv: 'Slope per second by linear regression, for gauges.',
  exp: 'e to the power of the value.',
  floor: 'Rounded down.',
  histogram_avg: 'Mean of a native histogram.',
  histogram_count: 'Count of a native histogram.',
  histogram_fraction: 'Share of observations between two bounds.',
  histogram_quantile: 'Quantile from histogram buckets.',
  histogram_sum: 'Sum of a native histogram.',
  hour: 'Hour of the day of a time, UTC.',
  idelta: 'Difference of the last two samples, for gauges.',
  increase: 'Growth of a counter over the range.',
  irate: 'Growth per second from the last two samples.',
  label_join: 'Joins label values into a new label.',
  label_replace: 'Sets a label from a regular expression.',
  last_over_time: 'Last sample in the range.',
  ln: 'Natural logarithm.',
  log10: 'Decimal logarithm.',
  log2: 'Binary logarithm.',
  max_over_time: 'Largest sample in the range.',
  min_over_time: 'Smallest sample in the range.',
  minute: 'Minute of the hour of a time, UTC.',
  predict_linear: 'Value in t seconds by linear regression.',
  present_over_time: '1 where the range has a sample.',
  quantile_over_time: 'Quantile of the samples in the range.',
  rate: 'Growth per second of a counter over the range.',
  resets: 'How often a counter was reset in the range.',
  round: 'Rounded to the nearest multiple.',
  scalar: 'The value of a single series as a number.',
  sgn: 'Sign: 1, 0 or −1.',
  sort: 'Ascending by value.',
  sort_desc: 'Descending by value.',
  sqrt: 'Square root.',
  stddev_over_time: 'Standard deviation in the range.',
  sum_over_time: 'Sum of the samples in the range.',
  time: 'Evaluation time in Unix seconds.',
  timestamp: 'Time of each sample in Unix seconds.',
  vector: 'A number as a series without labels.',
};

/** Functions and aggregations that the query box completes, each with one sentence. */
export const PROMQL_ITEMS: readonly CompletionItem[] = [
  ...itemsOf(AGGREGATIONS, 'aggregation'),
  ...itemsOf(FUNCTIONS, 'function'),
];

function itemsOf(entries: Record<string, string>, kind: string): CompletionItem[] {
  return Object.entries(entries).map(([text, help]) => ({ text, kind, help }));
}

import type { FloatHistogram, Labels } from '../../../model/index.ts';
import { METRIC_NAME, parseFloatText } from '../../../model/index.ts';

const BUCKET = 'le';
const NOT_OF_THE_METRIC: ReadonlySet<string> = new Set([BUCKET, METRIC_NAME]);

/** A line of a histogram as it was pushed, before a group's labels are added. */
interface HistogramLine {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number | FloatHistogram;
}

/**
 * The buckets of all observations that a classic histogram of the text format may leave out: their
 * count is that of the histogram. Without them no quantile can be told.
 */
export function missingInfinityBuckets(
  family: string,
  lines: readonly HistogramLine[],
): readonly HistogramLine[] {
  const counts = new Map<string, HistogramLine>();
  const complete = new Set<string>();
  for (const line of lines) {
    const key = line.labels.without(NOT_OF_THE_METRIC).key;
    if (line.name === `${family}_count`) counts.set(key, line);
    else if (typeof line.value !== 'number') complete.add(key);
    else if (parseFloatText(line.labels.get(BUCKET)) === Infinity) complete.add(key);
  }
  const name = `${family}_bucket`;
  return [...counts]
    .filter(([key]) => !complete.has(key))
    .map(([, { labels, value }]) => {
      return { name, labels: labels.with(METRIC_NAME, name).with(BUCKET, '+Inf'), value };
    });
}

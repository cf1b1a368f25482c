import { type FloatHistogram, type Labels, parseFloatText } from '../../model/index.ts';
import { forMetric } from '../annotations.ts';
import type { ClassicBucket } from '../functions/histogram/classic.ts';
import { FLOAT, HISTOGRAM, type SeriesColumn, type VectorValue } from './columns.ts';
import type { EvalContext } from './context.ts';
import type { PlanNode } from './plan.ts';

const BUCKET_LABEL = 'le';
const WITHOUT_BUCKET: ReadonlySet<string> = new Set([BUCKET_LABEL]);

/** One histogram over time: the series of its classic buckets, or native histograms. */
export interface BucketGroup {
  readonly labels: Labels;
  /** By their bounds. */
  readonly buckets: { readonly upperBound: number; readonly column: SeriesColumn }[];
  /** The series with these very labels that has native histograms. */
  native: SeriesColumn | undefined;
}

/** What one histogram is at one step. */
export type HistogramAtStep =
  | { readonly kind: 'native'; readonly histogram: FloatHistogram }
  | { readonly kind: 'classic'; readonly buckets: ClassicBucket[] };

/** Groups a vector's series by all labels but `le`; warns of bounds that are no numbers. */
export function groupBuckets(
  vector: VectorValue,
  arg: PlanNode,
  { annotations }: EvalContext,
): BucketGroup[] {
  const groups = new Map<string, BucketGroup>();
  const groupOf = (labels: Labels): BucketGroup => {
    let group = groups.get(labels.key);
    if (group === undefined) {
      group = { labels, buckets: [], native: undefined };
      groups.set(labels.key, group);
    }
    return group;
  };
  for (const column of vector.series) {
    if (column.histograms !== undefined) groupOf(column.labels).native = column;
    if (!column.present.includes(FLOAT)) continue;
    const text = column.labels.get(BUCKET_LABEL);
    const upperBound = parseFloatText(text);
    if (upperBound === undefined) {
      annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${JSON.stringify(text)}` +
          forMetric(column.labels.metricName),
        arg.span,
      );
    } else {
      groupOf(column.labels.without(WITHOUT_BUCKET)).buckets.push({ upperBound, column });
    }
  }
  const found = [...groups.values()];
  for (const { buckets } of found) buckets.sort(byBound);
  return found;
}

function byBound(a: { upperBound: number }, b: { upperBound: number }): number {
  return a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0;
}

/** The histogram of a group at a step; undefined, with a warning, where it is of both kinds. */
export function histogramOf(
  { labels, buckets, native }: BucketGroup,
  step: number,
  arg: PlanNode,
  { annotations }: EvalContext,
): HistogramAtStep | undefined {
  const histogram = native?.present[step] === HISTOGRAM ? native.histograms?.[step] : undefined;
  const classic: ClassicBucket[] = [];
  for (const { upperBound, column } of buckets) {
    if (column.present[step] === FLOAT) classic.push({ upperBound, count: column.values[step]! });
  }
  if (histogram === undefined) {
    return classic.length === 0 ? undefined : { kind: 'classic', buckets: classic };
  }
  if (classic.length === 0) return { kind: 'native', histogram };
  annotations.warn(
    `vector contains a mix of classic and native histograms${forMetric(labels.metricName)}`,
    arg.span,
  );
  return undefined;
}

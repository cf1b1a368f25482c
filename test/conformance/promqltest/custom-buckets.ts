import {
  CUSTOM_BUCKETS_SCHEMA,
  type FloatHistogram,
  type Labels,
  METRIC_NAME,
  parseFloatText,
} from '../../../src/model/index.ts';
import type { LoadedSeries } from './script.ts';

const SUFFIX = /^(.*)_(bucket|sum|count)$/;
const BUCKET_LABELS = new Set(['le']);

/** One classic histogram at one time: cumulative counts by upper bound. */
interface Classic {
  readonly bounds: Map<number, number>;
  sum: number;
  count: number | undefined;
}

/** The classic histograms among series, as histograms with custom buckets, by place in the line. */
export function customBucketSeries(
  series: readonly LoadedSeries[],
): readonly { labels: Labels; histograms: ReadonlyMap<number, FloatHistogram> }[] {
  const found = new Map<string, { labels: Labels; classics: Map<number, Classic> }>();
  for (const { labels, points } of series) {
    const [, name = '', part] = SUFFIX.exec(labels.metricName) ?? [];
    const bound = part === 'bucket' ? parseFloatText(labels.get('le')) : 0;
    if (part === undefined || bound === undefined || Number.isNaN(bound)) continue;
    const base = labels.without(BUCKET_LABELS).with(METRIC_NAME, name);
    const entry = found.get(base.key) ?? { labels: base, classics: new Map<number, Classic>() };
    found.set(base.key, entry);
    points.forEach((point, index) => {
      if (typeof point !== 'number') return;
      const classic = entry.classics.get(index) ?? { bounds: new Map(), sum: 0, count: undefined };
      entry.classics.set(index, classic);
      if (part === 'sum') classic.sum = point;
      else if (part === 'count') classic.count = point;
      // Of equal bounds the first counts.
      else if (!classic.bounds.has(bound)) classic.bounds.set(bound, point);
    });
  }
  return [...found.values()].map(({ labels, classics }) => ({
    labels,
    histograms: new Map([...classics].map(([index, classic]) => [index, convert(classic)])),
  }));
}

function convert({ bounds, sum, count }: Classic): FloatHistogram {
  const sorted = [...bounds].sort(([a], [b]) => a - b);
  const total = count ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Infinity) sorted.push([Infinity, total]);
  let before = 0;
  const counts = sorted.map(([, cumulative]) => {
    const own = cumulative - before;
    before = cumulative;
    return own;
  });
  return {
    counterReset: 'unknown',
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count: total,
    sum,
    positiveSpans: [{ offset: 0, length: counts.length }],
    positiveBuckets: counts,
    negativeSpans: [],
    negativeBuckets: [],
    customValues: sorted.slice(0, -1).map(([bound]) => bound),
  };
}

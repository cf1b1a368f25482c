import { type FloatHistogram, Labels, METRIC_NAME, type MetricType } from '../../../model/index.ts';
import { compareUtf8 } from '../../../util/index.ts';
import type { Grouping, LabelPair } from './grouping.ts';

/** One exposition line of a pushed family, or a native histogram, which has no line of its own. */
export interface PushedSample {
  /** Name of the sample, with the suffix of a histogram's or summary's part if it is one. */
  readonly name: string;
  /** As exposed: sorted by name, empty values of the grouping kept, `instance` always there. */
  readonly pairs: readonly LabelPair[];
  /** As stored: with the name, without empty values. */
  readonly labels: Labels;
  readonly value: number | FloatHistogram;
}

export type PushedType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';

export interface PushedFamily {
  readonly name: string;
  readonly type: PushedType;
  readonly help: string;
  readonly samples: readonly PushedSample[];
}

/** A family in a group, with the time of the push that brought it. */
export interface HeldFamily extends PushedFamily {
  readonly pushedMs: number;
}

/** A Pushgateway group. Every change makes a new one. */
export interface Group {
  readonly grouping: Grouping;
  readonly families: ReadonlyMap<string, HeldFamily>;
  /** Time of the last push that succeeded; 0 where none has. */
  readonly pushTimeMs: number;
  /** Time of the last push that was refused as inconsistent; 0 where none was. */
  readonly failureTimeMs: number;
  readonly lastPushSuccessful: boolean;
}

export const PUSH_TIME = 'push_time_seconds';
export const PUSH_FAILURE_TIME = 'push_failure_time_seconds';

const PUSH_TIME_HELP = 'Last Unix time when changing this group in the Pushgateway succeeded.';
const FAILURE_TIME_HELP = 'Last Unix time when changing this group in the Pushgateway failed.';

/** A sample with a group's labels: they overwrite those of the body. */
export function groupSample(
  grouping: Grouping,
  name: string,
  bodyLabels: Labels,
  value: number | FloatHistogram,
): PushedSample {
  const merged = new Map<string, string>();
  for (const [label, text] of bodyLabels) if (label !== METRIC_NAME) merged.set(label, text);
  for (const [label, text] of grouping.pairs) merged.set(label, text);
  // Without it a scrape would add the collector's own instance; pushed series have none.
  if (!merged.has('instance')) merged.set('instance', '');
  const pairs = [...merged].sort((a, b) => compareUtf8(a[0], b[0]));
  return { name, pairs, labels: Labels.fromEntries([[METRIC_NAME, name], ...pairs]), value };
}

/** The two families that every group exposes about itself. */
export function ownFamilies(group: Group): readonly HeldFamily[] {
  const pushedMs = Math.max(group.pushTimeMs, group.failureTimeMs);
  const own = (name: string, help: string, timeMs: number): HeldFamily => ({
    name,
    type: 'gauge',
    help,
    samples: [groupSample(group.grouping, name, Labels.EMPTY, timeMs / 1000)],
    pushedMs,
  });
  return [
    own(PUSH_FAILURE_TIME, FAILURE_TIME_HELP, group.failureTimeMs),
    own(PUSH_TIME, PUSH_TIME_HELP, group.pushTimeMs),
  ];
}

/** All families of a group, its own last. */
export function* allFamilies(group: Group): IterableIterator<HeldFamily> {
  yield* group.families.values();
  yield* ownFamilies(group);
}

/** All samples of a group, in a fixed order. */
export function* allSamples(group: Group): IterableIterator<PushedSample> {
  for (const family of allFamilies(group)) yield* family.samples;
}

/** The part of a family that tells apart the lines of one metric: `le`, `quantile` or none. */
export function partLabelOf(type: MetricType): string | undefined {
  if (type === 'histogram') return 'le';
  return type === 'summary' ? 'quantile' : undefined;
}

/** What a line says beside its metric's labels. */
export interface LineSample {
  readonly name: string;
  readonly value: number;
}

/** One metric of a family: all lines that differ in nothing but their part. */
export interface MetricLines {
  readonly pairs: readonly LabelPair[];
  readonly parts: readonly { readonly bound: string; readonly sample: LineSample }[];
  readonly sum: LineSample | undefined;
  readonly count: LineSample | undefined;
}

/**
 * Puts a family's lines together by metric, sorted as the Pushgateway sorts them. A histogram that
 * is native alone has the lines of a classic one without bounds.
 */
export function metricsOf(family: PushedFamily): MetricLines[] {
  const partLabel = partLabelOf(family.type);
  const metrics = new Map<string, GatheredLines>();
  for (const { name, pairs: samplePairs, value } of family.samples) {
    const pairs = samplePairs.filter(([label]) => label !== partLabel);
    const key = JSON.stringify(pairs);
    let metric = metrics.get(key);
    if (metric === undefined) {
      metric = { pairs, parts: [], sum: undefined, count: undefined, native: undefined };
      metrics.set(key, metric);
    }
    if (typeof value !== 'number') {
      metric.native = value;
      continue;
    }
    const sample = { name, value };
    if (partLabel !== undefined && name === `${family.name}_sum`) metric.sum = sample;
    else if (partLabel !== undefined && name === `${family.name}_count`) metric.count = sample;
    else {
      const bound = samplePairs.find(([label]) => label === partLabel)?.[1] ?? '';
      metric.parts.push({ bound, sample });
    }
  }
  for (const metric of metrics.values()) {
    const { parts, native } = metric;
    if (native !== undefined && parts.length === 0) addLines(metric, family.name, native);
    parts.sort((a, b) => boundOf(a.bound) - boundOf(b.bound));
  }
  return [...metrics.values()].sort(compareMetrics);
}

interface GatheredLines extends MetricLines {
  readonly parts: { readonly bound: string; readonly sample: LineSample }[];
  sum: LineSample | undefined;
  count: LineSample | undefined;
  native: FloatHistogram | undefined;
}

function addLines(metric: GatheredLines, family: string, { count, sum }: FloatHistogram): void {
  metric.parts.push({ bound: '+Inf', sample: { name: `${family}_bucket`, value: count } });
  metric.sum = { name: `${family}_sum`, value: sum };
  metric.count = { name: `${family}_count`, value: count };
}

function boundOf(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}

/** Fewer labels first, then value by value: the order of Prometheus's client library. */
function compareMetrics(
  a: { readonly pairs: readonly LabelPair[] },
  b: { readonly pairs: readonly LabelPair[] },
): number {
  if (a.pairs.length !== b.pairs.length) return a.pairs.length - b.pairs.length;
  for (const [index, [, value]] of a.pairs.entries()) {
    const order = compareUtf8(value, b.pairs[index]?.[1] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

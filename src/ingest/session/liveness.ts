import type { Labels } from '../../model/index.ts';
import { Labels as LabelSets, METRIC_NAME } from '../../model/index.ts';
import { type Appender, NO_SERIES } from '../../storage/api.ts';
import { addHistogram } from './histogram-adds.ts';

/** Points of `tidegauge_alive` that one absence is written with, at most. */
const DOWN_POINTS_MAX = 20_000;

/** Names of the labels that say which agent a series is from. */
export const AGENT_LABEL = 'agent';
export const INSTANCE_LABEL = 'instance';

/** The series that tell of the life of one agent. */
export interface LifeSeries {
  readonly up: Labels;
  readonly alive: Labels;
}

/** The labels of what the collector itself writes of an agent. */
export function agentLabels(agentId: string, enforced: Labels): Labels {
  const pairs = ['job', 'tidegauge-agent', AGENT_LABEL, agentId, INSTANCE_LABEL, agentId];
  return LabelSets.fromPairs([...pairs, ...enforced.pairs]);
}

export function lifeSeries(labels: Labels): LifeSeries {
  return {
    up: LabelSets.fromPairs([...labels.pairs, METRIC_NAME, 'up']),
    alive: LabelSets.fromPairs([...labels.pairs, METRIC_NAME, 'tidegauge_alive']),
  };
}

/** A value of one of those series, to be written; undefined ends it with a staleness marker. */
export interface LifePoint {
  readonly labels: Labels;
  readonly timestamp: number;
  readonly value: 0 | 1 | undefined;
  /** Of a marker: its series is one of native histograms. */
  readonly isHistogram?: boolean;
}

/** Adds points to a commit. */
export function addLife(appender: Appender, points: readonly LifePoint[]): void {
  const refs = new Map<Labels, number>();
  for (const point of points) addPoint(appender, refs, point);
}

function addPoint(appender: Appender, refs: Map<Labels, number>, point: LifePoint): void {
  const { labels, timestamp, value } = point;
  const ref = refs.get(labels) ?? appender.series(labels);
  refs.set(labels, ref);
  if (ref === NO_SERIES) return;
  if (point.isHistogram === true) addHistogram(appender, ref, timestamp, undefined);
  else if (value === undefined) appender.samples.pushStale(ref, timestamp);
  else appender.samples.push(ref, timestamp, value);
}

/**
 * The time in which an agent is known not to have run: from the step after its last sign of life to
 * the step before it started again. The oldest points are left out where there are too many.
 */
export function downPoints(
  alive: Labels,
  { lastMs, startMs, stepMs }: { lastMs: number; startMs: number; stepMs: number },
): LifePoint[] {
  const first = Math.floor(lastMs / stepMs) + 1;
  const last = Math.floor(startMs / stepMs) - 1;
  const points: LifePoint[] = [];
  for (let step = Math.max(first, last - DOWN_POINTS_MAX + 1); step <= last; step++) {
    points.push({ labels: alive, timestamp: step * stepMs, value: 0 });
  }
  return points;
}

import type { FloatHistogram, Labels } from '../../../src/model/index.ts';
import type { MemoryQueryable, MemorySample } from '../../support/memory-queryable.ts';
import { customBucketSeries } from './custom-buckets.ts';
import { ResetHints } from './reset-hints.ts';
import type { LoadCommand, LoadedSeries } from './script.ts';

/** Adds the series of a `load` to a store. Point i lies at i times the step. */
export function applyLoad(command: LoadCommand, into: MemoryQueryable): void {
  for (const series of command.series) addSeries(series, command.stepMs, into);
  if (!command.withCustomBuckets) return;
  for (const { labels, histograms } of customBucketSeries(command.series)) {
    addHistograms(labels, histograms, command.stepMs, into);
  }
}

function addSeries(
  { labels, points, startOffsets }: LoadedSeries,
  stepMs: number,
  into: MemoryQueryable,
): void {
  const hints = new ResetHints();
  const samples: MemorySample[] = [];
  points.forEach((point, index) => {
    if (point === undefined) return;
    const timestamp = index * stepMs;
    const offset = startOffsets?.[index];
    const startTimestamp = offset === undefined ? undefined : timestamp + offset;
    const histogram = typeof point === 'object' ? point.histogram : undefined;
    const counterReset = hints.next(histogram);
    const value = typeof point === 'object' ? { ...point.histogram, counterReset } : point;
    samples.push({ timestamp, value, startTimestamp });
  });
  into.add(labels, samples);
}

function addHistograms(
  labels: Labels,
  histograms: ReadonlyMap<number, FloatHistogram>,
  stepMs: number,
  into: MemoryQueryable,
): void {
  const hints = new ResetHints();
  const ascending = [...histograms].sort(([a], [b]) => a - b);
  const samples = ascending.map(([index, histogram]) => ({
    timestamp: index * stepMs,
    value: { ...histogram, counterReset: hints.next(histogram) },
  }));
  into.add(labels, samples);
}

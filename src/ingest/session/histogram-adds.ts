import type { FloatHistogram } from '../../model/index.ts';
import type { Appender } from '../../storage/api.ts';

/** Histograms in commits that several agents share; outcomes are by their place there. */
const counts = new WeakMap<Appender, number>();

/**
 * Adds a native histogram, or (undefined) a staleness marker, to a commit that is filled from here
 * only.
 * @returns its place among the commit's histograms.
 */
export function addHistogram(
  appender: Appender,
  ref: number,
  timestamp: number,
  histogram: FloatHistogram | undefined,
): number {
  const place = counts.get(appender) ?? 0;
  counts.set(appender, place + 1);
  appender.addHistogram(ref, timestamp, histogram);
  return place;
}

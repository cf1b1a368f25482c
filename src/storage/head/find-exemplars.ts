import type { Labels, Matcher } from '../../model/index.ts';
import type { ExemplarSeries, TimeRange } from '../api.ts';
import type { Head } from './head.ts';

/** Exemplars within the times of the series that match any of the lists, in order of labels. */
export function findExemplars(
  head: Head,
  matcherLists: readonly (readonly Matcher[])[],
  { minTime, maxTime }: TimeRange,
): ExemplarSeries[] {
  const wanted = new Set<number>();
  for (const matchers of matcherLists) {
    for (const refs of head.series.select(matchers)) for (const ref of refs) wanted.add(ref);
  }
  const found = new Map<number, { labels: Labels; exemplars: ExemplarSeries['exemplars'][0][] }>();
  for (const { ref, labelPairs, value, timestamp } of head.exemplars.entries()) {
    if (timestamp < minTime || timestamp > maxTime || !wanted.has(ref)) continue;
    let entry = found.get(ref);
    if (entry === undefined) {
      entry = { labels: head.series.labels(ref), exemplars: [] };
      found.set(ref, entry);
    }
    entry.exemplars.push({ labelPairs, value, timestamp });
  }
  return [...found.values()].sort((a, b) => a.labels.compare(b.labels));
}

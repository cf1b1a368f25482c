import type { TimeRange } from '../api.ts';
import type { Head } from './head.ts';
import { countHistograms } from './histogram-timeline.ts';
import type { MemSeries } from './mem-series.ts';

/** Whether the series, as it is now, has a sample of either kind within the times. */
export function hasSampleWithin(head: Head, series: MemSeries, range: TimeRange): boolean {
  const { maxTime } = range;
  const minTime = Math.max(range.minTime, head.floor);
  if (!series.hasSamples || series.newest < minTime) return false;
  // Fast path: the newest sample is within.
  if (series.newest <= maxTime) return true;
  head.run.loadSeries(series);
  if (head.run.has(minTime, maxTime)) return true;
  const view = series.histograms?.view();
  return view !== undefined && countHistograms(view, minTime, maxTime) > 0;
}

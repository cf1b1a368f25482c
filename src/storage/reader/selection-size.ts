import { SERIES_HAS_HISTOGRAMS } from '../../kernel/index.ts';
import type { Matcher } from '../../model/index.ts';
import type { SelectionSize, TimeRange } from '../api.ts';
import type { HeadAccess } from './head-access.ts';
import type { StoreParts } from './store-access.ts';

/** Series beyond which nobody wants to know how many there are. */
export const MAX_SERIES = 512;
/** Series in the shortest list of a selection that are looked at for it. */
export const MAX_CANDIDATES = 4_096;
/** Series of values that have to be looked at again, until one of each is found in time. */
const MAX_SERIES_AGAIN = 8_192;

/**
 * Bounds of what a selection reads of the head; undefined where telling it, or reading it, takes
 * more than some ten microseconds: expressions, many series, histograms.
 */
export function headSelectionSize(
  head: HeadAccess,
  matchers: readonly Matcher[],
  { minTime, maxTime }: TimeRange,
): SelectionSize | undefined {
  let series = 0;
  let samples = 0;
  head.begin();
  try {
    for (const { kernel, index } of head.shards) {
      const bound = index.bound(matchers);
      if (bound === undefined || bound > MAX_CANDIDATES) return undefined;
      const refs = index.select(matchers);
      series += refs.length;
      if (series > MAX_SERIES) return undefined;
      for (const ref of refs) {
        if ((kernel.flags(ref) & SERIES_HAS_HISTOGRAMS) !== 0) return undefined;
        samples += kernel.count(ref, minTime, maxTime);
      }
    }
    return { series, samples };
  } finally {
    head.end();
  }
}

/**
 * Values of a label that a look-up in the head goes through; undefined where they have been looked
 * up before and many series have to be looked at again.
 */
export function headValueCount(
  { head, seen }: Pick<StoreParts, 'head' | 'seen'>,
  name: string,
  { minTime, maxTime }: TimeRange,
): number | undefined {
  let count = 0;
  head.begin();
  try {
    for (const shard of head.shards) {
      const { values, seriesAgain } = seen.size(shard, name, minTime, maxTime);
      if (seriesAgain > MAX_SERIES_AGAIN) return undefined;
      count += values;
    }
    return count;
  } finally {
    head.end();
  }
}

import { ANY_COMMIT } from '../../kernel/index.ts';
import type { Labels, Matcher } from '../../model/index.ts';
import type { TimeRange } from '../api.ts';
import { LabelColumnsBuilder } from './label-columns.ts';
import { MAX_CANDIDATES } from './selection-size.ts';
import type { StoreParts } from './store-access.ts';
import { IN_DOUBT, timeWithin } from './time-within.ts';

/**
 * Labels of the series in the head that match and have a sample within the times, at once, on the
 * thread that writes it, where they are known to be few; undefined where not, and where other
 * threads or several shards would have to be asked. The same series as before have the same list.
 */
export function findSeriesNow(
  { head, seen }: Pick<StoreParts, 'head' | 'seen'>,
  matchers: readonly Matcher[],
  { minTime, maxTime }: TimeRange,
  maxSeries: number,
): readonly Labels[] | undefined {
  const [shard] = head.shards;
  if (shard === undefined || head.shards.length > 1) return undefined;
  const { kernel, index } = shard;
  const bound = index.bound(matchers);
  if (bound === undefined || bound > MAX_CANDIDATES) return undefined;
  const asOf = seen.asOf();
  const refs = index.select(matchers);
  if (refs.length > maxSeries) return undefined;
  const caps = new Float64Array(refs.length);
  kernel.capture(refs, refs.length, ANY_COMMIT, minTime, caps);
  const all = index.setsOf(refs);
  let length = 0;
  for (let at = 0; at < refs.length; at++) {
    const time = timeWithin(kernel, refs[at]!, caps[at]!, minTime, maxTime);
    if (time === IN_DOUBT) return undefined;
    if (!Number.isNaN(time)) all[length++] = all[at]!;
  }
  const sets = all.subarray(0, length);
  const known = seen.series(sets, asOf);
  if (known !== undefined) return known;
  const builder = new LabelColumnsBuilder(false);
  for (const set of sets) builder.addSet(shard.pairs, set);
  const labels = builder.build(true).list();
  seen.keepSeries(sets, labels, asOf);
  return labels;
}

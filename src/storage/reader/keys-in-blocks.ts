import type { Matcher } from '../../model/index.ts';
import { Labels } from '../../model/index.ts';
import type { TimeRange } from '../api.ts';
import type { BlockCache } from '../block/block-cache.ts';
import type { BlockRef } from '../block/block-set.ts';
import { eachSeries } from './block-series.ts';

/** Keys of the label sets of the series that match and have samples in blocks within the times. */
export async function keysInBlocks(
  blocks: readonly BlockRef[],
  cache: BlockCache,
  matchers: readonly Matcher[],
  range: TimeRange,
): Promise<Set<string>> {
  const keys = new Set<string>();
  const { signal } = new AbortController();
  for (const ref of blocks) {
    const { minTime, maxTime } = ref.meta;
    if (maxTime < range.minTime || minTime > range.maxTime) continue;
    await cache.with(ref, (block) =>
      eachSeries(block, ref, { lists: [matchers], range }, signal, (pairs) => {
        keys.add(Labels.fromPairs(pairs).key);
      }),
    );
  }
  return keys;
}

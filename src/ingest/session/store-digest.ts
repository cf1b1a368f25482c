import { ContentHash, type Hash64, histogramWords } from '../../formats/tide/index.ts';
import { createMatcher, isStaleAt, type Matcher, SampleColumns } from '../../model/index.ts';
import type { Queryable } from '../../storage/api.ts';
import type { DigestQuestion, StoreDigest } from './audit-rounds.ts';
import type { AgentSeries } from './agent-series.ts';
import { AGENT_LABEL } from './liveness.ts';

/**
 * Count and hash of what the store has of a group's series in each window, as AUDIT_RESULT counts
 * them: without staleness markers, as the collector writes some of its own.
 */
export async function digestStore(
  store: Queryable,
  series: Iterable<AgentSeries>,
  { group, windows }: DigestQuestion,
): Promise<StoreDigest[]> {
  const keys = new Map<string, Hash64>();
  let agent = '';
  for (const { labels, key, group: ownGroup } of series) {
    if (ownGroup !== group) continue;
    keys.set(labels.key, key);
    agent = labels.get(AGENT_LABEL);
  }
  const digests: StoreDigest[] = [];
  for (const window of windows) {
    const hash = new ContentHash();
    const matcher = createMatcher('=', AGENT_LABEL, agent);
    if (keys.size > 0) await digestWindow(store, matcher, keys, window, hash);
    digests.push({ count: hash.count, hash: hash.hash });
  }
  return digests;
}

async function digestWindow(
  store: Queryable,
  matcher: Matcher,
  keys: ReadonlyMap<string, Hash64>,
  { minTime, maxTime }: { readonly minTime: number; readonly maxTime: number },
  hash: ContentHash,
): Promise<void> {
  const querier = store.querier();
  try {
    const found = await querier.select([matcher], { minTime, maxTime, unordered: true });
    const columns = new SampleColumns();
    for (let index = 0; index < found.length; index++) {
      const key = keys.get(found.labels(index).key);
      if (key === undefined) continue;
      columns.reset();
      found.samples(index, columns);
      addSamples(columns, key, hash);
      for (const { timestamp, histogram } of found.histograms(index)) {
        if (histogram === undefined) continue;
        const { low, high } = histogramWords(histogram);
        hash.add(key, timestamp, low, high);
      }
    }
  } finally {
    querier.close();
  }
}

function addSamples(columns: SampleColumns, key: Hash64, hash: ContentHash): void {
  const { length, timestamps, words } = columns;
  for (let at = 0; at < length; at++) {
    if (isStaleAt(words, at)) continue;
    hash.add(key, timestamps[at]!, words[2 * at]!, words[2 * at + 1]!);
  }
}

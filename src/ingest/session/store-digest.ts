import { ContentHash, type Hash64 } from '../../formats/tide/index.ts';
import { createMatcher, isStaleAt, type Matcher, SampleColumns } from '../../model/index.ts';
import type { Queryable } from '../../storage/api.ts';
import type { DigestQuestion, StoreDigest } from './audit-rounds.ts';
import { AGENT_LABEL, type AgentSeries } from './schema-catalog.ts';

/**
 * Count and hash of what the store has of a group's series in each window, as AUDIT_RESULT counts
 * them. The ends of series that the collector wrote of its own are not among them: a staleness
 * marker one millisecond behind a sample.
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
    const hints = { minTime: minTime - 1, maxTime, unordered: true };
    const found = await querier.select([matcher], hints);
    const columns = new SampleColumns();
    for (let index = 0; index < found.length; index++) {
      const key = keys.get(found.labels(index).key);
      if (key === undefined) continue;
      columns.reset();
      found.samples(index, columns);
      addSamples(columns, key, minTime, hash);
    }
  } finally {
    querier.close();
  }
}

function addSamples(
  { length, timestamps, words }: SampleColumns,
  key: Hash64,
  minTime: number,
  hash: ContentHash,
): void {
  let before = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < length; at++) {
    const time = timestamps[at]!;
    const isOwnEnd = time === before + 1 && isStaleAt(words, at);
    before = time;
    if (time < minTime || isOwnEnd) continue;
    hash.add(key, time, words[2 * at]!, words[2 * at + 1]!);
  }
}

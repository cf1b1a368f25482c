import type { Matcher } from '../../model/index.ts';
import type { Storage, TimeRange } from '../../storage/api.ts';

const AGENT_LABEL = 'agent';

/** Ids of the agents that have series which any of the matcher lists selects. */
export async function agentsInScope(
  storage: Storage,
  matcherLists: readonly (readonly Matcher[])[],
  range: TimeRange,
): Promise<ReadonlySet<string>> {
  const querier = storage.querier();
  try {
    return new Set(await querier.labelValues(AGENT_LABEL, matcherLists, range));
  } finally {
    querier.close();
  }
}

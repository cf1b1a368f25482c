import type { SessionServer } from '../../ingest/index.ts';
import type { Matcher } from '../../model/index.ts';
import { agentCompleteness } from '../../sources/index.ts';
import type { TimeRange } from '../../storage/api.ts';
import type { ApiRequest, ParamSpec } from '../route.ts';
import { agentsInScope } from './agents-in-scope.ts';

/** Asks for what the ledgers say of the series that a query reads. */
export const COVERAGE: ParamSpec = {
  name: 'coverage',
  in: 'query',
  type: 'boolean',
  text:
    '`1` adds to `infos` what of the agents whose series the query selects is here, and up to when ' +
    'it is complete.',
};

const NAMED_MAX = 5;

export function asksForCoverage({ params }: ApiRequest): boolean {
  return /^(?:1|t|true)$/i.test(params.text('coverage'));
}

/** The annotation of an answer that asks for it; none where no agent is in scope. */
export async function coverageInfos(
  { deps }: ApiRequest,
  selectors: readonly (readonly Matcher[])[],
  range: TimeRange,
): Promise<string[]> {
  const { agents } = deps;
  if (agents === undefined || selectors.length === 0) return [];
  const inScope = await agentsInScope(deps.storage, selectors, range);
  return describe([...inScope].sort(), agents, range, deps.clock.now());
}

function describe(
  agentIds: readonly string[],
  agents: SessionServer,
  range: TimeRange,
  nowMs: number,
): string[] {
  const sum = {
    ...{ scheduled: 0, covered: 0, missing: 0, degraded: 0, rejected: 0, lost: 0, down: 0 },
  };
  const refused: string[] = [];
  let refusedCount = 0;
  const incomplete: string[] = [];
  let known = 0;
  let throughMs = Infinity;
  for (const agentId of agentIds) {
    const ledger = agents.ledger(agentId);
    if (ledger === undefined) continue;
    known++;
    const { terms, window, completeThroughMs } = agentCompleteness(ledger, range, nowMs);
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += window[key];
    if (window.missing + window.degraded + window.rejected + window.lost > 0) {
      incomplete.push(agentId);
    }
    if (terms.rejected > 0) refused.push(agentId);
    refusedCount += terms.rejected;
    if (agents.entry(agentId)?.gone !== true) {
      throughMs = Math.min(throughMs, completeThroughMs ?? Infinity);
    }
  }
  if (known === 0) return [];
  const through = throughMs === Infinity ? 'unknown' : new Date(throughMs).toISOString();
  const counts = Object.entries(sum).map(([name, count]) => `${name} ${count}`);
  const missing = incomplete.length === 0 ? '' : `; incomplete: ${listed(incomplete)}`;
  return [
    `coverage of ${known} agents: ${counts.join(', ')}; complete through ${through}${missing}`,
    // Of single samples of a batch the ledger keeps the number, and not the times.
    ...(refusedCount === 0
      ? []
      : [
          `samples that came and were refused, at any time: ${refusedCount}, of ` + listed(refused),
        ]),
  ];
}

function listed(agentIds: readonly string[]): string {
  const named = agentIds.slice(0, NAMED_MAX).join(', ');
  return agentIds.length > NAMED_MAX ? `${named}, and ${agentIds.length - NAMED_MAX} more` : named;
}

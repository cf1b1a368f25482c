import { describeLive, type LiveLatency, watchLive } from '../test/support/live-latency.ts';
import { ask } from '../test/support/hybrid-store-check.ts';
import type { AgentLoad } from './hybrid-loads.ts';

const INTERVAL_MS = 1000;
/** Agents whose ticks are watched, all by one question: that of all would be a load of its own. */
const WATCHED = 20;
const READS = 100;
const NUMBER_STEP = 37;

export interface Latencies extends LiveLatency {
  /** From asking an agent to its answer. */
  readonly readMs: readonly number[];
}

/** How soon a tick of some of the agents can be queried, and how soon agents answer READ. */
export async function measureLatencies(
  url: string,
  { agents, series }: AgentLoad,
  seconds: number,
): Promise<Latencies> {
  const count = Math.min(WATCHED, agents);
  const agentIds = Array.from({ length: count }, (_, at) => nameOf(at * (agents / count)));
  const live = await watchLive({
    ...{ url, agentIds, intervalMs: INTERVAL_MS, seconds },
    selector: `tidegauge_synthetic{agent=~"${agentIds.join('|')}",series="${series - 1}"}`,
  });
  console.log(`  ${live.visibleMs.length} ticks of ${count} agents seen: ${describeLive(live)}`);
  const readMs: number[] = [];
  for (let read = 0; read < READS; read++) {
    const start = performance.now();
    const path = `/api/v1/agents/${nameOf((read * NUMBER_STEP) % agents)}/read`;
    const params = { selector: 'tidegauge_synthetic{series="7"}' };
    await ask(url, path, params, { method: 'POST' });
    readMs.push(performance.now() - start);
  }
  return { ...live, readMs };
}

function nameOf(agent: number): string {
  return `synthetic-${Math.floor(agent)}`;
}

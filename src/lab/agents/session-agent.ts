import { agentOptionsSchema, startAgent } from '../../agent/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { seededRandom, systemClock } from '../../util/index.ts';
import type { AgentSetup, SimulatedAgent } from './simulated-agent.ts';
import { instanceOf } from './synthetic-load.ts';

/** Name under which the collector may read what the agent does not collect. */
export const EXTRA_TARGET = 'extra';

/** The agent as it is, with a session to the collector; it holds what it sampled in memory. */
export async function startSessionAgent(
  setup: AgentSetup,
  extraUrl: string,
): Promise<SimulatedAgent> {
  const options = agentOptionsSchema.parse({
    collector: setup.collectorUrl,
    memory_only: true,
    agent_id: instanceOf(setup.agent),
    host_metrics: { enabled: false },
    own_metrics: { enabled: false },
    allow_reads: [{ name: EXTRA_TARGET, url: extraUrl }],
  });
  const agent = await startAgent({
    options,
    collector: setup.collectorUrl,
    scrapeConfigs: [],
    version: 'lab',
    clock: systemClock,
    random: seededRandom(setup.seed + setup.agent),
    logger: silentLogger,
    synthetic: { agent: setup.agent, series: setup.series, intervalMs: setup.intervalMs },
    onFenced: () => {},
  });
  return {
    port: 0,
    get droppedSamples() {
      return agent.status().totals.shed;
    },
    get inSession() {
      return agent.status().inSession;
    },
    stop: () => agent.stop(),
  };
}

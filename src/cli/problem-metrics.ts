import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { SessionServer } from '../ingest/index.ts';

/** Series of single agents, at most: all others have an API. */
const SERIES_MAX = 200;

/** Which agents something is wrong with, so that an alert can name them. */
export function registerProblemMetrics(
  registry: Registry,
  sessions: Pick<SessionServer, 'entries' | 'problemsOf'>,
): void {
  const registers = [registry];
  let agentCount = 0;
  new Gauge({
    name: 'tidegauge_agent_problem',
    help: `What is wrong with which agent; at most ${SERIES_MAX} of all.`,
    labelNames: ['agent', 'code'],
    registers,
    collect() {
      this.reset();
      let seriesCount = 0;
      agentCount = 0;
      for (const entry of sessions.entries()) {
        const problems = sessions.problemsOf(entry);
        if (problems.length > 0) agentCount++;
        for (const { code } of problems.slice(0, SERIES_MAX - seriesCount)) {
          this.set({ agent: entry.agentId, code }, 1);
          seriesCount++;
        }
      }
    },
  });
  // Read after the other, which counts them.
  new Gauge({
    name: 'tidegauge_troubled_agents',
    help: 'Agents that something is wrong with, or was within a day.',
    registers,
    collect() {
      this.set(agentCount);
    },
  });
}

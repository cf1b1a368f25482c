import { Agent, request } from 'undici';
import type { Clock } from '../../util/index.ts';
import { systemClock } from '../../util/index.ts';
import { type AgentSetup, everyTick, type SimulatedAgent } from './simulated-agent.ts';
import { extraText, instanceOf, LoadText } from './synthetic-load.ts';

const PUSH_TIMEOUT_MS = 5000;

/**
 * A client of the Pushgateway API: puts its group at each tick, and keeps nothing. While one push
 * is under way the next are left out: what they would have said is out of date at their turn.
 */
export function startGatewayAgent(setup: AgentSetup, clock: Clock = systemClock): SimulatedAgent {
  const url = `${setup.collectorUrl}/metrics/job/lab/instance/${instanceOf(setup.agent)}`;
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  const text = new LoadText(setup);
  const extra = setup.hasExtra ? extraText() : '';
  let droppedSamples = 0;
  let pushing: Promise<void> | undefined;
  const push = async (tick: number): Promise<void> => {
    try {
      const answer = await request(url, {
        method: 'PUT',
        body: text.at(tick) + extra,
        dispatcher,
        signal: AbortSignal.timeout(PUSH_TIMEOUT_MS),
      });
      await answer.body.dump();
      if (answer.statusCode >= 300) droppedSamples += setup.series;
    } catch {
      droppedSamples += setup.series;
    }
  };
  const stopTicks = everyTick(setup, clock, (tick) => {
    if (pushing === undefined) pushing = push(tick).finally(() => (pushing = undefined));
    else droppedSamples += setup.series;
  });
  return {
    port: 0,
    get droppedSamples() {
      return droppedSamples;
    },
    inSession: false,
    async stop() {
      stopTicks();
      await dispatcher.destroy();
      await pushing;
    },
  };
}

import { Agent } from 'node:http';
import { postWrite } from '../support/http-client.ts';
import { Load } from './load.ts';
import { WriteRequests } from './write-requests.ts';

export interface SentLoad {
  readonly series: number;
  readonly ticks: number;
  readonly samplesPerRequest: number;
  /** Time of the first tick. */
  readonly firstMs: number;
  readonly tickMs: number;
}

/** Requests under way at once: a sender with two shards. */
const IN_FLIGHT = 2;

/** Sends every tick of a load by remote write. `onFirstTick` is waited for after the first. */
export async function sendLoad(
  url: string,
  sent: SentLoad,
  onFirstTick: () => Promise<void>,
): Promise<void> {
  const load = new Load(sent.series);
  const requests = new WriteRequests(load, sent.samplesPerRequest);
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  for (let tick = 0; tick < sent.ticks; tick++) {
    if (tick > 0) load.tick();
    const waiting = new Set<Promise<void>>();
    for (const body of requests.bodies(sent.firstMs + tick * sent.tickMs)) {
      const posted = postWrite(url, body, agent).finally(() => waiting.delete(posted));
      waiting.add(posted);
      if (waiting.size >= IN_FLIGHT) await Promise.race(waiting);
    }
    await Promise.all(waiting);
    if (tick === 0) await onFirstTick();
  }
  agent.destroy();
}

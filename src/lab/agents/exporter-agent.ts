import { createServer } from 'node:http';
import { extraText, LoadText, tickAt } from './synthetic-load.ts';
import type { AgentSetup, SimulatedAgent } from './simulated-agent.ts';

/** Path of the metric that nobody collects until it is asked for. */
export const EXTRA_PATH = '/extra';

const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };

/** An agent that is pulled from: it listens, and shows its values of the moment. */
export async function startExporterAgent(
  setup: AgentSetup,
  port = 0,
  hasLoad = true,
): Promise<SimulatedAgent> {
  const text = new LoadText({ ...setup, series: hasLoad ? setup.series : 0 });
  const server = createServer((request, response) => {
    response.writeHead(200, TEXT);
    const isExtra = request.url?.startsWith(EXTRA_PATH) === true;
    response.end(isExtra ? extraText() : text.at(tickAt(Date.now(), setup.intervalMs)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    droppedSamples: 0,
    inSession: false,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startGatewayAgent } from './gateway-agent.ts';
import { startRemoteWriteAgent } from './remote-write-agent.ts';
import type { AgentSetup, SimulatedAgent } from './simulated-agent.ts';

/** A collector that answers as it is told, or does not answer. */
let server: Server;
let status: number | undefined;
let agent: SimulatedAgent;
const requests: { readonly path: string; readonly body: string }[] = [];

beforeEach(async () => {
  requests.length = 0;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('latin1') });
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await agent.stop();
  await new Promise((resolve) => server.close(resolve));
});

function setup(series: number): AgentSetup {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    ...{ strategy: 'remote-write', collectorUrl: `http://127.0.0.1:${port}`, series, seed: 1 },
    ...{ intervalMs: 100, agent: 3, hasExtra: false, spreadMs: 0 },
  };
}

test('remote write holds two ticks of 5,000 series, tries again, and gives up the oldest', async () => {
  status = 503;
  agent = startRemoteWriteAgent(setup(5000));
  await expect.poll(() => agent.droppedSamples, { timeout: 5000 }).toBeGreaterThanOrEqual(10_000);
  const refused = requests.length;
  status = 204;
  await expect.poll(() => requests.length, { timeout: 5000 }).toBeGreaterThan(refused + 3);
  const dropped = agent.droppedSamples;
  await expect.poll(() => requests.length, { timeout: 5000 }).toBeGreaterThan(refused + 8);
  expect(agent.droppedSamples).toBe(dropped);
  expect(new Set(requests.map(({ path }) => path))).toEqual(new Set(['/api/v1/write']));
});

test('a client of the gateway leaves out what would have to wait', async () => {
  status = undefined;
  agent = startGatewayAgent(setup(2));
  await expect.poll(() => agent.droppedSamples, { timeout: 5000 }).toBeGreaterThanOrEqual(6);
  expect(requests).toHaveLength(1);
  expect(requests[0]?.path).toBe('/metrics/job/lab/instance/agent-3');
  expect(requests[0]?.body).toMatch(/^tidegauge_synthetic\{series="1"\} 300001\d{8}$/m);
});

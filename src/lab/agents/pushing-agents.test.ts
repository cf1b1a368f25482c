import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../util/index.ts';
import { startGatewayAgent } from './gateway-agent.ts';
import { startRemoteWriteAgent } from './remote-write-agent.ts';
import type { AgentSetup, SimulatedAgent } from './simulated-agent.ts';

/** A collector that answers as it is told, or does not answer. */
let server: Server;
let status: number | undefined;
let agent: SimulatedAgent;
let clock: FakeClock;
const requests: { readonly path: string; readonly body: string; readonly status?: number }[] = [];

beforeEach(async () => {
  requests.length = 0;
  clock = new FakeClock(1_700_000_000_000);
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      requests.push({ path: request.url ?? '', body, ...(status !== undefined && { status }) });
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
  agent = startRemoteWriteAgent(setup(5000), clock);
  await clock.advance(400);
  expect(agent.droppedSamples).toBe(10_000);
  await expect.poll(() => requests.length, { timeout: 10_000 }).toBeGreaterThan(0);
  status = 204;
  // Beyond any wait before the next try.
  await clock.advance(1000);
  const taken = (): number => requests.filter((request) => request.status === 204).length;
  await expect.poll(() => taken() + agent.droppedSamples / 5000, { timeout: 10_000 }).toBe(14);
  expect(taken()).toBeGreaterThanOrEqual(2);
  expect(new Set(requests.map(({ path }) => path))).toEqual(new Set(['/api/v1/write']));
});

test('a client of the gateway leaves out what would have to wait', async () => {
  status = undefined;
  agent = startGatewayAgent(setup(2), clock);
  await clock.advance(400);
  expect(agent.droppedSamples).toBe(6);
  await expect.poll(() => requests.length, { timeout: 4000 }).toBe(1);
  expect(requests[0]?.path).toBe('/metrics/job/lab/instance/agent-3');
  expect(requests[0]?.body).toMatch(/^tidegauge_synthetic\{series="1"\} 300001\d{8}$/m);
});

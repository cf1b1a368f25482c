import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { openTemporaryStorage } from '../../../test/support/temporary-storage.ts';
import { Labels } from '../../model/index.ts';
import { imbalance, SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const TICK = START_MS / 1000;
const SERIES = 3;

async function setUp(limits: Record<string, unknown> = {}) {
  const clock = new FakeClock(START_MS);
  const store = await openTemporaryStorage({}, clock);
  const server = new SessionServer({
    ...{ storage: store.storage, sources: new SourceRegistry({ clock }), clock },
    ...{ logger: silentLogger, runId: 'run', options: agentsOptionsSchema.parse(limits) },
  });
  server.start();
  onTestFinished(async () => {
    await server.close();
    await store.remove();
  });
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: SERIES });
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  const send = async (...frames: Uint8Array[]): Promise<void> => {
    for (const frame of frames) server.receive(id, frame);
    await vi.waitFor(() => expect(server.inFlightBytes).toBe(0), { timeout: 20_000, interval: 5 });
  };
  const termsAt = (ms: number) => server.ledger('a1')?.terms(ms) ?? expect.fail();
  return { agent, connection, send, termsAt };
}

test('an ACK says why samples are never stored, and how many; so does the ledger', async () => {
  const { agent, connection, send, termsAt } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK + 1));
  expect(connection.last('ACK').rejections).toEqual([]);
  // An hour ahead, where ten minutes are permitted.
  await send(agent.batch(TICK + 3600));
  expect(connection.last('ACK').rejections).toEqual([
    { stream: 1, seq: 4, reason: 'OUT_OF_BOUNDS', samples: SERIES },
  ]);
  const terms = termsAt(START_MS + 3_600_000);
  expect(terms).toMatchObject({ stored: 2 * SERIES, rejected: SERIES });
  expect(imbalance(terms)).toBe(0);
});

test('series beyond the limit are told apart from times', async () => {
  const { agent, connection, send } = await setUp({ max_series_per_agent: 2 });
  await send(agent.hello(), agent.schema(), agent.batch(TICK));
  expect(connection.last('ACK').rejections).toEqual([
    { stream: 1, seq: 2, reason: 'LIMIT', samples: 1 },
  ]);
});

test('a frame that cannot be read is rejected as a whole', async () => {
  const { agent, connection, send } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK));
  expect(connection.last('ACK').rejections).toEqual([
    { stream: 1, seq: 3, reason: 'FORMAT', samples: 0 },
  ]);
});

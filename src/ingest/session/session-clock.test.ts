import { expect, onTestFinished, test } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { Labels } from '../../model/index.ts';
import { SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { noSessionMetrics } from './session-metrics.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const HEARTBEAT_MS = 5000;

function setUp(options: Record<string, unknown> = {}) {
  const clock = new FakeClock(START_MS);
  const said: { fields: Record<string, unknown>; text: string }[] = [];
  const written: { newestMs: number | undefined; aheadMs: number }[] = [];
  const warn = (fields: Record<string, unknown>, text: string): void => {
    said.push({ fields, text });
  };
  const server = new SessionServer({
    ...{ storage: new MemoryStorage(), sources: new SourceRegistry({ clock }), clock },
    ...{ logger: { ...silentLogger, warn }, runId: 'run' },
    options: agentsOptionsSchema.parse(options),
    metrics: {
      ...noSessionMetrics,
      applied: ({ newestMs }, { aheadMs }) => void written.push({ newestMs, aheadMs }),
    },
  });
  server.start();
  onTestFinished(() => server.close());
  return { clock, said, written, server };
}

/** An agent whose clock is `aheadMs` ahead, over a way of 10 ms in either direction. */
async function connect(
  { clock, server }: ReturnType<typeof setUp>,
  { aheadMs, tellsAnswers = true }: { aheadMs: number; tellsAnswers?: boolean },
) {
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: 1 });
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  const own = { aheadMs, heardMs: 0, serverTimeMs: 0 };
  const now = (): number => clock.now() + own.aheadMs;
  const send = async (...frames: Uint8Array[]): Promise<void> => {
    await clock.advance(10);
    for (const frame of frames) server.receive(id, frame);
    await clock.advance(10);
  };
  const clockMs = now();
  await send(agent.hello({ clockMs }), agent.schema());
  own.serverTimeMs = connection.last('WELCOME').serverTimeMs;
  own.heardMs = now();
  return {
    agent,
    own,
    send,
    beat: async (): Promise<void> => {
      await clock.advance(HEARTBEAT_MS - 20);
      const atMs = now();
      const serverAgeMs = atMs - own.heardMs;
      const { serverTimeMs } = own;
      await send(agent.heartbeat(atMs, tellsAnswers ? { serverTimeMs, serverAgeMs } : {}));
      own.serverTimeMs = connection.last('ACK').serverTimeMs;
      own.heardMs = now();
    },
  };
}

test('the skew of an agent is known with its first heartbeat, and said once', async () => {
  const collector = setUp();
  const { beat, own } = await connect(collector, { aheadMs: -4000 });
  expect(collector.server.clockOf('a1')).toBeUndefined();
  await beat();
  expect(collector.server.clockOf('a1')).toEqual({
    ...{ aheadMs: -4000, errorMs: 10, apartMs: 3990, isApart: true },
  });
  await beat();
  expect(collector.said).toEqual([
    {
      fields: { agentId: 'a1', apart: '4.0s', want: expect.stringContaining('NTP') as unknown },
      text: expect.stringMatching(/^the clock of an agent is behind this host's/) as unknown,
    },
  ]);
  // Set right, and wrong once more.
  own.aheadMs = 0;
  for (let count = 0; count < 3; count++) await beat();
  expect(collector.server.clockOf('a1')).toMatchObject({ aheadMs: 0, isApart: false });
  own.aheadMs = 90_000;
  for (let count = 0; count < 3; count++) await beat();
  expect(collector.server.clockOf('a1')).toMatchObject({ aheadMs: 90_000, isApart: true });
  expect(collector.said.map(({ fields }) => fields['apart'])).toEqual(['4.0s', '1m30s']);
});

test('a smaller skew is told to who asks, and to nobody else', async () => {
  const collector = setUp();
  const { beat } = await connect(collector, { aheadMs: 900 });
  await beat();
  expect(collector.server.clockOf('a1')).toMatchObject({ aheadMs: 900, isApart: false });
  expect(collector.said).toEqual([]);
  const strict = setUp({ clock_skew_warn_ms: 0 });
  const other = await connect(strict, { aheadMs: 86_400_000 });
  await other.beat();
  expect(strict.server.clockOf('a1')).toMatchObject({ isApart: false });
  expect(strict.said).toEqual([]);
});

test('of an agent that tells of no answers it is known only that it is ahead', async () => {
  const ahead = setUp();
  await (await connect(ahead, { aheadMs: 3000, tellsAnswers: false })).beat();
  expect(ahead.server.clockOf('a1')).toEqual({
    ...{ aheadMs: 2990, errorMs: undefined, apartMs: 2990, isApart: true },
  });
  const behind = setUp();
  await (await connect(behind, { aheadMs: -3000, tellsAnswers: false })).beat();
  expect(behind.server.clockOf('a1')).toBeUndefined();
});

test('the way of live samples is told with the skew of their times', async () => {
  const collector = setUp();
  const { agent, beat, send } = await connect(collector, { aheadMs: 2000 });
  await beat();
  const tick = Math.floor((collector.clock.now() + 2000) / 1000);
  await send(agent.batch(tick));
  expect(collector.written.at(-1)).toEqual({ newestMs: tick * 1000, aheadMs: 2000 });
});

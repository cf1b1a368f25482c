import { expect, onTestFinished, test } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { Labels } from '../../model/index.ts';
import { SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const TICK = START_MS / 1000;
const ANYBODY = { agentId: undefined, labels: Labels.EMPTY };

function setUp(options: Record<string, unknown> = {}, storage = new MemoryStorage()) {
  const clock = new FakeClock(START_MS);
  const sources = new SourceRegistry({ clock });
  const server = new SessionServer({
    ...{ storage, sources, clock, logger: silentLogger, runId: 'run' },
    options: agentsOptionsSchema.parse({ heartbeat_ms: 60_000, ...options }),
  });
  server.start();
  onTestFinished(() => server.close());
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: 2 });
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, ANYBODY);
  const send = async (...frames: Uint8Array[]): Promise<void> => {
    for (const frame of frames) server.receive(id, frame);
    await clock.advance(10);
  };
  const problems = () => server.problemsOf(server.entry('a1') ?? expect.fail());
  const codes = () => problems().map(({ code }) => code);
  return { agent, clock, codes, connection, id, problems, send, server, sources, storage };
}

test('of an agent that is well there is nothing to say', async () => {
  const { agent, clock, codes, send } = setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK + 1));
  await clock.advance(1000);
  expect(codes()).toEqual([]);
  await send(agent.bye());
  expect(codes()).toEqual([]);
});

test('one without a session is away, and gone in the end', async () => {
  const { agent, clock, codes, id, problems, send, server } = setUp({ gone_after_ms: 600_000 });
  const ring = { usedBytes: 1, limitBytes: 2, oldestMs: START_MS - 45_000 };
  await send(agent.hello(), agent.schema(), agent.batch(TICK));
  await send(agent.heartbeat(START_MS, { ring }));
  const sinceMs = clock.now() - 10;
  server.lost(id);
  expect(problems()).toEqual([
    {
      ...{ code: 'away', sinceMs, text: 'It has no session' },
      advice: expect.stringMatching(/waits in its ring, which held 45s then,/) as unknown,
    },
  ]);
  await clock.advance(700_000);
  expect(codes()).toEqual(['gone']);
});

test('a collector that was started again shows agents that did not come back', async () => {
  const first = setUp();
  await first.send(first.agent.hello(), first.agent.schema(), first.agent.batch(TICK));
  await first.server.close();
  const { server, sources } = setUp({}, first.storage.reopened());
  expect(sources.get('push/tide/a1')).toMatchObject({ state: 'expected', name: 'tide' });
  const entry = server.entry('a1') ?? expect.fail();
  const [away] = server.problemsOf(entry);
  expect(away).toMatchObject({ code: 'away', sinceMs: START_MS });
  expect(away?.text).toBe('Not heard of since this collector started');
});

test('what is missing for long, and what of it is lost in the end, with the reason', async () => {
  const { agent, clock, codes, connection, problems, send } = setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK));
  agent.batch(TICK + 1);
  await send(agent.batch(TICK + 2));
  const sinceMs = clock.now() - 10;
  await clock.advance(5000);
  expect(codes()).toEqual([]);
  // Pulled again and again, without an answer.
  await clock.advance(10_000);
  expect(problems()).toMatchObject([
    { code: 'missing', text: 'Missing: 1 frame that it sealed', sinceMs },
  ]);
  const { requestId, epoch } = connection.last('PULL_RANGE');
  const gone = { requestId, epoch, stream: 1 as const, ranges: [{ from: 3, to: 3 }] };
  await send(agent.control({ type: 'RANGE_GONE', ...gone, reason: 'EVICTED' }));
  expect(problems()).toEqual([
    {
      ...{ code: 'lost_evicted', sinceMs: START_MS + 1000 },
      text: 'Lost: 2 samples that left its ring before they could be pulled',
      advice: expect.stringMatching(/larger ring/) as unknown,
    },
  ]);
});

test('a run that ended without a word was down until the next', async () => {
  const { agent, clock, id, problems, send, server } = setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK));
  server.lost(id);
  await clock.advance(60_000);
  const next = new ScriptedAgent({ agentId: 'a1', epoch: clock.now(), seriesCount: 2, nonce: 8 });
  const other = server.attach(new FakeAgentConnection(), ANYBODY);
  const previous = [{ epoch: START_MS, streams: agent.extents }];
  for (const frame of [next.hello({ previous }), next.schema(), next.batch(TICK + 61)]) {
    server.receive(other, frame);
  }
  await clock.advance(1000);
  expect(problems()).toMatchObject([
    {
      ...{ code: 'down', sinceMs: START_MS + 1000 },
      text: 'It was not running: 120 samples due, none taken',
    },
  ]);
});

test('what was refused, and what could not be read at its source', async () => {
  const { agent, clock, codes, problems, send } = setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK, 1, 3));
  await send(agent.partial(TICK + 1, { failedCount: 6, shedCount: 1 }));
  await send(agent.heartbeat(START_MS));
  const [refused, failed, shed] = problems();
  expect(refused).toEqual({
    ...{ code: 'rejected_schema', sinceMs: START_MS },
    text: 'Refused: 1 sample, which are of series that no schema names, or two',
    advice: expect.stringMatching(/version/) as unknown,
  });
  expect(failed).toMatchObject({ code: 'failed', text: expect.stringMatching(/ 6 samples /) });
  expect(shed).toMatchObject({ code: 'shed', text: expect.stringMatching(/ 1 sample,/) });
  // Of ticks that are accounted for.
  await send(agent.batch(TICK));
  expect(codes()).toEqual(['rejected_schema', 'rejected_format', 'failed', 'shed']);
  await clock.advance(301_000);
  expect(codes()).not.toContain('shed');
});

test('an agent that has a session and does not send what is due', async () => {
  const { agent, clock, codes, problems, send } = setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK));
  await clock.advance(20_000);
  await send(agent.heartbeat(clock.now()));
  expect(codes()).toEqual([]);
  await clock.advance(20_000);
  expect(problems()).toMatchObject([{ code: 'late', sinceMs: START_MS }]);
});

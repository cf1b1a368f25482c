import { expect, onTestFinished, test } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { Labels } from '../../model/index.ts';
import { imbalance, SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import type { Principal } from './agent-connection.ts';
import { agentsOptionsSchema } from './options.ts';
import { noSessionMetrics, type SessionMetrics } from './session-metrics.ts';
import type { SessionServerDependencies } from './session-parts.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const FIRST_TICK = START_MS / 1000;
const ANYBODY: Principal = { agentId: undefined, labels: Labels.EMPTY };

function setUp(
  options: Record<string, unknown> = {},
  storage = new MemoryStorage(),
  changes: Partial<SessionServerDependencies> = {},
) {
  const clock = new FakeClock(START_MS);
  const sources = new SourceRegistry({ clock });
  const server = new SessionServer({
    ...{ storage, sources, clock, logger: silentLogger, runId: 'run' },
    options: agentsOptionsSchema.parse(options),
    random: () => 0.5,
    ...changes,
  });
  server.start();
  onTestFinished(() => server.close());
  const connect = (principal = ANYBODY) => {
    const connection = new FakeAgentConnection();
    const id = server.attach(connection, principal);
    const send = (...frames: Uint8Array[]): void => {
      for (const frame of frames) server.receive(id, frame);
    };
    return { connection, id, send, lost: () => server.lost(id) };
  };
  return { clock, sources, storage, server, connect };
}

function agentOf(agentId = 'a1', changes: object = {}): ScriptedAgent {
  return new ScriptedAgent({ agentId, epoch: START_MS, seriesCount: 2, ...changes });
}

const series = (id: number, agentId = 'a1'): string =>
  `metric_${id}{agent="${agentId}", instance="${agentId}"}`;
const life = (name: string, agentId = 'a1'): string =>
  `${name}{agent="${agentId}", instance="${agentId}", job="tidegauge-agent"}`;

test('what an agent sends is stored with its ledger, and acknowledged as durable', async () => {
  const { storage, clock, server, connect, sources } = setUp();
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK), agent.batch(FIRST_TICK + 1));
  await clock.advance(10);
  expect(connection.last('WELCOME').heartbeatMs).toBe(5000);
  expect(storage.samplesOf(series(1))).toEqual([
    `${FIRST_TICK * 1000}=${FIRST_TICK * 1000 + 1}`,
    `${FIRST_TICK * 1000 + 1000}=${FIRST_TICK * 1000 + 1001}`,
  ]);
  expect(storage.metadata().get('metric_0')).toMatchObject({ type: 'gauge', help: 'Number 0.' });
  expect(storage.samplesOf(life('up'))[0]).toBe(`${START_MS}=1`);
  expect(storage.samplesOf(life('tidegauge_alive'))).toEqual([`${START_MS}=1`]);
  expect([...storage.state('ledger/').keys()]).toEqual([`ledger/a1/${START_MS}`]);
  expect([...storage.state('tide-schema/').keys()]).toEqual([`tide-schema/a1/${START_MS}/1`]);
  const terms = server.ledger('a1')?.terms(START_MS + 1000);
  expect(terms).toMatchObject({ scheduled: 4, stored: 4, missing: 0 });
  expect(sources.get('push/tide/a1')).toMatchObject({ name: 'tide', state: 'live' });
  await clock.advance(6100);
  expect(connection.last('ACK').streams[1]).toMatchObject({ cumReceived: 3, cumDurable: 3 });
});

test('the way of what came live is told in parts: when it came, and when it was stored', async () => {
  const told: object[] = [];
  const metrics: SessionMetrics = {
    ...noSessionMetrics,
    applied: ({ newestMs }, times) => void told.push({ newestMs, ...times }),
  };
  const { storage, clock, connect } = setUp({}, new MemoryStorage(), { metrics });
  const agent = agentOf();
  const { send } = connect();
  send(agent.hello(), agent.schema());
  await clock.advance(30);
  let open = (): void => {};
  storage.gate = new Promise((resolve) => (open = resolve));
  send(agent.batch(FIRST_TICK));
  await clock.advance(20);
  open();
  await clock.advance(0);
  expect(told.at(-1)).toEqual({
    ...{ newestMs: START_MS, receivedMs: START_MS + 30 },
    ...{ durationMs: 20, nowMs: START_MS + 50, aheadMs: 0 },
  });
});

test('a gap is pulled and stored out of order, and the sum of terms stays right', async () => {
  const { storage, clock, server, connect } = setUp(
    {},
    new MemoryStorage({ outOfOrderWindowMs: 1e6 }),
  );
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
  agent.batch(FIRST_TICK + 1);
  send(agent.batch(FIRST_TICK + 2));
  await clock.advance(600);
  const pull = connection.last('PULL_RANGE');
  expect(pull).toMatchObject({ stream: 1, ranges: [{ from: 3, to: 3 }] });
  expect(server.ledger('a1')?.terms(START_MS + 2000).missing).toBe(2);
  send(agent.again(3, pull.requestId), agent.again(3, pull.requestId));
  await clock.advance(200);
  expect(storage.samplesOf(series(0))).toHaveLength(3);
  const terms = server.ledger('a1')?.terms(START_MS + 2000);
  expect(terms).toMatchObject({ stored: 6, missing: 0 });
  expect(imbalance(terms ?? expect.fail())).toBe(0);
  expect(server.duplicateCount('a1')).toBe(1);
});

test('a restart knows ledger and schema: the agent goes on where it was', async () => {
  const storage = new MemoryStorage();
  const first = setUp({}, storage);
  const agent = agentOf();
  const before = first.connect();
  before.send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
  await first.clock.advance(10);
  await first.server.close();
  expect(before.connection.last('FENCE')).toMatchObject({ reason: 'LEAVING', retryAfterMs: 1000 });
  expect(before.connection.closed?.kind).toBe('LEAVING');

  const second = setUp({}, storage.reopened());
  const after = second.connect();
  after.send(agent.hello());
  expect(after.connection.last('WELCOME')).toMatchObject({ schemaVersion: 1 });
  expect(after.connection.last('WELCOME').streams[1]).toMatchObject({ cumDurable: 2, missing: [] });
  after.send(agent.batch(FIRST_TICK + 1));
  await second.clock.advance(10);
  expect(second.storage.samplesOf(series(0))).toHaveLength(2);
});

test('a write that fails stores nothing, and what it held is pulled again', async () => {
  const { storage, clock, server, connect } = setUp();
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello());
  await clock.advance(10);
  storage.commitError = new Error('the disk is full');
  send(agent.schema(), agent.batch(FIRST_TICK));
  await clock.advance(10);
  expect(server.inFlightBytes).toBe(0);
  expect(storage.samplesOf(series(0))).toEqual([]);
  storage.commitError = undefined;
  // An agent sends its schemas once in a session, so this one is over.
  expect(connection.closed?.reason).toBe('a schema could not be stored');
  const after = connect();
  after.send(agent.hello());
  await clock.advance(500);
  const pull = after.connection.last('PULL_RANGE');
  expect(pull.ranges).toEqual([{ from: 1, to: 2 }]);
  after.send(agent.again(1, pull.requestId), agent.again(2, pull.requestId));
  await clock.advance(10);
  expect(storage.samplesOf(series(0))).toHaveLength(1);
  expect(server.ledger('a1')?.terms(START_MS)).toMatchObject({ stored: 2, missing: 0 });
});

test('samples that the store refuses are rejected in the ledger, not lost in silence', async () => {
  const { clock, server, connect } = setUp({}, new MemoryStorage({ maxSeries: 3 }));
  const agent = agentOf('a1', { seriesCount: 5 });
  const { send } = connect();
  send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
  await clock.advance(10);
  // One place is taken by `up`.
  const terms = server.ledger('a1')?.terms(START_MS);
  expect(terms).toMatchObject({ scheduled: 5, stored: 2, rejected: 3 });
  expect(imbalance(terms ?? expect.fail())).toBe(0);
});

test('series that the store dropped are made again, once', async () => {
  const { storage, clock, server, connect } = setUp();
  const agent = agentOf();
  const { send } = connect();
  send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
  await clock.advance(10);
  storage.dropSeries();
  send(agent.batch(FIRST_TICK + 1));
  await clock.advance(10);
  expect(storage.samplesOf(series(1))).toHaveLength(1);
  expect(server.ledger('a1')?.terms(START_MS + 1000)).toMatchObject({ stored: 4, rejected: 0 });
});

test('why a session was ended, and that writes fail, stands in the log, once each', async () => {
  const lines: [string, object][] = [];
  const note = (fields: object, text: string): void => void lines.push([text, fields]);
  const logger = { ...silentLogger, warn: note, error: note, info: note };
  const { storage, clock, connect } = setUp({}, new MemoryStorage(), { logger });
  const agent = agentOf();
  const { send } = connect();
  send(agent.hello(), agent.schema());
  await clock.advance(10);
  storage.commitError = new Error('no room');
  for (let at = 0; at < 3; at++) {
    send(agent.batch(FIRST_TICK + at));
    await clock.advance(10);
  }
  storage.commitError = undefined;
  send(agent.batch(FIRST_TICK + 3));
  await clock.advance(10);
  expect(lines).toMatchObject([
    ['what an agent sent was not stored', { err: 'no room' }],
    ['what agents send is stored again', {}],
  ]);
  lines.length = 0;
  connect().send(agentOf('a1', { epoch: agent.epoch + 5000, nonce: 8 }).hello());
  await clock.advance(10);
  const why = expect.stringMatching(/^epoch \d+ is over, \d+ is in force$/);
  expect(lines).toMatchObject([
    ['a session was ended', { agentId: 'a1', reason: 'SUPERSEDED', why }],
  ]);
});

test('a window shorter than what rings hold is said once, and again when it costs samples', async () => {
  const warnings: [string, object][] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: object, message: string) => warnings.push([message, fields]),
  };
  const outOfOrderWindowMs = 60_000;
  const { clock, connect, server } = setUp({}, new MemoryStorage({ outOfOrderWindowMs }), {
    ...{ logger, outOfOrderWindowMs },
  });
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello(), agent.schema());
  agent.batch(FIRST_TICK);
  const ring = (ageMs: number) => ({
    ring: { usedBytes: 1, limitBytes: 2, oldestMs: clock.now() - ageMs },
  });
  send(agent.heartbeat(clock.now(), ring(60_000)));
  expect(warnings).toEqual([]);
  expect(server.horizon.ringMs).toBe(60_000);
  for (let at = 0; at < 2; at++) send(agent.heartbeat(clock.now(), ring(7_200_000)));
  expect(warnings).toMatchObject([
    [expect.stringMatching(/further back than the store takes/), { ring: '2h' }],
  ]);
  // The newest goes first: what is older than it by more than the window has no place any more.
  send(agent.batch(FIRST_TICK + 61));
  await clock.advance(600);
  send(agent.again(2, connection.last('PULL_RANGE').requestId));
  await clock.advance(200);
  expect(warnings).toHaveLength(2);
  expect(warnings[1]).toMatchObject([
    expect.stringMatching(/were rejected/),
    { agentId: 'a1', count: 2, window: '1m' },
  ]);
  expect(server.ledger('a1')?.terms(clock.now()).rejected).toBe(2);
});

test('up is 0 at once when the connection breaks, and after silence', async () => {
  const { storage, clock, connect, sources } = setUp();
  const agent = agentOf();
  const first = connect();
  first.send(agent.hello());
  await clock.advance(100);
  first.lost();
  await clock.advance(10);
  expect(storage.samplesOf(life('up'))).toEqual([`${START_MS}=1`, `${START_MS + 100}=0`]);
  expect(sources.get('push/tide/a1')).toMatchObject({ lastError: 'the connection was lost' });
  const second = connect();
  second.send(agent.hello());
  await clock.advance(12_700);
  expect(second.connection.closed).toEqual({ kind: 'LOST', reason: 'no heartbeat' });
  expect(storage.samplesOf(life('up')).at(-1)).toMatch(/=0$/);
});

test('BYE ends every series and up; a tombstone ends its own', async () => {
  const { storage, clock, connect, sources } = setUp();
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK), agent.ends(2, [1]));
  await clock.advance(10);
  const endMs = FIRST_TICK * 1000 + 1;
  expect(storage.samplesOf(series(1)).at(-1)).toBe(`${endMs}=stale`);
  expect(storage.samplesOf(series(0))).toHaveLength(1);
  send(agent.bye());
  await clock.advance(10);
  expect(connection.closed?.kind).toBe('LEFT');
  expect(storage.samplesOf(series(0)).at(-1)).toBe(`${endMs}=stale`);
  expect(storage.newest().filter((line) => line.includes('a1'))).toEqual([]);
  expect(sources.get('push/tide/a1')?.state).toBe('ended');
});

test('an agent that is silent too long is declared gone: its series end', async () => {
  const { storage, clock, connect, server } = setUp({ gone_after_ms: 20_000 });
  const agent = agentOf();
  const { send, lost } = connect();
  send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
  await clock.advance(10);
  lost();
  await clock.advance(15_000);
  expect(server.entry('a1')?.gone).toBe(false);
  expect(storage.newest()).toContain(`${series(0)} ${FIRST_TICK * 1000}`);
  await clock.advance(15_000);
  expect(server.entry('a1')?.gone).toBe(true);
  expect(storage.newest()).toEqual([]);
});

test('a series that is missing where all is said to be there has ended, at that tick', async () => {
  const { storage, clock, connect, server } = setUp(
    {},
    new MemoryStorage({ outOfOrderWindowMs: 1e6 }),
  );
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
  // What comes late says nothing of what is there now.
  agent.batch(FIRST_TICK + 1, 1, 1);
  send(agent.batch(FIRST_TICK + 2));
  await clock.advance(600);
  send(agent.again(3, connection.last('PULL_RANGE').requestId));
  await clock.advance(200);
  expect(storage.samplesOf(series(1)).at(-1)).toBe(
    `${START_MS + 2000}=${1000 * FIRST_TICK + 2001}`,
  );
  for (const tick of [3, 4]) send(agent.batch(FIRST_TICK + tick, 1, 1));
  await clock.advance(10);
  expect(storage.samplesOf(series(1)).at(-1)).toBe(`${START_MS + 3000}=stale`);
  expect(storage.samplesOf(series(0)).at(-1)).not.toContain('stale');
  // It comes back, and ends again.
  send(agent.batch(FIRST_TICK + 5), agent.batch(FIRST_TICK + 6, 1, 1));
  await clock.advance(10);
  expect(storage.samplesOf(series(1)).slice(-3)).toEqual([
    `${START_MS + 3000}=stale`,
    `${START_MS + 5000}=${1000 * FIRST_TICK + 5001}`,
    `${START_MS + 6000}=stale`,
  ]);
  expect(imbalance(server.ledger('a1')?.terms(clock.now()) ?? expect.fail())).toBe(0);
});

test('series of a run that was killed end where the next run shows that it has them no more', async () => {
  const { storage, clock, connect, server } = setUp(
    {},
    new MemoryStorage({ outOfOrderWindowMs: 1e6 }),
  );
  const first = agentOf();
  const before = connect();
  before.send(first.hello(), first.schema(), first.batch(FIRST_TICK));
  await clock.advance(10);
  before.lost();
  await clock.advance(30_000);
  const second = agentOf('a1', { epoch: START_MS + 30_000, seriesCount: 1 });
  const after = connect();
  after.send(second.hello(), second.schema());
  await clock.advance(10);
  expect(storage.samplesOf(series(1)).at(-1)).not.toContain('stale');
  after.send(second.batch(FIRST_TICK + 30), second.batch(FIRST_TICK + 31));
  await clock.advance(10);
  expect(storage.samplesOf(series(1)).at(-1)).toBe(`${START_MS + 30_000}=stale`);
  expect(storage.samplesOf(series(1))).toHaveLength(2);
  expect(storage.samplesOf(series(0)).some((sample) => sample.includes('stale'))).toBe(false);
  expect(imbalance(server.ledger('a1')?.terms(clock.now()) ?? expect.fail())).toBe(0);
});

test('a second start shows the time between as down, once the first is resolved', async () => {
  const { storage, clock, connect } = setUp({}, new MemoryStorage({ outOfOrderWindowMs: 1e6 }));
  const first = agentOf();
  const before = connect();
  before.send(first.hello(), first.schema(), first.batch(FIRST_TICK));
  await clock.advance(10);
  before.lost();
  await clock.advance(30_000);
  const second = agentOf('a1', { epoch: START_MS + 30_000 });
  connect().send(second.hello());
  await clock.advance(10_000);
  const alive = storage.samplesOf(life('tidegauge_alive'));
  expect(alive).toContain(`${START_MS}=1`);
  expect(alive).toContain(`${START_MS + 5000}=0`);
  expect(alive).toContain(`${START_MS + 25_000}=0`);
  expect(alive).not.toContain(`${START_MS + 30_000}=0`);
});

test('a clone is refused, and the one it copies goes on undisturbed', async () => {
  const { storage, clock, connect, server } = setUp();
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello(), agent.schema());
  const clone = agentOf('a1', { nonce: 8 });
  const other = connect();
  other.send(clone.hello(), clone.schema(), clone.batch(FIRST_TICK));
  expect(other.connection.last('FENCE')).toMatchObject({ reason: 'CLONED' });
  expect(other.connection.closed?.kind).toBe('REFUSED');
  send(agent.batch(FIRST_TICK));
  await clock.advance(10);
  expect(connection.closed).toBeUndefined();
  expect(storage.samplesOf(series(0))).toHaveLength(1);
  expect(server.connectionOf('a1')).toBe(connection);
});

test('credentials decide the identity and the labels', async () => {
  const { storage, clock, connect, server } = setUp();
  const labels = Labels.fromObject({ tenant: 'blue', instance: 'rack-1' });
  const wrong = connect({ agentId: 'a2', labels });
  wrong.send(agentOf().hello());
  expect(wrong.connection.last('FENCE')).toMatchObject({ reason: 'REVOKED' });
  expect(server.entry('a1')).toBeUndefined();
  const agent = agentOf('a1', { labels: { agent: 'own', tenant: 'red' } });
  connect({ agentId: 'a1', labels }).send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
  await clock.advance(10);
  const name = 'metric_0{agent="a1", exported_agent="own", instance="rack-1", tenant="blue"}';
  expect(storage.samplesOf(name)).toHaveLength(1);
});

test('an agent beyond its series goes on with those there is room for, also after a restart', async () => {
  const storage = new MemoryStorage();
  for (const stored of [1, 2]) {
    const { clock, connect, server } = setUp({ max_series_per_agent: 3 }, storage);
    const agent = agentOf('a1', { seriesCount: 5 });
    const { send } = connect();
    send(agent.hello(), agent.schema(), agent.batch(FIRST_TICK));
    if (stored === 2) send(agent.batch(FIRST_TICK + 1));
    await clock.advance(200);
    expect(storage.samplesOf(series(2))).toHaveLength(stored);
    expect(storage.samplesOf(series(3))).toEqual([]);
    const terms = server.ledger('a1')?.terms(START_MS);
    expect(terms).toMatchObject({ stored: 3 * stored, rejected: 2 * stored, missing: 0 });
  }
});

test('schemas that bring nothing but series beyond the limit are not kept', async () => {
  const { storage, clock, connect } = setUp({ max_series_per_agent: 1 });
  const agent = agentOf('a1', { seriesCount: 2 });
  const { send } = connect();
  send(agent.hello(), agent.schema(), agent.schema(2));
  await clock.advance(200);
  expect([...storage.state('tide-schema/')]).toHaveLength(1);
});

test('more in flight than allowed stops the reading until some of it is stored', async () => {
  const { storage, clock, connect, server } = setUp({ max_in_flight_bytes: 1_048_576 });
  const agent = agentOf('a1', { seriesCount: 2000 });
  const { connection, send } = connect();
  send(agent.hello());
  await clock.advance(10);
  let open = (): void => {};
  storage.gate = new Promise((resolve) => {
    open = resolve;
  });
  send(agent.schema());
  for (let tick = 0; tick < 8; tick++) send(agent.batch(FIRST_TICK + tick));
  expect(connection.paused).toBe(true);
  open();
  await clock.advance(10);
  expect(connection.paused).toBe(false);
  expect(server.inFlightBytes).toBe(0);
  expect(storage.samplesOf(series(1999))).toHaveLength(8);
});

test('an answer to READ waits for the schema that came before it', async () => {
  const { storage, clock, connect, server } = setUp();
  const agent = agentOf();
  const { connection, send } = connect();
  send(agent.hello());
  await clock.advance(10);
  let open = (): void => {};
  storage.gate = new Promise((resolve) => {
    open = resolve;
  });
  // A commit is under way, so that the next one waits.
  send(agent.heartbeat(clock.now()), agent.schema());
  await clock.advance(0);
  const asked = server.read('a1', {
    ...{ kind: 'INSTANT' as const, selector: '', minTime: 0, maxTime: 0, resolutionMs: 0 },
    ...{ budgetBytes: 1000, timeoutMs: 2000, accept: '' },
  });
  const { requestId } = connection.last('READ');
  const chunk = { type: 'READ_CHUNK', requestId, content: 'BATCH', index: 0 } as const;
  send(
    agent.control({ ...chunk, data: agent.body(FIRST_TICK) }),
    agent.control({
      ...{ type: 'READ_END', requestId, status: 'OK', message: '', chunkCount: 1 },
      ...{ contentType: '', clockMs: 1 },
    }),
  );
  let isAnswered = false;
  void asked.then(() => (isAnswered = true));
  await clock.advance(100);
  expect(isAnswered).toBe(false);
  open();
  await clock.advance(10);
  const { chunks } = await asked;
  expect(server.seriesOf('a1', chunks[0]?.data ?? expect.fail())).toHaveLength(2);
});

test('READ goes out on the session and comes back whole; silence and loss are told', async () => {
  const { clock, connect, server } = setUp();
  const agent = agentOf();
  const { connection, send, lost } = connect();
  send(agent.hello());
  const question = {
    ...{ kind: 'FUNCTION' as const, selector: 'top', minTime: 0, maxTime: 0, resolutionMs: 0 },
    ...{ budgetBytes: 1000, timeoutMs: 2000, accept: '' },
  };
  const asked = server.read('a1', question);
  const { requestId } = connection.last('READ');
  const chunk = { type: 'READ_CHUNK', requestId, content: 'JSON' } as const;
  send(
    agent.control({ ...chunk, index: 0, data: Buffer.from('{"a"') }),
    agent.control({ ...chunk, index: 1, data: Buffer.from(':1}') }),
    agent.control({
      ...{ type: 'READ_END', requestId, status: 'OK', message: '', chunkCount: 2 },
      ...{ contentType: '', clockMs: 1 },
    }),
  );
  const { end, chunks } = await asked;
  expect(end.status).toBe('OK');
  expect(Buffer.concat(chunks.map(({ data }) => data)).toString()).toBe('{"a":1}');

  const failures = [server.read('a1', question), server.read('a1', question)].map((read) =>
    read.catch((error: { failure: string }) => error.failure),
  );
  await expect(server.read('a1', question)).rejects.toMatchObject({ failure: 'busy' });
  await clock.advance(3100);
  expect(await Promise.all(failures)).toEqual(['timeout', 'timeout']);
  expect(connection.last('READ')).toMatchObject({ cancel: true });
  const cut = server.read('a1', question).catch((error: { failure: string }) => error.failure);
  lost();
  expect(await cut).toBe('lost');
  expect(() => server.read('a1', question)).toThrow('no session');
});

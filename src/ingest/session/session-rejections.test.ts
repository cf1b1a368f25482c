import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { openTemporaryStorage } from '../../../test/support/temporary-storage.ts';
import { encodeSealed, type Sealed } from '../../formats/tide/index.ts';
import { createMatcher, Labels, SampleColumns } from '../../model/index.ts';
import { imbalance, SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const TICK = START_MS / 1000;
const SERIES = 3;

/** An agent whose series have what labels a test says, whatever it said before. */
class FreeAgent extends ScriptedAgent {
  labelsOf: (id: number) => Record<string, string> = () => ({});

  named = (id: number): boolean => id >= 0;

  override series() {
    const named = super.series().filter(({ id }) => this.named(id));
    return named.map((one) => ({
      ...one,
      labels: Labels.fromObject({ ...one.labels.toObject(), ...this.labelsOf(one.id) }),
    }));
  }

  /** Seals what no decoder takes. */
  garbage(): Uint8Array {
    const seq = this.sealed.length + 1;
    const content = { codec: 0 as const, payload: Uint8Array.of(255, 255) };
    const sealed: Sealed = { type: 'SCHEMA', ...content, epoch: this.epoch, stream: 1, seq };
    this.sealed.push(sealed);
    return encodeSealed(sealed);
  }
}

async function setUp(limits: Record<string, unknown> = {}) {
  const clock = new FakeClock(START_MS);
  const said: string[] = [];
  const warn = (fields: Record<string, unknown>, text: string): void => {
    said.push(`${text}; ${String(fields['want'])}`);
  };
  const store = await openTemporaryStorage({}, clock);
  const start = () =>
    new SessionServer({
      ...{ storage: store.storage, sources: new SourceRegistry({ clock }), clock },
      ...{ logger: { ...silentLogger, warn }, runId: 'run' },
      options: agentsOptionsSchema.parse(limits),
    });
  let server = start();
  server.start();
  onTestFinished(async () => {
    await server.close();
    await store.remove();
  });
  const agent = new FreeAgent({ agentId: 'a1', epoch: START_MS, seriesCount: SERIES });
  const anybody = { agentId: undefined, labels: Labels.EMPTY };
  const connection = new FakeAgentConnection();
  let id = server.attach(connection, anybody);
  const restart = async (): Promise<void> => {
    await server.close();
    await store.reopen();
    server = start();
    server.start();
    id = server.attach(connection, anybody);
  };
  const send = async (...frames: Uint8Array[]): Promise<void> => {
    for (const frame of frames) server.receive(id, frame);
    await vi.waitFor(() => expect(server.inFlightBytes).toBe(0), { timeout: 20_000, interval: 5 });
  };
  const termsAt = (ms: number) => server.ledger('a1')?.terms(ms) ?? expect.fail();
  const valuesOf = async (selector: Record<string, string>): Promise<number[]> => {
    const querier = store.storage.querier();
    const matchers = Object.entries(selector).map(([name, value]) => {
      return createMatcher('=', name, value);
    });
    const columns = new SampleColumns();
    const set = await querier.select(matchers, { minTime: 0, maxTime: 2 * START_MS });
    if (set.length > 0) set.samples(0, columns);
    querier.close();
    return [...columns.values.subarray(0, columns.length)];
  };
  return { agent, clock, connection, restart, said, send, termsAt, valuesOf };
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

test('a collector that comes back still knows which series there was no room for', async () => {
  const { agent, connection, restart, send } = await setUp({ max_series_per_agent: 2 });
  agent.named = (id) => id < 2;
  await send(agent.hello(), agent.schema());
  agent.named = (id) => id === 2;
  await send(agent.schema(2), agent.ends(3, [1]), agent.batch(TICK, 3));
  expect(connection.last('ACK').rejections).toMatchObject([{ reason: 'LIMIT', samples: 1 }]);
  await restart();
  await send(agent.hello(), agent.batch(TICK + 1, 3));
  expect(connection.last('ACK').rejections).toMatchObject([{ reason: 'LIMIT', samples: 1 }]);
});

test('a frame that cannot be read is rejected as a whole', async () => {
  const { agent, connection, send } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK));
  expect(connection.last('ACK').rejections).toEqual([
    { stream: 1, seq: 3, reason: 'FORMAT', samples: 0 },
  ]);
});

test('what the collector itself tells of an agent is not for the agent to tell', async () => {
  const { agent, connection, said, send, termsAt, valuesOf } = await setUp();
  agent.labelsOf = (id) => (id > 0 ? {} : { __name__: 'up', job: 'tidegauge-agent' });
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK + 1));
  const terms = termsAt(START_MS + 1000);
  expect(terms).toMatchObject({ scheduled: 2 * SERIES, stored: 2 * (SERIES - 1), rejected: 2 });
  expect(imbalance(terms)).toBe(0);
  const rejections = connection.all('ACK').flatMap((ack) => ack.rejections);
  expect(new Set(rejections.map(({ reason }) => reason))).toEqual(new Set(['FORBIDDEN']));
  expect(rejections.reduce((sum, { samples }) => sum + samples, 0)).toBe(2);
  // Known when the session began, whatever the agent says.
  expect(await valuesOf({ __name__: 'up', agent: 'a1' })).toEqual([1]);
  expect(said).toEqual([
    expect.stringMatching(/series that are the collector's own.*tidegauge-agent/),
  ]);
});

test('samples of a series that no schema named are rejected as such', async () => {
  const { agent, connection, said, send, termsAt } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK, 1, SERIES + 2));
  expect(connection.last('ACK').rejections).toEqual([
    { stream: 1, seq: 2, reason: 'SCHEMA', samples: 2 },
  ]);
  const terms = termsAt(START_MS);
  expect(terms).toMatchObject({ scheduled: SERIES + 2, stored: SERIES, rejected: 2 });
  expect(imbalance(terms)).toBe(0);
  expect(said).toEqual([expect.stringMatching(/no schema names.*versions/)]);
});

test('an id that a schema gives to another series stands for neither from then on', async () => {
  const { agent, connection, send, termsAt, valuesOf } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK));
  agent.labelsOf = (id) => (id === 1 ? { __name__: 'other' } : {});
  await send(agent.schema(2), agent.batch(TICK + 1, 2));
  expect(connection.last('ACK').rejections).toEqual([
    { stream: 1, seq: 4, reason: 'SCHEMA', samples: 1 },
  ]);
  expect(await valuesOf({ __name__: 'metric_1' })).toEqual([TICK * 1000 + 1]);
  expect(await valuesOf({ __name__: 'other' })).toEqual([]);
  expect(await valuesOf({ __name__: 'metric_2' })).toHaveLength(2);
  const terms = termsAt(START_MS + 1000);
  expect(terms).toMatchObject({ stored: 2 * SERIES - 1, rejected: 1 });
  expect(imbalance(terms)).toBe(0);
});

test('batches whose schema will never come are rejected as a whole, and the agent is told', async () => {
  const { agent, clock, connection, said, send, termsAt } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.garbage());
  await send(agent.batch(TICK + 1, 2));
  await clock.advance(1000);
  const pull = connection.last('PULL_RANGE');
  expect(pull.ranges).toEqual([{ from: 4, to: 4 }]);
  await send(agent.again(4, pull.requestId));
  await clock.advance(1000);
  const rejections = connection.all('ACK').flatMap((ack) => ack.rejections);
  expect(rejections).toEqual([
    { stream: 1, seq: 3, reason: 'FORMAT', samples: 0 },
    { stream: 1, seq: 4, reason: 'SCHEMA', samples: 0 },
  ]);
  expect(said).toEqual([
    expect.stringMatching(/a frame of an agent .* never be stored/),
    expect.stringMatching(/a frame of an agent .* never be stored/),
  ]);
  const terms = termsAt(START_MS + 1000);
  expect(terms).toMatchObject({ scheduled: 2 * SERIES, stored: SERIES, rejected: SERIES });
  expect(imbalance(terms)).toBe(0);
});

import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import {
  openTemporaryStorage,
  type TemporaryStorage,
} from '../../../test/support/temporary-storage.ts';
import { createMatcher, isStaleAt, Labels, SampleColumns } from '../../model/index.ts';
import { imbalance, SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const TICK = START_MS / 1000;

async function setUp(): Promise<TemporaryStorage> {
  const store = await openTemporaryStorage({}, new FakeClock(START_MS));
  onTestFinished(() => store.remove());
  return store;
}

/** A collector on the store. It is never closed: what follows on the same store follows a crash. */
function collectorOn(store: TemporaryStorage, nowMs = START_MS) {
  const clock = new FakeClock(nowMs);
  const server = new SessionServer({
    ...{ storage: store.storage, sources: new SourceRegistry({ clock }), clock },
    ...{ logger: silentLogger, runId: 'run', options: agentsOptionsSchema.parse({}) },
  });
  server.start();
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  const send = async (...frames: Uint8Array[]): Promise<void> => {
    for (const frame of frames) server.receive(id, frame);
    await vi.waitFor(() => expect(server.inFlightBytes).toBe(0), { timeout: 20_000, interval: 5 });
  };
  return { clock, server, connection, send };
}

/** Samples of a series as texts. */
async function samplesOf({ storage }: TemporaryStorage, name: string): Promise<string[]> {
  const querier = storage.querier();
  try {
    const range = { minTime: START_MS - 60_000, maxTime: START_MS + 600_000 };
    const set = await querier.select([createMatcher('=', '__name__', name)], range);
    const columns = new SampleColumns();
    if (set.length > 0) set.samples(0, columns);
    return Array.from({ length: columns.length }, (_, at) => {
      const value = isStaleAt(columns.words, at) ? 'stale' : columns.values[at];
      return `${((columns.timestamps[at] ?? 0) - START_MS) / 1000}=${value}`;
    });
  } finally {
    querier.close();
  }
}

test('what the store refused is known although the collector died before it wrote that', async () => {
  const store = await setUp();
  const other = store.storage.appender();
  const labels = { __name__: 'metric_0', agent: 'a1', instance: 'a1' };
  other.samples.push(other.series(Labels.fromObject(labels)), START_MS + 1000, -1);
  await other.commit();
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: 2 });
  const first = collectorOn(store);
  await first.send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK + 1));
  expect(first.server.ledger('a1')?.terms(START_MS + 1000)).toMatchObject({ rejected: 1 });
  await store.reopen();

  const second = collectorOn(store);
  await second.send(agent.hello());
  const { connection, clock, server } = second;
  const answered = new Set<number>();
  for (let turn = 0; turn < 20; turn++) {
    await clock.advance(100);
    for (const message of connection.messages) {
      if (message.type !== 'PULL_RANGE' || answered.has(message.requestId)) continue;
      answered.add(message.requestId);
      for (const { from, to } of message.ranges) {
        for (let seq = from; seq <= to; seq++) {
          await second.send(agent.again(seq, message.requestId));
        }
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(answered.size).toBeGreaterThan(0);
  const terms = server.ledger('a1')?.terms(START_MS + 1000) ?? expect.fail();
  expect(terms).toMatchObject({ scheduled: 4, stored: 3, rejected: 1, missing: 0 });
  expect(imbalance(terms)).toBe(0);
  expect(server.duplicateCount('a1')).toBe(0);
});

test('a series that the next run has no more ends, though the collector restarted between', async () => {
  const store = await setUp();
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: 3 });
  const first = collectorOn(store);
  await first.send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK + 1));
  await store.reopen();

  const nowMs = START_MS + 20_000;
  const later = new ScriptedAgent({ agentId: 'a1', epoch: nowMs, seriesCount: 2 });
  const { send } = collectorOn(store, nowMs);
  await send(later.hello(), later.schema());
  await vi.waitFor(
    async () => {
      await send(later.batch(later.lastTick === 0 ? TICK + 20 : later.lastTick + 1));
      expect((await samplesOf(store, 'metric_2')).at(-1)).toMatch(/=stale$/);
    },
    { timeout: 20_000, interval: 20 },
  );
  const samples = await samplesOf(store, 'metric_2');
  expect(samples).toHaveLength(3);
  expect(await samplesOf(store, 'metric_1')).not.toContainEqual(expect.stringMatching(/stale/));
});

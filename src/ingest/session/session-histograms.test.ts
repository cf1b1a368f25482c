import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { histogramOf, ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { openTemporaryStorage } from '../../../test/support/temporary-storage.ts';
import { ContentHash, histogramWords, seriesKey } from '../../formats/tide/index.ts';
import { createMatcher, Labels } from '../../model/index.ts';
import { imbalance, SourceRegistry } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { SchemaCatalog } from './schema-catalog.ts';
import { SessionServer } from './session-server.ts';
import { digestStore } from './store-digest.ts';

const START_MS = 1_700_000_000_000;
const TICK = START_MS / 1000;
const RANGE = { minTime: START_MS, maxTime: START_MS + 60_000 };

const options = { agentId: 'a1', epoch: START_MS, seriesCount: 3, histogramsFrom: 1 };

/** A collector on the real store, and an agent with a gauge and two series of histograms. */
async function setUp() {
  const clock = new FakeClock(START_MS);
  const store = await openTemporaryStorage({}, clock);
  const server = new SessionServer({
    ...{ storage: store.storage, sources: new SourceRegistry({ clock }), clock },
    ...{ logger: silentLogger, runId: 'run', options: agentsOptionsSchema.parse({}) },
  });
  server.start();
  onTestFinished(async () => {
    await server.close();
    await store.remove();
  });
  const agent = new ScriptedAgent(options);
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  const send = async (...frames: Uint8Array[]): Promise<void> => {
    for (const frame of frames) server.receive(id, frame);
    await settled(server);
  };
  return { clock, store, server, agent, connection, send };
}

/** Waits until what came is stored. */
function settled(server: SessionServer): Promise<void> {
  return vi.waitFor(() => expect(server.inFlightBytes).toBe(0), { timeout: 20_000, interval: 5 });
}

async function histogramsOf(storage: Storage, name: string) {
  const querier = storage.querier();
  try {
    const set = await querier.select([createMatcher('=', '__name__', name)], RANGE);
    return set.length === 0 ? [] : [...set.histograms(0)];
  } finally {
    querier.close();
  }
}

test('native histograms are stored as they were sent, and outlive a restart', async () => {
  const { store, server, agent, connection, send } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK + 1));
  expect(connection.last('WELCOME').capabilities).toContain('histograms');
  const want = (id: number) =>
    [TICK, TICK + 1].map((tick) => ({
      timestamp: tick * 1000,
      histogram: histogramOf(id, tick),
    }));
  expect(await histogramsOf(store.storage, 'metric_1')).toMatchObject(want(1));
  expect(await histogramsOf(store.storage, 'metric_2')).toMatchObject(want(2));
  const terms = server.ledger('a1')?.terms(START_MS + 1000);
  expect(terms).toMatchObject({ scheduled: 6, stored: 6, missing: 0, rejected: 0 });
  await server.close();
  await store.reopen();
  expect(await histogramsOf(store.storage, 'metric_2')).toMatchObject(want(2));
});

test('a gap is repaired, a conflict is counted as rejected, and the end is a marker', async () => {
  const { clock, store, server, agent, connection, send } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK));
  agent.batch(TICK + 1);
  await send(agent.batch(TICK + 2));
  await clock.advance(600);
  const { requestId } = connection.last('PULL_RANGE');
  await send(agent.again(3, requestId));
  expect(await histogramsOf(store.storage, 'metric_1')).toHaveLength(3);
  // Other histograms at a time that has some: the first are kept.
  const liar = new ScriptedAgent({ ...options, histogramsFrom: 2 });
  liar.sealed.push(...agent.sealed);
  await send(liar.batch(TICK + 2));
  await clock.advance(200);
  const terms = server.ledger('a1')?.terms(START_MS + 2000) ?? expect.fail();
  expect(terms).toMatchObject({ stored: 9, missing: 0 });
  expect(imbalance(terms)).toBe(0);
  await send(agent.bye());
  await server.close();
  expect((await histogramsOf(store.storage, 'metric_1')).at(-1)?.histogram).toBeUndefined();
});

test('an audit counts what the agent counts', async () => {
  const { store, agent, send } = await setUp();
  await send(agent.hello(), agent.schema(), agent.batch(TICK), agent.batch(TICK + 1));
  const hash = new ContentHash();
  for (const { id, labels } of agent.series().slice(1)) {
    for (const tick of [TICK, TICK + 1]) {
      const { low, high } = histogramWords(histogramOf(id, tick));
      hash.add(seriesKey(labels), tick * 1000, low, high);
    }
  }
  const catalog = new SchemaCatalog('a1', store.storage, 100);
  const series = [...catalog.seriesOf(START_MS).values()].filter((one) => one.isHistogram);
  expect(series).toHaveLength(2);
  const question = { agentId: 'a1', token: 1, epoch: START_MS, group: 1, windows: [RANGE] };
  const [digest] = await digestStore(store.storage, series, question);
  expect(digest).toEqual({ count: hash.count, hash: hash.hash });
});

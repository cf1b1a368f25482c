import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { agentsOptionsSchema } from '../../src/ingest/session/options.ts';
import { SessionServer } from '../../src/ingest/session/session-server.ts';
import { createMatcher, Labels, SampleColumns } from '../../src/model/index.ts';
import { imbalance, SourceRegistry } from '../../src/sources/index.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { silentLogger } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { FakeAgentConnection } from '../support/fake-agent-connection.ts';
import { ScriptedAgent } from '../support/scripted-agent.ts';

const START_MS = 1_700_000_000_000;
const FIRST_TICK = START_MS / 1000;
const TICKS = 40;
const SERIES = 20;

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-session-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function startServer(storage: Storage, clock: FakeClock): SessionServer {
  const server = new SessionServer({
    ...{ storage, clock, sources: new SourceRegistry({ clock }), logger: silentLogger },
    ...{ runId: 'run', options: agentsOptionsSchema.parse({}) },
  });
  server.start();
  return server;
}

function connect(server: SessionServer) {
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  return { connection, send: (frame: Uint8Array): void => server.receive(id, frame) };
}

/** Ticks that each series has, by its number. */
async function storedTicks(storage: Storage): Promise<number[][]> {
  const querier = storage.querier();
  try {
    const range = { minTime: START_MS, maxTime: START_MS + TICKS * 1000 };
    const result: number[][] = [];
    for (let id = 0; id < SERIES; id++) {
      const matchers = [createMatcher('=', '__name__', `metric_${id}`)];
      const set = await querier.select(matchers, range);
      const columns = new SampleColumns();
      if (set.length > 0) set.samples(0, columns);
      const times = [...columns.timestamps.subarray(0, columns.length)];
      result.push(times.map((time) => time / 1000 - FIRST_TICK));
    }
    return result;
  } finally {
    querier.close();
  }
}

test('ledger and samples agree in whatever a crash leaves, and the agent makes it whole', async () => {
  const folder = await temporaryFolder();
  const clock = new FakeClock(START_MS);
  const environment = { clock };
  const options = { fsync: 'none' as const };
  const storage = await openStorage({ ...options, data_dir: folder }, environment);
  const server = startServer(storage, clock);
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: SERIES });
  const { send, connection } = connect(server);
  send(agent.hello());
  send(agent.schema());
  const images: string[] = [];
  for (let tick = 0; tick < TICKS; tick++) {
    const frame = agent.batch(FIRST_TICK + tick);
    // Some are lost on the way, so that the ledger has holes.
    if (tick % 7 !== 3) send(frame);
    if (tick % 10 !== 5) continue;
    // While writes are under way: what a killed process leaves in its folder.
    const image = await temporaryFolder();
    await cp(folder, image, { recursive: true, filter: (path) => !/lock/i.test(path) });
    images.push(image);
  }
  await expect.poll(() => connection.messages.length).toBeGreaterThan(1);
  await server.close();
  await storage.close();

  let stored = 0;
  for (const image of images) {
    const copy = await openStorage({ ...options, data_dir: image }, environment);
    const after = startServer(copy, clock);
    const lane = after.ledger('a1')?.epoch(START_MS)?.lane(1);
    const ticks = await storedTicks(copy);
    // Number 1 is the schema.
    const durable = Array.from({ length: TICKS }, (_, tick) => tick).filter(
      (tick) => lane?.durable.has(tick + 2) === true,
    );
    for (const ofSeries of ticks) expect(ofSeries).toEqual(durable);
    stored += durable.length;

    const back = connect(after);
    back.send(agent.hello());
    let answered = 0;
    while ((after.ledger('a1')?.epoch(START_MS)?.lane(1).cumDurable ?? 0) < TICKS + 1) {
      await clock.advance(100);
      for (const message of back.connection.messages.slice(answered)) {
        if (message.type !== 'PULL_RANGE') continue;
        for (const { from, to } of message.ranges) {
          for (let seq = from; seq <= to; seq++) back.send(agent.again(seq, message.requestId));
        }
      }
      answered = back.connection.messages.length;
      expect(clock.now()).toBeLessThan(START_MS + 600_000);
    }
    for (const ofSeries of await storedTicks(copy)) expect(ofSeries).toHaveLength(TICKS);
    const terms = after.ledger('a1')?.terms(START_MS + (TICKS - 1) * 1000);
    expect(terms).toMatchObject({ stored: TICKS * SERIES, missing: 0, lost: 0 });
    expect(imbalance(terms ?? expect.fail())).toBe(0);
    await after.close();
    await copy.close();
  }
  expect(stored).toBeGreaterThan(0);
});

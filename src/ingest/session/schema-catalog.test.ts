import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { type SchemaChange, type SchemaSeries, seriesKey } from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { imbalance, SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { SchemaCatalog } from './schema-catalog.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const FIRST_TICK = START_MS / 1000;
const LASTING = 2;
const REPLACED = 100;

function seriesOf(from: number, count: number): SchemaSeries[] {
  return Array.from({ length: count }, (_, index) => ({
    id: from + index,
    labels: Labels.fromObject({ __name__: 'metric', number: String(from + index) }),
    ...{ family: 'metric', type: 'gauge', unit: '', help: '', group: 1, priority: 'B' },
  }));
}

/** The change after which all but the lasting series have been replaced `version - 1` times. */
function changeTo(version: number): SchemaChange {
  const from = LASTING + (version - 1) * REPLACED;
  const series = seriesOf(from, REPLACED);
  return {
    version,
    series: version === 1 ? [...seriesOf(0, LASTING), ...series] : series,
    tombstones: version === 1 ? [] : series.map(({ id }) => id - REPLACED),
    hash: { low: 0, high: 0 },
  };
}

/** Sends changes 1 to `versions` in a session of its own. */
async function churn(versions: number) {
  const clock = new FakeClock(START_MS);
  const storage = new MemoryStorage({ outOfOrderWindowMs: 1e9 });
  const server = new SessionServer({
    ...{ storage, sources: new SourceRegistry({ clock }), clock, logger: silentLogger },
    ...{ options: agentsOptionsSchema.parse({}), runId: 'run' },
  });
  server.start();
  onTestFinished(() => server.close());
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: LASTING });
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  const send = (frame: Uint8Array): void => server.receive(id, frame);
  send(agent.hello());
  for (let version = 1; version <= versions; version++) {
    send(agent.change(changeTo(version)));
    await clock.advance(10);
  }
  const catalog = server.entry('a1')?.catalog ?? expect.fail();
  return { clock, storage, server, agent, connection, send, catalog };
}

function sizeOf(storage: MemoryStorage): number {
  const values = [...storage.state('tide-schema/').values()];
  return values.reduce((sum, { length }) => sum + length, 0);
}

test('an agent whose series change for ever takes no more and more memory, here or kept', async () => {
  const [some, many] = [await churn(100), await churn(300)];
  for (const { storage, catalog } of [some, many]) {
    expect([...catalog.seriesOf(START_MS).values()].length).toBeLessThan(4096 + 3 * REPLACED);
    expect(catalog.forgottenMs(START_MS)).toBe(Number.NEGATIVE_INFINITY);
    expect([...storage.state('tide-schema/')].length).toBeLessThan(4096 / REPLACED + 4);
  }
  expect(sizeOf(many.storage)).toBeLessThan(1.5 * sizeOf(some.storage));
});

test('what is forgotten is so after a restart, and what goes on is where it was', async () => {
  const { storage, catalog } = await churn(200);
  const newest = LASTING + 199 * REPLACED;
  const restarted = new SchemaCatalog('a1', storage.reopened(), 100_000);
  for (const each of [catalog, restarted]) {
    const live = each.live(START_MS).map(({ labels }) => Number(labels.get('number')));
    const wanted = [0, 1, ...Array.from({ length: REPLACED }, (_, index) => newest + index)];
    expect(live).toEqual(wanted);
    expect(each.find(START_MS, LASTING)).toBeUndefined();
    expect(each.unnamedReason(START_MS)).toBe('LIMIT');
    expect(each.find(START_MS, newest - 1)).toMatchObject({ ended: true });
    expect(each.apply(START_MS, changeTo(200))).toEqual([]);
    for (const one of each.seriesOf(START_MS).values())
      one.lastMs = Number(one.labels.get('number'));
    expect(each.find(START_MS, newest)?.lastMs).toBe(newest);
    const series = each.seriesOf(START_MS);
    expect(series.at(series.placeOf(newest, 0)).lastMs).toBe(newest);
  }
});

test('what comes late of a series that is forgotten is rejected and declared, of others stored', async () => {
  const { clock, storage, server, agent, connection, send } = await churn(2);
  send(agent.batch(FIRST_TICK, 2));
  agent.batch(FIRST_TICK + 1, 2);
  send(agent.ends(3, [0]));
  send(agent.batch(FIRST_TICK + 2, 3));
  await clock.advance(600);
  const [first] = connection.all('PULL_RANGE');
  if (first === undefined) expect.fail('nothing is pulled');
  const [range] = first.ranges;
  const { from: seq = 0 } = range ?? {};
  const name = (number: number): string => `metric{agent="a1", instance="a1", number="${number}"}`;
  for (let version = 4; version <= 60; version++) {
    send(agent.change(changeTo(version)));
    await clock.advance(10);
  }
  send(agent.again(seq, first.requestId));
  await clock.advance(200);
  expect(server.entry('a1')?.catalog.forgottenMs(START_MS)).toBe((FIRST_TICK + 2) * 1000);
  const late = `${(FIRST_TICK + 1) * 1000}=`;
  expect(storage.samplesOf(name(1)).filter((one) => one.startsWith(late))).toHaveLength(1);
  expect(storage.samplesOf(name(0)).filter((one) => one.startsWith(late))).toEqual([]);
  const terms = server.ledger('a1')?.terms(START_MS + 2000) ?? expect.fail();
  expect(terms).toMatchObject({ missing: 0, stored: 5, rejected: 1 });
  expect(imbalance(terms)).toBe(0);
});

test('labels are kept until the store knows a series, and are found again when asked for', async () => {
  const { catalog, storage, clock, agent, send } = await churn(3);
  const all = [...catalog.seriesOf(START_MS).values()];
  const wanted = all.map(({ labels }) => labels.key);
  for (const [index, series] of all.entries()) series.ref = index % 2 === 0 ? index + 1 : 0;
  // Those that had no ref when it was last asked are not looked at with every write.
  for (let write = 0; write < 64; write++) catalog.stored();
  const reads = vi.spyOn(storage, 'state');
  expect(all[1]?.labels.key).toBe(wanted[1]);
  expect(reads).not.toHaveBeenCalled();
  expect(all[0]?.labels.key).toBe(wanted[0]);
  expect(reads).toHaveBeenCalledTimes(1);
  // All that were let go of came back with the first.
  expect(all.map(({ labels }) => labels.key)).toEqual(wanted);
  expect(reads).toHaveBeenCalledTimes(1);
  for (const { key, labels } of all) {
    const own = Labels.fromObject({ __name__: 'metric', number: labels.get('number') });
    expect(key).toEqual(seriesKey(own));
  }
  // What the agent sends goes on to let go of them.
  send(agent.change(changeTo(4)));
  await clock.advance(10);
  reads.mockClear();
  expect(all[0]?.labels.key).toBe(wanted[0]);
  expect(reads).toHaveBeenCalledTimes(1);
});

test('labels of a series that is stored with the next batch are let go of soon', async () => {
  const { catalog, storage } = await churn(3);
  const all = [...catalog.seriesOf(START_MS).values()];
  // A write that names series and has no sample of them.
  for (const series of all) series.ref = 0;
  catalog.stored();
  catalog.stored();
  for (const [index, series] of all.entries()) series.ref = index + 1;
  catalog.stored();
  catalog.stored();
  const reads = vi.spyOn(storage, 'state');
  expect(all[0]?.labels.get('number')).not.toBe('');
  expect(reads).toHaveBeenCalledTimes(1);
});

import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { startAgentServer } from '../../../test/support/agent-server.ts';
import {
  collectorMessages,
  histogramOf,
  ScriptedAgent,
} from '../../../test/support/scripted-agent.ts';
import { openTemporaryStorage } from '../../../test/support/temporary-storage.ts';
import type { LeaseReport } from '../../formats/tide/index.ts';
import { createMatcher, SampleColumns } from '../../model/index.ts';
import type { Storage } from '../../storage/index.ts';
import { agentList, completeness, readAnswer } from '../contract/agents.ts';
import { sourceList } from '../contract/status.ts';

async function setUp(options: Record<string, unknown> = {}) {
  const store = await openTemporaryStorage();
  const server = await startAgentServer(store.storage, options);
  onTestFinished(async () => {
    await server.close();
    await store.remove();
  });
  // The first tick after the start, by the clock that all use.
  const tick = Math.ceil(Date.now() / 1000);
  const agentOf = (agentId = 'a1', changes: object = {}): ScriptedAgent =>
    new ScriptedAgent({ agentId, epoch: tick * 1000 - 500, ...changes });
  return { store, server, tick, agentOf };
}

async function valuesOf(storage: Storage, name: string): Promise<number[]> {
  const querier = storage.querier();
  try {
    const range = { minTime: 0, maxTime: Number.MAX_SAFE_INTEGER };
    const set = await querier.select([createMatcher('=', '__name__', name)], range);
    const columns = new SampleColumns();
    if (set.length > 0) set.samples(0, columns);
    return [...columns.values.subarray(0, columns.length)];
  } finally {
    querier.close();
  }
}

test('a session over WebSocket, seen by the API, and after a restart of the collector', async () => {
  const { store, server, tick, agentOf } = await setUp();
  const agent = agentOf();
  const client = await server.connect();
  client.send(agent.hello(), agent.schema(), agent.batch(tick), agent.batch(tick + 1));
  // The answer to a heartbeat does not wait as those to live batches do.
  client.send(agent.heartbeat(tick * 1000));
  await client.message('ACK', ({ streams }) => streams[1]?.cumDurable === 3);
  expect(await valuesOf(store.storage, 'metric_2')).toEqual([
    tick * 1000 + 2,
    (tick + 1) * 1000 + 2,
  ]);
  const listed = await server.json('/api/v1/agents');
  const { agents } = agentList.parse((listed.body as { data: unknown }).data);
  expect(agents).toMatchObject([
    { id: 'a1', state: 'connected', transport: 'websocket', address: '127.0.0.1' },
  ]);
  const asked = await server.json('/api/v1/completeness?match[]=metric_0');
  const { sources, completeThrough } = completeness.parse((asked.body as { data: unknown }).data);
  expect(sources).toMatchObject([
    {
      ...{ id: 'push/tide/a1', class: 'exact', imbalance: 0, gaps: [] },
      ratios: { transport: 1 },
      frames: { sealed: 3, durable: 3, missing: 0 },
    },
  ]);
  expect(completeThrough).toBe(new Date((tick + 1) * 1000).toISOString());
  const turned = await server.json('/api/v1/completeness?start=20&end=10');
  expect(turned).toMatchObject({ status: 400, body: { errorType: 'bad_data' } });
  const other = await server.json('/api/v1/completeness?match[]=up{agent="a2"}');
  expect(other.body).toMatchObject({ data: { sources: [], completeThrough: null } });

  await server.close();
  expect((await client.untilClosed()).code).toBe(1001);
  await store.reopen();
  const again = await startAgentServer(store.storage);
  onTestFinished(() => again.close());
  const back = await again.connect();
  back.send(agent.hello());
  const welcome = await back.message('WELCOME');
  expect(welcome).toMatchObject({ schemaVersion: 1 });
  expect(welcome.streams[1]).toMatchObject({ cumDurable: 3, missing: [] });
  expect(await valuesOf(store.storage, 'metric_2')).toHaveLength(2);
});

test('holes and gaps stand in the answer until they are repaired', async () => {
  const { server, tick, agentOf } = await setUp();
  const agent = agentOf();
  const client = await server.connect();
  client.send(agent.hello(), agent.schema(), agent.batch(tick));
  agent.batch(tick + 1);
  client.send(agent.batch(tick + 2));
  const pull = await client.message('PULL_RANGE');
  const window = `start=${tick}&end=${tick + 2}`;
  const read = async () => {
    const { body } = await server.json(`/api/v1/completeness?${window}`);
    return completeness.parse((body as { data: unknown }).data).sources[0];
  };
  const time = new Date((tick + 1) * 1000).toISOString();
  expect(await read()).toMatchObject({
    window: { scheduled: 9, covered: 6, missing: 3 },
    holes: [{ group: 1, start: time, end: time, state: 'MISSING', samples: 3, reason: null }],
    gaps: [{ stream: 1, from: 3, to: 3, since: null }],
    completeThrough: new Date(tick * 1000).toISOString(),
  });
  const query = `query=sum(metric_0)%2Bmetric_1&time=${tick + 2}`;
  const plain = await server.json(`/api/v1/query?${query}`);
  expect(plain.body).not.toHaveProperty('infos');
  const told = await server.json(`/api/v1/query?${query}&coverage=1`);
  expect(told.body).toMatchObject({
    infos: [
      'coverage of 1 agents: scheduled 9, covered 6, missing 3, degraded 0, rejected 0, lost 0, ' +
        `down 0; complete through ${new Date(tick * 1000).toISOString()}; incomplete: a1`,
    ],
  });
  client.send(agent.again(3, pull.requestId));
  await client.message('ACK', ({ streams }) => streams[1]?.cumDurable === 4);
  expect(await read()).toMatchObject({
    window: { scheduled: 9, covered: 9, missing: 0 },
    ...{ holes: [], gaps: [], frames: { repaired: 1 } },
  });
});

test('coverage tells of samples that came and were refused', async () => {
  const { server, tick, agentOf } = await setUp();
  const agent = agentOf();
  const client = await server.connect();
  // Two hours ahead: more than the store takes.
  client.send(agent.hello(), agent.schema(), agent.batch(tick), agent.batch(tick + 7200));
  await client.message('ACK', ({ streams }) => streams[1]?.cumDurable === 3);
  const told = await server.json(`/api/v1/query?query=metric_0&time=${tick}&coverage=1`);
  expect((told.body as { infos: string[] }).infos).toEqual([
    expect.stringMatching(/^coverage of 1 agents: scheduled 3, covered 3, missing 0/),
    'samples that came and were refused, at any time: 3, of a1',
  ]);
});

test('what is wrong with an agent stands in all lists, with its reason in completeness', async () => {
  const { server, tick, agentOf } = await setUp();
  const agent = agentOf();
  const client = await server.connect();
  client.send(agent.hello(), agent.schema(), agent.batch(tick));
  agent.batch(tick + 1);
  client.send(agent.batch(tick + 2), agent.batch(tick + 7200));
  const { requestId, epoch } = await client.message('PULL_RANGE');
  const ranges = [{ from: 3, to: 3 }];
  const gone = { requestId, epoch, stream: 1 as const, ranges, reason: 'EVICTED' as const };
  client.send(agent.control({ type: 'RANGE_GONE', ...gone }));
  // An hour ahead of this clock, and that for certain.
  const clockMs = Date.now() + 3_600_000;
  client.send(agent.heartbeat(clockMs, { serverTimeMs: Date.now(), serverAgeMs: 0 }));
  await client.message('ACK', ({ echoMs }) => echoMs === clockMs);
  const dataOf = async (path: string) => {
    const { body } = await server.json(path);
    return (body as { data: unknown }).data;
  };
  const codes = ['clock', 'lost_evicted', 'rejected_out_of_bounds'];
  const { agents } = agentList.parse(await dataOf('/api/v1/agents'));
  expect(agents[0]?.problems.map(({ code }) => code)).toEqual(codes);
  expect(agents[0]?.clock?.aheadSeconds).toBeCloseTo(3600, 0);
  expect(agents[0]?.clock).toMatchObject({ isApart: true });
  const { sources } = sourceList.parse(await dataOf('/api/v1/sources'));
  expect(sources[0]).toMatchObject({ id: 'push/tide/a1', problems: agents[0]?.problems ?? [] });
  const told = completeness.parse(await dataOf(`/api/v1/completeness?end=${tick + 2}`));
  expect(told.sources[0]).toMatchObject({
    holes: [{ state: 'LOST', reason: 'EVICTED', samples: 3 }],
    lost: { EVICTED: 1 },
    rejections: [{ reason: 'OUT_OF_BOUNDS', samples: 3, frames: 0 }],
  });
});

test('READ shows native histograms as queries do', async () => {
  const { server, tick, agentOf } = await setUp();
  const agent = agentOf('a1', { histogramsFrom: 1 });
  const client = await server.connect();
  client.send(agent.hello(), agent.schema());
  await client.message('ACK', ({ streams }) => streams[1]?.cumDurable === 1);
  const asked = server.json('/api/v1/agents/a1/read?selector=metric_2', { method: 'POST' });
  const { requestId } = await client.message('READ');
  client.send(...agent.readAnswer(requestId, tick));
  const { body } = await asked;
  const { series = [] } = readAnswer.parse((body as { data: unknown }).data);
  expect(series[0]).toHaveProperty('values');
  const { sum, count } = histogramOf(2, tick);
  expect(series[2]).toEqual({
    metric: { __name__: 'metric_2', agent: 'a1', instance: 'a1' },
    histograms: [
      [tick, { count: String(count), sum: String(sum), buckets: expect.any(Array) as unknown }],
    ],
  });
  // The same that a query shows of it, once it is stored.
  client.send(agent.batch(tick), agent.heartbeat(tick * 1000));
  await client.message('ACK', ({ streams }) => streams[1]?.cumDurable === 2);
  const shown = await server.json(`/api/v1/query?query=metric_2&time=${tick}`);
  expect(shown.body).toMatchObject({
    data: { result: [{ histogram: series[2]?.histograms?.[0] }] },
  });
});

test('READ and LEASE by the API', async () => {
  const { server, tick, agentOf } = await setUp();
  const agent = agentOf();
  const post = (path: string) => server.json(`/api/v1/agents/${path}`, { method: 'POST' });
  expect((await post('a1/read?selector=up')).status).toBe(404);
  const client = await server.connect();
  client.send(agent.hello(), agent.schema());
  await client.message('ACK', ({ streams }) => streams[1]?.cumDurable === 1);
  const asked = post('a1/read?selector=metric_1&kind=range&start=1&end=2');
  const read = await client.message('READ');
  expect(read).toMatchObject({ kind: 'RANGE', minTime: 1000, maxTime: 2000 });
  const { requestId } = read;
  client.send(...agent.readAnswer(requestId, tick));
  const { body: answered } = await asked;
  const { series } = readAnswer.parse((answered as { data: unknown }).data);
  expect(series?.[1]).toEqual({
    metric: { __name__: 'metric_1', agent: 'a1', instance: 'a1' },
    values: [[tick, String(tick * 1000 + 1)]],
  });

  const asking = post('a1/lease?selector=metric_0&interval=100ms&ttl=30s');
  const lease = await client.message('LEASE');
  expect(lease).toMatchObject({ intervalMs: 100, ttlMs: 30_000, leaseId: lease.requestId });
  const report: LeaseReport = {
    ...{ leaseId: lease.leaseId, requestId: lease.requestId, state: 'ACTIVE', reason: '' },
    ...{ remainingMs: 29_000, intervalMs: 200, seriesCount: 3 },
  };
  // One that was on its way already says nothing of this lease.
  const older: LeaseReport = { ...report, requestId: lease.requestId - 1, state: 'REFUSED' };
  client.send(
    agent.heartbeat(tick * 1000, { leases: [older] }),
    agent.heartbeat(tick * 1000, { leases: [report] }),
  );
  expect((await asking).body).toMatchObject({
    data: {
      ...{ leaseId: lease.leaseId, state: 'ACTIVE', ttlSeconds: 29 },
      ...{ intervalSeconds: 0.2, seriesCount: 3 },
    },
  });
  const refusing = post(`a1/lease?selector=other&interval=1s&lease_id=${lease.leaseId}`);
  const again = await client.message('LEASE', ({ requestId }) => requestId !== lease.requestId);
  expect(again.leaseId).toBe(lease.leaseId);
  const refused: LeaseReport = { ...report, requestId: again.requestId, state: 'REFUSED' };
  client.send(
    agent.heartbeat(tick * 1000, { leases: [{ ...refused, reason: 'no series matches' }] }),
  );
  expect(await refusing).toMatchObject({
    ...{ status: 422, body: { error: 'a1 refuses the lease: no series matches' } },
  });
  expect((await post('a1/lease?selector=metric_0&interval=1ms')).status).toBe(400);
  expect((await post('a1/read?selector=x&kind=dance')).status).toBe(400);
});

test('refusals come before the upgrade, with a time to come again', async () => {
  const { server } = await setUp({ accept_burst: 2, accept_per_second: 0.001 });
  expect(await server.refusal({}, ['other'])).toMatchObject({ status: 400 });
  const wrong = await server.refusal({ authorization: 'Bearer wrong-wrong-wrong' });
  expect(wrong.status).toBe(401);
  // One more than the burst runs into debt.
  for (let count = 0; count < 3; count++) await server.connect();
  expect(await server.refusal()).toEqual({ status: 503, retryAfter: '60' });
  const plain = await fetch(`${server.url}/tide/v1/session`);
  expect(plain.status).toBe(426);
});

test('an upgrade that nobody offers is answered as a plain request', async () => {
  const { server } = await setUp();
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'h2c' };
    const asked = request(`${server.url}/-/healthy`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });
  expect(status).toBe(200);
});

test('the same frames over long poll', async () => {
  const { store, server, tick, agentOf } = await setUp();
  const agent = agentOf();
  const post = async (frames: Uint8Array[], headers: Record<string, string> = {}) => {
    const body = Buffer.concat(frames);
    const response = await fetch(`${server.url}/tide/v1/poll`, { method: 'POST', body, headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { response, messages: response.ok ? collectorMessages(bytes) : [] };
  };
  const first = await post([agent.hello()]);
  expect(first.messages).toMatchObject([{ type: 'WELCOME' }]);
  const session = { 'tide-session': first.response.headers.get('tide-session') ?? '' };
  const seen = { durable: 0 };
  const take = ({ messages }: Awaited<ReturnType<typeof post>>): number => {
    for (const message of messages) {
      if (message.type === 'ACK') seen.durable = message.streams[1]?.cumDurable ?? 0;
    }
    return seen.durable;
  };
  const poll = () => post([], { ...session, 'tide-wait': '20000' });
  const waiting = poll();
  take(await post([agent.schema(), agent.batch(tick), agent.heartbeat(tick * 1000)], session));
  let durable = take(await waiting);
  while (durable < 2) durable = take(await poll());
  expect(await valuesOf(store.storage, 'metric_0')).toEqual([tick * 1000]);
  const { body } = await server.json('/api/v1/agents');
  expect(body).toMatchObject({ data: { agents: [{ transport: 'poll' }] } });
  const last = await post([agent.bye()], session);
  expect(last.response.headers.get('tide-close')).toBe('the agent left');
  expect((await post([], session)).response.status).toBe(410);
  const nonsense = await post([Buffer.from('no frame at all, but long enough to be one')]);
  expect(nonsense.messages).toMatchObject([{ type: 'FENCE', reason: 'PROTOCOL' }]);
});

test('over a real socket, what is no frame ends that session alone, with a reason', async () => {
  const { server, tick, agentOf } = await setUp();
  const good = agentOf('good');
  const friend = await server.connect();
  friend.send(good.hello(), good.schema());
  const bad = agentOf('bad');
  const cut = bad.hello().slice(0, -1);
  const lying = bad.hello().slice();
  new DataView(lying.buffer).setUint32(24, 60_000, true);
  const flipped = bad.hello().slice();
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  for (const [frame, problem] of [
    [cut, 'payload'],
    [lying, 'payload of 60000 bytes'],
    [flipped, 'checksum'],
    [bad.batch(tick), 'before HELLO'],
    [Buffer.alloc(0), undefined],
  ] as const) {
    const peer = await server.connect();
    peer.send(frame, bad.hello(), bad.hello());
    const fence = await peer.message('FENCE');
    expect(fence.reason).toBe('PROTOCOL');
    expect(fence.message).toMatch(problem ?? 'a second HELLO');
    expect((await peer.untilClosed()).code).toBe(1002);
  }
  const large = await server.connect();
  large.send(Buffer.alloc(65_537));
  expect((await large.untilClosed()).code).toBe(1009);

  const clone = await server.connect();
  clone.send(agentOf('good', { nonce: 99 }).hello());
  expect((await clone.message('FENCE')).message).toMatch('another process has identity good');
  expect((await clone.untilClosed()).code).toBe(1008);
  friend.send(good.batch(tick), good.heartbeat(tick * 1000));
  const ack = await friend.message('ACK', ({ streams }) => streams[1]?.cumDurable === 2);
  expect(ack.rejections).toEqual([]);
});

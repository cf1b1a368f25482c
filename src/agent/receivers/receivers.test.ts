import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, onTestFinished, test } from 'vitest';
import { openRuntime } from '../../../test/support/agent-runtime.ts';
import { familiesBody } from '../../../test/support/metric-families.ts';
import { PowersOfTwo, PROTOBUF_TYPE } from '../../../test/support/native-target.ts';
import { snappy, type WriteRow, writeBody } from '../../../test/support/write-body.ts';
import { openPushProtocols } from '../../cli/push-protocols.ts';
import { LANE_EVENT } from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { AgentRing, DEFAULT_RING_OPTIONS } from '../ring/agent-ring.ts';
import { nodeRingFiles } from '../ring/node-ring-files.ts';
import type { RingFileSystem } from '../ring/ring-file-system.ts';
import { receiversOptionsSchema } from './receivers-options.ts';
import { ReceiverMetrics } from './receiver-metrics.ts';
import { Receivers } from './receivers.ts';

const START_MS = 1_700_000_000_000;

interface SetUp {
  readonly memoryBytes?: number;
  readonly receivers?: Record<string, unknown>;
  /** Folder of ring and groups; memory alone where it is not given. */
  readonly folder?: string;
  readonly fileSystem?: RingFileSystem;
  readonly isReachable?: boolean;
  readonly takesHistograms?: boolean;
}

async function setUp(given: SetUp = {}) {
  const { memoryBytes = 1e6, folder, fileSystem = nodeRingFiles } = given;
  const clock = new FakeClock(START_MS);
  const disk = folder === undefined ? undefined : { fileSystem, directory: join(folder, 'ring') };
  const agent = await openRuntime({
    clock,
    ring: { memoryBytes },
    ...(disk === undefined ? {} : { disk }),
    changes: { externalLabels: Labels.fromObject({ zone: 'z' }) },
  });
  const { collector, runtime } = agent;
  collector.isReachable = given.isReachable ?? true;
  collector.welcome = { capabilities: given.takesHistograms === false ? [] : ['histograms'] };
  const metrics = new ReceiverMetrics();
  const unsent = { histograms: 0, exemplars: 0 };
  const receivers = await Receivers.open({
    options: receiversOptionsSchema.parse({ listen: '127.0.0.1:0', ...given.receivers }),
    intake: runtime.openIntake(),
    ...{ maxAgeMs: 86_400_000, clock, logger: silentLogger, version: '0', metrics, unsent },
    openProtocols: openPushProtocols,
    disk: folder === undefined ? undefined : { fileSystem, directory: join(folder, 'groups') },
  });
  runtime.start();
  await receivers.start();
  await clock.advance(0);
  const push = async (
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers: Record<string, string> = {},
  ) => {
    const sent =
      body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) };
    const answer = await fetch(`${receivers.url}${path}`, { method, headers, ...sent });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await receivers.close();
    await agent.stop();
  };
  onTestFinished(stop);
  const own = (name: string): number | undefined =>
    metrics
      .own()
      .find((metric) => metric.name === `tidegauge_agent_receiver_${name}`)
      ?.value();
  return { clock, collector, runtime, receivers, push, own, unsent, stop };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-receivers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const ROWS: readonly WriteRow[] = [
  [{ __name__: 'b', job: 'rw' }, [START_MS - 2000, 1.5], [START_MS - 1000, 2.5]],
  [{ __name__: 'a', job: 'rw' }, [START_MS - 1500, 7]],
];

test('remote write goes out as events, with times of its own, every sample covered', async () => {
  const { collector, push, own, runtime } = await setUp();
  expect((await push('POST', '/api/v1/write', writeBody(ROWS))).status).toBe(204);
  expect(collector.samples).toEqual([
    { series: 'b{job="rw", zone="z"}', time: START_MS - 2000, value: 1.5 },
    { series: 'b{job="rw", zone="z"}', time: START_MS - 1000, value: 2.5 },
    { series: 'a{job="rw", zone="z"}', time: START_MS - 1500, value: 7 },
  ]);
  const [batch] = collector.batches;
  expect(batch?.sealed.stream).toBe(LANE_EVENT);
  expect(batch?.head.coverage).toMatchObject([
    { group: 0, tickFrom: 1, tickTo: 1, status: 'FULL', seriesCount: 3, presentCount: 3 },
  ]);
  expect(runtime.status().totals).toMatchObject({ scheduled: 3, present: 3 });
  expect([own('requests_total'), own('samples_total'), own('series')]).toEqual([1, 3, 2]);
});

test('text keeps types and helps; samples without a time get the time of arrival', async () => {
  const { collector, push } = await setUp();
  const body = `# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 3\nold 1 ${START_MS - 60_000}\n`;
  expect((await push('POST', '/api/v1/push?job=j', body)).status).toBe(204);
  expect(collector.samples).toEqual([
    { series: 'jobs_total{job="j", zone="z"}', time: START_MS, value: 3 },
    { series: 'old{job="j", zone="z"}', time: START_MS - 60_000, value: 1 },
  ]);
  const [series] = [...collector.series.values()];
  expect(series).toMatchObject({ group: 0, family: 'jobs_total', type: 'counter', help: 'Jobs.' });
  expect((await push('POST', '/api/v1/push', 'bad{ 1\n')).status).toBe(400);
  expect(collector.samples).toHaveLength(2);
});

test('a group is sampled again as long as it is held, and its series end with it', async () => {
  const { clock, collector, push } = await setUp();
  expect((await push('PUT', '/metrics/job/nightly', '# TYPE x gauge\nx 5\n')).status).toBe(200);
  const ofX = () => collector.samples.filter(({ series }) => series.startsWith('x{'));
  expect(ofX()).toHaveLength(1);
  await clock.advance(30_000);
  expect(ofX().map(({ time }) => time - START_MS)).toEqual([0, 15_000, 30_000]);
  expect((await push('DELETE', '/metrics/job/nightly')).status).toBe(202);
  expect(ofX().at(-1)?.value).toBeNaN();
  await clock.advance(60_000);
  expect(ofX()).toHaveLength(4);
});

function nativeFamily(count: number): Buffer {
  const orders = new PowersOfTwo();
  for (let index = 1; index <= count; index++) orders.observe(2 ** index);
  const { name, type, metric = [] } = orders.family('orders');
  // Of the native part alone.
  const native = metric.map((one) => ({ ...one, histogram: { ...one.histogram, bucket: [] } }));
  return familiesBody([{ name: name ?? '', type: type ?? 'HISTOGRAM', metric: native }]);
}

const AS_PROTOBUF = { 'content-type': PROTOBUF_TYPE };

test('pushed native histograms go out as events, in batches of their own', async () => {
  const { clock, collector, push, unsent, own, runtime } = await setUp();
  const body = nativeFamily(3);
  expect((await push('POST', '/api/v1/push', body, AS_PROTOBUF)).status).toBe(204);
  const [sample] = collector.samples;
  expect(sample).toMatchObject({
    series: 'orders{shop="north", zone="z"}',
    time: START_MS,
    histogram: { schema: 0, count: 3, sum: 14, positiveBuckets: [1, 1, 1] },
  });
  expect(runtime.status().totals).toMatchObject({ scheduled: 1, present: 1 });
  expect(own('samples_total')).toBe(1);
  expect(unsent).toEqual({ histograms: 0, exemplars: 1 });
  // Of a group they are sampled again, and end with it.
  expect((await push('PUT', '/metrics/job/nightly', body, AS_PROTOBUF)).status).toBe(200);
  await clock.advance(15_000);
  expect((await push('DELETE', '/metrics/job/nightly')).status).toBe(202);
  const ofGroup = collector.samples.filter(({ series }) => series.includes('nightly'));
  const ofOrders = ofGroup.filter(({ series }) => series.startsWith('orders{'));
  expect(ofOrders.map(({ histogram, value }) => histogram?.count ?? value)).toEqual([3, 3, NaN]);
  for (const { samples } of collector.batches) {
    const kinds = new Set(samples.map(({ series }) => series.startsWith('orders{')));
    expect(kinds.size).toBeLessThanOrEqual(1);
  }
});

/** What the test sends of remote write's messages, by their numbers. */
const WRITE_REQUEST = protobuf
  .parse(
    `syntax = "proto3";
    message Label { string name = 1; string value = 2; }
    message Span { sint32 offset = 1; uint32 length = 2; }
    message Histogram {
      uint64 count = 1; double sum = 3; sint32 schema = 4; repeated Span spans = 11;
      repeated sint64 deltas = 12; int64 timestamp = 15;
    }
    message Series { repeated Label labels = 1; repeated Histogram histograms = 4; }
    message WriteRequest { repeated Series series = 1; }`,
  )
  .root.lookupType('WriteRequest');

test('native histograms of remote write keep their own times', async () => {
  const { collector, push } = await setUp();
  const histogram = (count: number) => ({
    ...{ count, sum: 5, schema: 1, spans: [{ offset: 2, length: 1 }], deltas: [count] },
  });
  const message = WRITE_REQUEST.encode({
    series: [
      {
        labels: [{ name: '__name__', value: 'took' }],
        histograms: [
          { ...histogram(4), timestamp: START_MS - 2000 },
          { ...histogram(6), timestamp: START_MS - 1000 },
        ],
      },
    ],
  }).finish();
  expect((await push('POST', '/api/v1/write', snappy(message))).status).toBe(204);
  expect(collector.samples.map(({ time, histogram: of }) => [time, of?.count])).toEqual([
    [START_MS - 2000, 4],
    [START_MS - 1000, 6],
  ]);
});

test('a collector that does not take native histograms is sent none', async () => {
  const { collector, push, unsent } = await setUp({ takesHistograms: false });
  const refused = await push('POST', '/api/v1/push', nativeFamily(2), AS_PROTOBUF);
  expect(refused.status).toBe(400);
  expect(collector.samples).toEqual([]);
  expect(unsent.histograms).toBe(1);
});

test('known series go on when new ones are refused', async () => {
  const { collector, push, own } = await setUp({ receivers: { series_limit: 2 } });
  expect((await push('POST', '/api/v1/push', 'a 1\nb 2\n')).status).toBe(204);
  const refused = await push('POST', '/api/v1/push', 'a 3\nc 4\nb 5\n');
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('series limit')]);
  expect(collector.samples.map(({ value }) => value)).toEqual([1, 2, 3, 5]);
  expect([own('samples_rejected_total'), own('requests_refused_total')]).toEqual([1, 1]);
});

test('what no session can carry is refused, and does no harm to what comes after', async () => {
  const { collector, push, unsent } = await setUp();
  const long = await push('POST', '/api/v1/push', `a{l="${'x'.repeat(5000)}"} 1\n`);
  expect([long.status, long.text]).toEqual([400, expect.stringContaining('want at most 4096')]);
  const far = await push('POST', '/api/v1/push', `a 1 ${START_MS + 3_600_000}\nb 1 5\nc 2\n`);
  expect([far.status, far.text]).toEqual([400, expect.stringContaining('2 out of bounds')]);
  const twice: WriteRow = [{ __name__: 'd' }, [START_MS, 1], [START_MS, 1], [START_MS - 5, 0]];
  expect((await push('POST', '/api/v1/write', writeBody([twice]))).status).toBe(204);
  expect(collector.samples.map(({ series, value }) => [series[0], value])).toEqual([
    ...[
      ['c', 2],
      ...[
        ['d', 0],
        ['d', 1],
      ],
    ],
  ]);
  expect(unsent.histograms).toBe(0);
});

test('large pushes go in as many batches and schemas as it takes', async () => {
  const { collector, push } = await setUp({ memoryBytes: 8e6 });
  const rows = Array.from({ length: 5000 }, (_, index): WriteRow => {
    const noise = Buffer.from(String(Math.sin(index)))
      .toString('hex')
      .repeat(3);
    return [{ __name__: `m${index}`, noise }, [START_MS - index, Math.sqrt(index)]];
  });
  expect((await push('POST', '/api/v1/write', writeBody(rows))).status).toBe(204);
  expect(collector.samples).toHaveLength(5000);
  expect(
    collector.samples.every(({ value, time }) => Math.abs(value ** 2 - (START_MS - time)) < 1e-6),
  ).toBe(true);
  const seen = collector.batches.map(({ head }) => head.coverage[0]);
  expect(seen.map((entry) => entry?.tickFrom)).toEqual(seen.map((_, index) => index + 1));
  expect(seen.reduce((sum, entry) => sum + (entry?.presentCount ?? 0), 0)).toBe(5000);
});

test('503 with Retry-After rather than driving out what the collector does not have', async () => {
  const { clock, collector, push, own } = await setUp({ memoryBytes: 65_536, isReachable: false });
  const body = (at: number): string =>
    Array.from({ length: 500 }, (_, index) => `m${index} ${Math.sin(index * at)}\n`).join('');
  const statuses: number[] = [];
  for (let at = 1; at <= 40; at++)
    statuses.push((await push('POST', '/api/v1/push', body(at))).status);
  const taken = statuses.indexOf(503);
  expect(taken).toBeGreaterThan(3);
  expect(statuses.slice(taken).every((status) => status === 503)).toBe(true);
  const refused = await push('POST', '/api/v1/push', body(1));
  expect([refused.headers.get('retry-after'), refused.text]).toEqual([
    '5',
    expect.stringContaining('the ring is full'),
  ]);
  expect(own('requests_deferred_total')).toBe(statuses.length - taken + 1);
  // The collector is back, has all, and says so: there is room again.
  collector.isReachable = true;
  await clock.advance(6000);
  const [hello] = collector.all('HELLO');
  const event = hello?.streams.find(({ stream }) => stream === LANE_EVENT);
  expect([event?.firstRetained, event?.lastSeq]).toEqual([1, taken]);
  collector.send({
    ...{ type: 'ACK', credit: [], queueDelayMs: 0, serverTimeMs: 0, echoMs: 0, rejections: [] },
    streams: ([0, 1] as const).map((stream) => {
      return { stream, cumReceived: 99, cumDurable: 99, sack: [], missing: [] };
    }),
  });
  expect((await push('POST', '/api/v1/push', body(1))).status).toBe(204);
});

test('with a disk an answer means that it is there, groups too', async () => {
  const folder = temporaryFolder();
  const first = await setUp({ folder, isReachable: false });
  expect((await first.push('PUT', '/metrics/job/j', 'x 5\n')).status).toBe(200);
  expect((await first.push('POST', '/api/v1/push', 'y 6\n')).status).toBe(204);
  // As after a kill: nothing of the first is closed before the files are read.
  const ring = await AgentRing.open(
    { ...DEFAULT_RING_OPTIONS, epoch: START_MS + 1 },
    { fileSystem: nodeRingFiles, directory: join(folder, 'ring') },
  );
  const [previous] = ring.previous();
  expect(previous?.streams.find(({ stream }) => stream === LANE_EVENT)?.lastSeq).toBe(2);
  expect(readdirSync(join(folder, 'groups'))).toHaveLength(1);
  await ring.close(START_MS);
  await first.stop();
  rmSync(join(folder, 'ring'), { recursive: true });
  const second = await setUp({ folder });
  expect(second.collector.samples.filter(({ series }) => series.startsWith('x{'))).toHaveLength(1);
  expect((await second.push('DELETE', '/metrics/job/j')).status).toBe(202);
  expect(readdirSync(join(folder, 'groups'))).toEqual([]);
});

test('503 where the disk cannot be written', async () => {
  let isFull = false;
  const fileSystem: RingFileSystem = {
    ...nodeRingFiles,
    open: (path, mode) =>
      isFull ? Promise.reject(new Error('ENOSPC: no space')) : nodeRingFiles.open(path, mode),
  };
  const { push } = await setUp({ folder: temporaryFolder(), fileSystem });
  isFull = true;
  const refused = await push('POST', '/api/v1/push', 'y 6\n');
  expect([refused.status, refused.text]).toEqual([503, expect.stringContaining('no space')]);
  isFull = false;
  expect((await push('POST', '/api/v1/push', 'y 6\n')).status).toBe(204);
});

test('pages in a browser may not push, and nothing else is served', async () => {
  const { receivers, push } = await setUp();
  const page = await fetch(`${receivers.url}/api/v1/push`, {
    ...{ method: 'POST', body: 'a 1\n', headers: { origin: 'https://example.org' } },
  });
  expect(page.status).toBe(403);
  const other = await push('GET', '/metrics');
  expect([other.status, other.text]).toEqual([404, expect.stringContaining('/api/v1/write')]);
});

test('series that nobody pushes any more are forgotten once the ring holds nothing of them', async () => {
  const { clock, collector, push, own } = await setUp({ memoryBytes: 65_536 });
  const others = (round: number): string =>
    Array.from({ length: 400 }, (_, at) => `o${at} ${Math.sin(at * round)}\n`).join('');
  await push('POST', '/api/v1/push', 'once 1\n');
  expect(own('series')).toBe(1);
  for (let round = 1; round <= 30; round++) {
    await clock.advance(300_000);
    collector.acknowledge();
    expect((await push('POST', '/api/v1/push', others(round))).status).toBe(204);
  }
  await clock.advance(60_000);
  expect(own('series')).toBe(400);
  // The kernel still knows its name, and is told that nobody knows its series.
  expect((await push('POST', '/api/v1/push', 'once 2\n')).status).toBe(204);
  expect(collector.samples.filter(({ series }) => series === 'once{zone="z"}')).toHaveLength(2);
});

import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { type FamilyMessage, familiesBody } from '../../../test/support/metric-families.ts';
import { type PushServer, startPushServer } from '../../../test/support/push-server.ts';
import { newestSamples, storedData } from '../../../test/support/stored-data.ts';
import { openTemporaryStorage } from '../../../test/support/temporary-storage.ts';
import { FakeClock } from '../../util/index.ts';
import type { PushOptions } from './index.ts';

// As client_golang's `push` package sends it.
const TYPE =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';
const PUSH = '/api/v1/push';
const GROUP = '/metrics/job/backup/host@base64/L3Zhci90bXA';
const T = 1_700_000_000_000;
const RESAMPLE_MS = 15_000;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setup(options: Partial<PushOptions> = {}) {
  const clock = new FakeClock(T);
  const store = await openTemporaryStorage({ retention_ms: 0 }, clock);
  const open = (): Promise<PushServer> =>
    startPushServer({ storage: store.storage, clock, options });
  let server = await open();
  closing.push(
    () => store.remove(),
    () => server.close(),
  );
  const push = (method: string, target: string, families: readonly FamilyMessage[]) =>
    server.send(method, target, familiesBody(families), { 'content-type': TYPE });
  const exposed = async (): Promise<string[]> => {
    const { body } = await server.send('GET', '/metrics/pushed');
    return body.split('\n').filter((line) => line !== '' && !/\bpush_(failure_)?time/.test(line));
  };
  const stored = async (): Promise<string[]> => {
    const lines = await newestSamples(store.storage);
    return lines.filter((line) => !/^push_(failure_)?time/.test(line));
  };
  const restart = async (): Promise<void> => {
    await server.close();
    await store.reopen();
    server = await open();
  };
  const send: PushServer['send'] = (...request) => server.send(...request);
  return { store, clock, push, exposed, stored, restart, send };
}

const label = [{ name: 'disk', value: 'a "b"' }];

const COUNTER: FamilyMessage = {
  name: 'files_total',
  help: 'Files.',
  type: 'COUNTER',
  metric: [{ label, counter: { value: 7, created_timestamp: { seconds: 1 } } }],
};

const GAUGE: FamilyMessage = {
  name: 'done_seconds',
  type: 'GAUGE',
  metric: [{ gauge: { value: 1.5e9 } }],
};

const CLASSIC: FamilyMessage = {
  name: 'took_seconds',
  type: 'HISTOGRAM',
  metric: [
    {
      histogram: {
        sample_count: 3,
        sample_sum: 9,
        bucket: [
          { upper_bound: 0.5, cumulative_count: 1 },
          { upper_bound: 1e6, cumulative_count: 2 },
        ],
      },
    },
  ],
};

const NATIVE: FamilyMessage = {
  name: 'size_bytes',
  type: 'HISTOGRAM',
  metric: [
    {
      label,
      histogram: {
        sample_count: 6,
        sample_sum: NaN,
        schema: 3,
        zero_threshold: 0.001,
        zero_count: 1,
        positive_span: [{ offset: -1, length: 2 }],
        positive_delta: [2, 1],
      },
    },
  ],
};

test('a Go program pushes, adds and deletes, at the Pushgateway', async () => {
  const { push, exposed, stored, send } = await setup();
  expect(await push('PUT', GROUP, [COUNTER, CLASSIC])).toMatchObject({ status: 200, body: '' });
  const where = 'host="/var/tmp",instance="",job="backup"';
  const counterLines = [
    '# HELP files_total Files.',
    '# TYPE files_total counter',
    String.raw`files_total{disk="a \"b\"",${where}} 7`,
  ];
  const classicLines = [
    '# TYPE took_seconds histogram',
    `took_seconds_bucket{${where},le="0.5"} 1`,
    `took_seconds_bucket{${where},le="1e+06"} 2`,
    `took_seconds_bucket{${where},le="+Inf"} 3`,
    `took_seconds_sum{${where}} 9`,
    `took_seconds_count{${where}} 3`,
  ];
  expect(await exposed()).toEqual([...counterLines, ...classicLines]);
  expect(await stored()).toContain(
    'took_seconds_bucket{host="/var/tmp", job="backup", le="1e+06"} 2',
  );
  // POST replaces families of the names that it brings.
  const more = { ...COUNTER, metric: [{ counter: { value: 8 } }] };
  expect((await push('POST', GROUP, [more, GAUGE])).status).toBe(200);
  expect(await exposed()).toEqual([
    '# TYPE done_seconds gauge',
    `done_seconds{${where}} 1.5e+09`,
    ...counterLines.slice(0, 2),
    `files_total{${where}} 8`,
    ...classicLines,
  ]);
  // PUT replaces the group.
  expect((await push('PUT', GROUP, [GAUGE])).status).toBe(200);
  expect(await stored()).toEqual(['done_seconds{host="/var/tmp", job="backup"} 1500000000']);
  expect((await send('DELETE', GROUP)).status).toBe(202);
  expect(await stored()).toEqual([]);
});

test('what is inconsistent is refused whole, and the group stays', async () => {
  const { push, stored } = await setup();
  await push('PUT', GROUP, [COUNTER]);
  const before = await stored();
  const refused = async (families: readonly FamilyMessage[], text: string): Promise<void> => {
    const answer = await push('POST', GROUP, families);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain(text);
    expect(await stored()).toEqual(before);
  };
  const timed = { ...GAUGE, metric: [{ gauge: {}, timestamp_ms: 0 }] };
  await refused([GAUGE, timed], 'family "done_seconds" a second time');
  await refused([timed], 'pushed metrics must not have timestamps');
  const twice = { ...GAUGE, metric: [{ gauge: {} }, { gauge: {} }] };
  await refused([twice], 'was collected before with the same name and label values');
  const parts = { ...GAUGE, name: 'took_seconds_count' };
  await refused([CLASSIC, parts], 'metric family "took_seconds');
  await refused(
    [GAUGE, { name: 'x', type: 'GAUGE', metric: [{}] }],
    'protobuf parsing error at byte',
  );
  expect(
    (await push('PUT', '/metrics/job/other', [{ ...NATIVE, name: 'files_total' }])).body,
  ).toContain('family "files_total" is pushed as histogram but is counter');
});

test('a group holds native histograms, over restarts, until they are gone', async () => {
  const { store, clock, push, exposed, restart } = await setup();
  const both = {
    ...CLASSIC,
    metric: [{ histogram: { ...CLASSIC.metric?.[0]?.histogram, zero_count: 3 } }],
  };
  expect((await push('PUT', '/metrics/job/j', [NATIVE, both])).status).toBe(200);
  const shown = await exposed();
  // Text has no native histograms: the one without bounds shows its count and sum.
  expect(shown.slice(0, 4)).toEqual([
    '# TYPE size_bytes histogram',
    String.raw`size_bytes_bucket{disk="a \"b\"",instance="",job="j",le="+Inf"} 6`,
    String.raw`size_bytes_sum{disk="a \"b\"",instance="",job="j"} NaN`,
    String.raw`size_bytes_count{disk="a \"b\"",instance="",job="j"} 6`,
  ]);
  const series = String.raw`size_bytes{disk="a \"b\"", job="j"}`;
  const histograms = async () =>
    (await storedData(store.storage)).get(series)?.histograms ?? new Map();
  const wanted = {
    counterReset: 'unknown',
    schema: 3,
    zeroThreshold: 0.001,
    zeroCount: 1,
    count: 6,
    sum: NaN,
    positiveSpans: [{ offset: -1, length: 2 }],
    positiveBuckets: [2, 3],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
  };
  expect([...(await histograms())]).toEqual([[T, wanted]]);
  expect((await storedData(store.storage)).get('took_seconds{job="j"}')?.histograms.size).toBe(1);
  expect(await newestSamples(store.storage)).toContain('took_seconds_count{job="j"} 3');

  await clock.advance(RESAMPLE_MS);
  await restart();
  expect(await exposed()).toEqual(shown);
  expect([...(await histograms()).values()].at(-1)).toEqual(wanted);
  expect((await histograms()).size).toBe(2);

  await clock.advance(1000);
  expect((await push('PUT', '/metrics/job/j', [GAUGE])).status).toBe(200);
  expect([...(await histograms())].at(-1)).toEqual([T + RESAMPLE_MS + 1000, undefined]);
});

test('/api/v1/push stores samples, histograms, exemplars and metadata', async () => {
  const { store, push } = await setup();
  const exemplar = {
    label: [{ name: 'trace_id', value: 'x' }],
    value: 1,
    timestamp: { seconds: T / 1000 },
  };
  const counter = { ...COUNTER, unit: 'files', metric: [{ counter: { value: 7, exemplar } }] };
  const answer = await push('POST', `${PUSH}?job=j`, [counter, CLASSIC, NATIVE]);
  expect(answer).toMatchObject({ status: 204, headers: { 'x-tidegauge-samples-stored': '7' } });
  expect(await newestSamples(store.storage)).toEqual([
    'files_total{job="j"} 7',
    'took_seconds_bucket{job="j", le="+Inf"} 3',
    'took_seconds_bucket{job="j", le="0.5"} 1',
    'took_seconds_bucket{job="j", le="1e+06"} 2',
    'took_seconds_count{job="j"} 3',
    'took_seconds_sum{job="j"} 9',
  ]);
  const native = (await storedData(store.storage)).get(
    String.raw`size_bytes{disk="a \"b\"", job="j"}`,
  );
  expect(native?.histograms.get(T)?.positiveBuckets).toEqual([2, 3]);
  expect(store.storage.metadata().get('files_total')).toEqual({
    type: 'counter',
    help: 'Files.',
    unit: 'files',
  });
  const range = { minTime: 0, maxTime: Number.MAX_SAFE_INTEGER };
  expect(store.storage.exemplars([[]], range)).toMatchObject([{ exemplars: [{ timestamp: T }] }]);
});

test('/api/v1/push names refused samples and histograms, and stores the others', async () => {
  const { store, push } = await setup();
  const at = (value: number, timestamp: number): FamilyMessage[] => [
    { ...GAUGE, metric: [{ gauge: { value }, timestamp_ms: timestamp }] },
    {
      ...NATIVE,
      metric: [
        {
          timestamp_ms: timestamp,
          histogram: { sample_count: value, zero_count: value, zero_threshold: 1 },
        },
      ],
    },
  ];
  expect((await push('POST', PUSH, at(1, T))).status).toBe(204);
  expect((await push('POST', PUSH, at(1, T))).status).toBe(204);
  const answer = await push('POST', PUSH, [...at(2, T), COUNTER]);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatch(/^2 of 3 samples were refused: 2 duplicate sample/);
  expect(answer.body).toContain('done_seconds at 2023-');
  expect(answer.body).toContain('size_bytes at 2023-');
  expect((await newestSamples(store.storage)).join()).toContain('files_total{disk=');
});

test('a series limit forbids histograms as it does samples', async () => {
  const server = await startPushServer({ storage: new MemoryStorage({ maxSeries: 1 }) });
  closing.push(() => server.close());
  const body = familiesBody([GAUGE, NATIVE]);
  const answer = await server.send('POST', PUSH, body, { 'content-type': TYPE });
  expect(answer.status).toBe(400);
  expect(answer.body).toContain(
    '1 of 2 samples were refused: 1 of new series beyond the series limit',
  );
  expect(answer.body).toContain('size_bytes{disk=');
});

test('bodies come compressed; empty ones are fine', async () => {
  const { push, stored, send } = await setup();
  const body = gzipSync(familiesBody([GAUGE]));
  const headers = { 'content-type': TYPE, 'content-encoding': 'gzip' };
  expect((await send('PUT', '/metrics/job/j', body, headers)).status).toBe(200);
  expect((await send('POST', `${PUSH}?job=k`, body, headers)).status).toBe(204);
  expect(await stored()).toHaveLength(2);
  expect((await push('PUT', '/metrics/job/j', [])).status).toBe(200);
  expect(await stored()).toEqual(['done_seconds{job="k"} 1500000000']);
});

test('other protobuf is refused by its type, a broken body by its place', async () => {
  const { stored, send } = await setup({ max_body_bytes: 1024 });
  const body = familiesBody([GAUGE]);
  const answerTo = (type: string, sent: Uint8Array = body) =>
    send('POST', PUSH, sent, { 'content-type': type });
  for (const encoding of ['text', 'compact-text']) {
    const answer = await answerTo(TYPE.replace('delimited', encoding));
    expect(answer.status).toBe(415);
    expect(answer.body).toContain(`of protobuf send ${TYPE}, not its text form`);
  }
  expect((await answerTo('application/vnd.google.protobuf')).status).toBe(415);
  expect((await answerTo(TYPE.replace('MetricFamily', 'Metric'))).status).toBe(415);
  expect((await answerTo('application/vnd.google.protobuf;encoding=delimited')).status).toBe(415);
  const text = await answerTo(TYPE, Buffer.from('done_seconds 1\n'));
  expect(text.status).toBe(400);
  expect(text.body).toMatch(
    /^protobuf parsing error at byte 1: a field of 100 bytes, .*nothing is/,
  );
  expect((await answerTo(TYPE, body.subarray(0, -1))).status).toBe(400);
  const bucket = Array.from({ length: 30 }, (_, bound) => ({ upper_bound: bound }));
  const label = [{ name: 'l', value: 'x'.repeat(200) }];
  const wide = { ...CLASSIC, metric: [{ label, histogram: { bucket } }] };
  const grown = await answerTo(TYPE, familiesBody([wide]));
  expect(grown.body).toContain('more than 1024 bytes of series, written out');
  expect(await stored()).toEqual([]);
  expect((await answerTo(TYPE.replaceAll(' ', ''))).status).toBe(204);
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryStorage, type MemoryStorageOptions } from '../../../test/support/memory-storage.ts';
import { type PushServer, startPushServer } from '../../../test/support/push-server.ts';
import { snappy, writeBody, writeMessage } from '../../../test/support/write-body.ts';
import { TidegaugeError } from '../../model/index.ts';
import type { PushMetrics, PushOptions, PushRequestOutcome } from './index.ts';

const WRITE = '/api/v1/write';
const PUSH = '/api/v1/push';
const T = 1_700_000_000_000;

let server: PushServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

class CountingMetrics implements PushMetrics {
  readonly requests: [string, PushRequestOutcome][] = [];
  readonly rejections: [string, string, number][] = [];

  request(protocol: string, outcome: PushRequestOutcome): void {
    this.requests.push([protocol, outcome]);
  }

  rejected(protocol: string, reason: string, samples: number): void {
    this.rejections.push([protocol, reason, samples]);
  }
}

async function setup(options: Partial<PushOptions> = {}, limits: MemoryStorageOptions = {}) {
  const storage = new MemoryStorage(limits);
  const metrics = new CountingMetrics();
  server = await startPushServer({ storage, metrics, options });
  return { storage, metrics, sources: server.sources, send: server.send };
}

class DiskFullError extends TidegaugeError {
  readonly code = 'storage_full';
}

class StorageClosedError extends TidegaugeError {
  readonly code = 'storage_closed';
}

describe('remote write', () => {
  test('stores what it is sent, values bit for bit, and answers 204', async () => {
    const { storage, metrics, sources, send } = await setup();
    const body = writeBody([
      [{ __name__: 'a', x: '1' }, [T, 1.5], [T + 1, 'stale']],
      [{ __name__: 'b' }, [T, -0], [T + 1, Infinity], [T + 2, NaN]],
    ]);
    expect(await send('POST', WRITE, body)).toMatchObject({ status: 204, body: '' });
    expect(storage.samplesOf('a{x="1"}')).toEqual([`${T}=1.5`, `${T + 1}=stale`]);
    expect(storage.samplesOf('b')).toHaveLength(3);
    expect(metrics.requests).toMatchObject([
      ['remote-write', { statusCode: 204, samplesStored: 5, bodyBytes: body.length, refusal: '' }],
    ]);
    expect(sources.get('push/remote-write/127.0.0.1')).toMatchObject({
      state: 'live',
      samplesTotal: 5,
    });
  });

  test('takes the types of 1.0 and no other', async () => {
    const { storage, send } = await setup();
    const body = writeBody([[{ __name__: 'a' }, [T, 1]]]);
    const check = async (headers: Record<string, string>, status: number): Promise<void> => {
      expect((await send('POST', WRITE, body, headers)).status).toBe(status);
    };
    await check({}, 204);
    await check({ 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }, 204);
    await check({ 'content-type': 'application/x-protobuf; proto=prometheus.WriteRequest' }, 204);
    expect(storage.sampleCount).toBe(1);
    const two = { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' };
    await check(two, 415);
    expect((await send('POST', WRITE, body, two)).body).toContain('proto=prometheus.WriteRequest');
    await check({ 'content-type': 'application/json' }, 415);
    await check({ 'content-encoding': 'gzip' }, 415);
    expect((await send('GET', WRITE)).status).toBe(405);
    expect((await send('GET', WRITE)).headers.allow).toBe('POST');
  });

  test('refuses a body that does not decode, whole, and says where', async () => {
    const { storage, send } = await setup();
    const message = writeMessage([
      [{ __name__: 'a' }, [T, 1]],
      [{ __name__: 'b' }, [T, 1]],
    ]);
    const check = async (body: Uint8Array, text: string): Promise<void> => {
      const answer = await send('POST', WRITE, body);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain(text);
      expect(storage.sampleCount).toBe(0);
    };
    await check(snappy(message.subarray(0, -3)), 'at byte');
    await check(new Uint8Array([1, 2, 3]), 'snappy');
    await check(new Uint8Array(0), 'snappy');
    await check(message, 'snappy');
    expect((await send('POST', WRITE, snappy(message))).status).toBe(204);
    expect(storage.sampleCount).toBe(2);
  });

  test('stores the good part, counts and names the bad one', async () => {
    const { storage, metrics, send } = await setup();
    const known = [{ __name__: 'a' }, [T, 1], [T + 10, 2]] as const;
    expect((await send('POST', WRITE, writeBody([known]))).status).toBe(204);
    const answer = await send(
      'POST',
      WRITE,
      writeBody([
        [{ __name__: 'new' }, [T, 1]],
        [{ __name__: 'a' }, [T + 10, 3], [T + 5, 1], [T + 10, 2], [T + 20, 4]],
        [{ nameless: 'x' }, [T, 1], [T + 1, 1]],
      ]),
    );
    expect(answer.status).toBe(400);
    expect(answer.body.split('\n')).toEqual([
      '4 of 7 samples were refused: 2 with invalid labels, ' +
        '1 duplicate sample for timestamp with another value, 1 out of order; ' +
        'the other 3 are stored',
      '  {nameless="x"}: no metric name, wanted a label __name__',
      '  a at 2023-11-14T22:13:20.010Z: duplicate sample for timestamp with another value',
      '  a at 2023-11-14T22:13:20.005Z: out of order',
      '',
    ]);
    expect(storage.samplesOf('a')).toEqual([`${T}=1`, `${T + 10}=2`, `${T + 20}=4`]);
    expect(storage.samplesOf('new')).toEqual([`${T}=1`]);
    expect(metrics.rejections).toEqual([
      ['remote-write', 'invalid_labels', 2],
      ['remote-write', 'conflict', 1],
      ['remote-write', 'out_of_order', 1],
    ]);
  });

  test('keeps known series and refuses new ones beyond the limit', async () => {
    const { storage, send } = await setup({}, { maxSeries: 1 });
    await send('POST', WRITE, writeBody([[{ __name__: 'a' }, [T, 1]]]));
    const both = writeBody([
      [{ __name__: 'b' }, [T, 1]],
      [{ __name__: 'a' }, [T + 1, 1]],
    ]);
    const answer = await send('POST', WRITE, both);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('1 of new series beyond the series limit');
    expect(answer.body).toContain('  b: ');
    expect(storage.samplesOf('a')).toEqual([`${T}=1`, `${T + 1}=1`]);
  });

  test('finds series again that the store has dropped', async () => {
    const { storage, metrics, send } = await setup();
    const rows = (time: number) =>
      writeBody([
        [{ __name__: 'a' }, [time, 1]],
        [{ __name__: 'b' }, [time, 2]],
      ]);
    await send('POST', WRITE, rows(T));
    storage.dropSeries();
    expect((await send('POST', WRITE, rows(T + 1))).status).toBe(204);
    expect((await send('POST', WRITE, rows(T + 2))).status).toBe(204);
    expect(storage.samplesOf('b')).toEqual([`${T + 1}=2`, `${T + 2}=2`]);
    expect(metrics.requests.map(([, outcome]) => outcome.samplesStored)).toEqual([2, 2, 2]);
  });

  test('answers 503 with Retry-After when the disk is full', async () => {
    const { storage, send } = await setup();
    storage.commitError = new DiskFullError('no space left on the device');
    const body = writeBody([[{ __name__: 'a' }, [T, 1]]]);
    expect(await send('POST', WRITE, body)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: expect.stringContaining('no space left') as string,
    });
    // A push that comes while the collector stops is to come again, too.
    storage.commitError = new StorageClosedError('the store is closed');
    expect((await send('POST', WRITE, body)).status).toBe(503);
    storage.commitError = new Error('a bug');
    expect(await send('POST', WRITE, body)).toMatchObject({
      status: 500,
      body: 'internal error\n',
    });
    storage.commitError = undefined;
    expect((await send('POST', WRITE, body)).status).toBe(204);
  });
});

describe('exposition text', () => {
  test('labels come from the query, times from body, query, or now', async () => {
    const { storage, send } = await setup();
    const body = '# TYPE a gauge\na{job="mine",x="1"} 1\na{x="2"} 2 1700000000007\n';
    const answer = await send('POST', `${PUSH}?job=j&instance=i%201&timestamp=${T}`, body);
    expect(answer).toMatchObject({ status: 204, headers: { 'x-tidegauge-samples-stored': '2' } });
    expect(storage.samplesOf('a{instance="i 1", job="j", x="1"}')).toEqual([`${T}=1`]);
    expect(storage.samplesOf('a{instance="i 1", job="j", x="2"}')).toEqual([`${T + 7}=2`]);
    expect(storage.metadata().get('a')?.type).toBe('gauge');
    const other = await send('PUT', `${PUSH}?timestamp=2023-11-14T23:13:20.500%2B01:00`, 'b 1\n');
    expect(other.status).toBe(204);
    expect(storage.samplesOf('b')).toEqual([`${T + 500}=1`]);
    const before = Date.now();
    await send('POST', PUSH, 'c 1\n');
    const [sample = ''] = storage.samplesOf('c');
    expect(Number(sample.split('=')[0])).toBeGreaterThanOrEqual(before);
  });

  test('the same line means another series under other labels', async () => {
    const { storage, send } = await setup();
    for (const job of ['j', 'k', 'j']) {
      expect((await send('POST', `${PUSH}?job=${job}&timestamp=${T}`, 'a 1\n')).status).toBe(204);
    }
    expect(storage.samplesOf('a{job="j"}')).toEqual([`${T}=1`]);
    expect(storage.samplesOf('a{job="k"}')).toEqual([`${T}=1`]);
  });

  test('OpenMetrics by its type, or by its end where none is given', async () => {
    const { storage, send } = await setup();
    const body =
      '# TYPE r counter\n# HELP r What\nr_total 3 1700000000 # {trace_id="t"} 1 1700000000\n# EOF\n';
    const typed = { 'content-type': 'application/openmetrics-text; version=1.0.0' };
    expect((await send('POST', PUSH, body, typed)).status).toBe(204);
    expect((await send('POST', PUSH, body)).status).toBe(204);
    expect(storage.samplesOf('r_total')).toEqual([`${T}=3`]);
    expect(storage.exemplarList[0]?.exemplar).toMatchObject({ labelPairs: ['trace_id', 't'] });
    expect(storage.metadata().get('r')).toEqual({ type: 'counter', help: 'What', unit: '' });
    expect((await send('POST', PUSH, 'a 1\n', typed)).status).toBe(400);
    // As text its last line is a comment.
    expect((await send('POST', PUSH, 'a  1\n# EOF\n')).status).toBe(204);
    const json = await send('POST', PUSH, '{}', { 'content-type': 'application/json' });
    expect(json).toMatchObject({ status: 415 });
    expect(json.body).toContain('application/openmetrics-text');
  });

  test('a malformed body is refused whole, with line and column', async () => {
    const { storage, send } = await setup();
    const check = async (body: string, text: string): Promise<void> => {
      const answer = await send('POST', PUSH, body);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain(text);
    };
    await check('a 1\nb{ 1\n', 'text format parsing error in line 2, column');
    await check('a 1', 'text format parsing error in line 1');
    await check('a 1\n# TYPE a gauge\n', 'line 2');
    expect(storage.sampleCount).toBe(0);
  });

  test('bad parameters are named', async () => {
    const { storage, send } = await setup();
    const check = async (query: string, text: string): Promise<void> => {
      const answer = await send('POST', `${PUSH}?${query}`, 'a 1\n');
      expect(answer).toMatchObject({ status: 400 });
      expect(answer.body).toContain(text);
    };
    await check('1x=2', 'parameter "1x" is no label name');
    await check('__name__=b', 'parameter "__name__" is no label name');
    await check('a=1&a=2', 'parameter "a" is there twice');
    await check('timestamp=yesterday', 'parameter "timestamp" is "yesterday"');
    await check('timestamp=99999999999999999999', 'parameter "timestamp"');
    expect(storage.sampleCount).toBe(0);
  });

  test('samples that the store refuses are named, the rest is stored', async () => {
    const { storage, send } = await setup();
    await send('POST', `${PUSH}?timestamp=${T}`, 'a 1\n');
    const answer = await send('POST', `${PUSH}?timestamp=${T}`, 'b 1\na 2\n');
    expect(answer).toMatchObject({ status: 400, headers: { 'x-tidegauge-samples-stored': '1' } });
    expect(answer.body).toContain('1 of 2 samples were refused');
    expect(answer.body).toContain('  a at 2023-11-14T22:13:20.000Z: duplicate sample');
    expect(storage.samplesOf('b')).toEqual([`${T}=1`]);
  });

  test('a refused series is shown by the beginning of its name, however long it is', async () => {
    const { send } = await setup({}, { maxSeries: 0 });
    const text = 'x'.repeat(500_000);
    const pushed = await send('POST', PUSH, `a{l="${text}"} 1\n`);
    expect(pushed).toMatchObject({ status: 400 });
    expect(pushed.body.length).toBeLessThan(1000);
    const written = await send('POST', WRITE, writeBody([[{ __name__: 'a', l: text }, [T, 1]]]));
    expect(written).toMatchObject({ status: 400 });
    expect(written.body.length).toBeLessThan(1000);
  });

  test('gzip and snappy, and no other encoding', async () => {
    const { storage, send } = await setup({ max_body_bytes: 100_000 });
    const gzip = { 'content-encoding': 'gzip' };
    expect((await send('POST', PUSH, gzipSync('a 1\n'), gzip)).status).toBe(204);
    const block = snappy(Buffer.from('b 1\n'));
    expect((await send('POST', PUSH, block, { 'content-encoding': 'snappy' })).status).toBe(204);
    expect((await send('POST', PUSH, 'c 1\n', { 'content-encoding': 'br' })).status).toBe(415);
    expect((await send('POST', PUSH, 'c 1\n', gzip)).status).toBe(400);
    const bomb = gzipSync(Buffer.alloc(200_000, 'x'));
    expect((await send('POST', PUSH, bomb, gzip)).status).toBe(413);
    expect(storage.sampleCount).toBe(2);
  });
});

describe('admission', () => {
  test('a body over the limit is refused by its declared or actual length', async () => {
    const { metrics, send } = await setup({ max_body_bytes: 2000 });
    const large = 'x'.repeat(5000);
    expect((await send('POST', PUSH, large, { 'content-length': '5000' })).status).toBe(413);
    expect((await send('POST', PUSH, large, { 'transfer-encoding': 'chunked' })).status).toBe(413);
    const message = snappy(Buffer.alloc(5000));
    expect((await send('POST', WRITE, message)).status).toBe(413);
    expect(metrics.requests.map(([, { refusal }]) => refusal)).toEqual(
      Array.from({ length: 3 }, () => 'too_large'),
    );
  });

  test('beyond the bytes in flight pushes get 503 until others are done', async () => {
    const { storage, send } = await setup({ max_in_flight_bytes: 1 << 20 });
    let open = (): void => {};
    storage.gate = new Promise((resolve) => (open = resolve));
    const large = `a ${' '.repeat(900_000)}1\n`;
    const first = send('POST', PUSH, large);
    await expect.poll(() => storage.seriesCount).toBe(1);
    const second = await send('POST', PUSH, large);
    expect(second).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect((await send('POST', PUSH, 'b')).status).toBe(400);
    open();
    expect((await first).status).toBe(204);
    expect((await send('POST', PUSH, large)).status).toBe(204);
  });

  test('a client that goes away frees its bytes', async () => {
    const { metrics, send } = await setup({ max_in_flight_bytes: 1 << 20 });
    const socket = connect(server?.port ?? 0, '127.0.0.1');
    socket.write(`POST ${PUSH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n`);
    socket.write('x'.repeat(900_000));
    const large = `a ${' '.repeat(900_000)}1\n`;
    await expect.poll(async () => (await send('POST', PUSH, large)).status).toBe(503);
    socket.destroy();
    await once(socket, 'close');
    await expect.poll(async () => (await send('POST', PUSH, large)).status).toBe(204);
    expect(metrics.requests).toContainEqual([
      'text',
      expect.objectContaining({ statusCode: 499, refusal: 'client_gone' }),
    ]);
  });

  test('senders that declare much and send nothing keep nobody out', async () => {
    const { send } = await setup({ max_in_flight_bytes: 1 << 20 });
    const sockets = Array.from({ length: 10 }, () => connect(server?.port ?? 0, '127.0.0.1'));
    for (const socket of sockets) {
      socket.write(`POST ${PUSH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\npart`);
      await once(socket, 'connect');
    }
    const large = `a ${' '.repeat(300_000)}1\n`;
    expect((await send('POST', PUSH, large)).status).toBe(204);
    for (const socket of sockets) socket.destroy();
  });

  test('bodies that are inflated share the budget as they grow', async () => {
    const { storage, send } = await setup({ max_in_flight_bytes: 4 << 20 });
    const bomb = gzipSync(Buffer.alloc(30 << 20, '#'));
    const gzip = { 'content-encoding': 'gzip' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send('POST', PUSH, bomb, gzip)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThanOrEqual(19);
    expect((await send('POST', PUSH, gzipSync('a 1\n'), gzip)).status).toBe(204);
    expect(storage.sampleCount).toBe(1);
  });

  test('a body that does not arrive in time is given up', async () => {
    const { metrics } = await setup({ body_timeout_ms: 100 });
    const socket = connect(server?.port ?? 0, '127.0.0.1');
    socket.write(`POST ${PUSH} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\npart`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
    expect(metrics.requests[0]?.[1].refusal).toBe('timeout');
  });

  test('a body in many pieces is put together', async () => {
    const { storage } = await setup();
    const body = Buffer.from(
      Array.from({ length: 20_000 }, (_, index) => `m{i="${index}"} ${index} ${T}\n`).join(''),
    );
    const socket = connect(server?.port ?? 0, '127.0.0.1');
    socket.write(`POST ${PUSH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    for (let at = 0; at < body.length; at += 50_001) {
      const piece = body.subarray(at, at + 50_001);
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      socket.write('\r\n');
    }
    socket.write('0\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 204 /);
    socket.destroy();
    expect(storage.sampleCount).toBe(20_000);
  });
});

describe('Pushgateway', () => {
  const GROUP = '/metrics/job/j';

  test('statuses as the Pushgateway has them', async () => {
    const { send, storage } = await setup();
    const check = async (method: string, path: string, status: number, body?: string) => {
      expect((await send(method, path, body)).status).toBe(status);
    };
    await check('PUT', GROUP, 200, '# TYPE g gauge\ng 1\n');
    await check('POST', GROUP, 200, 'h 1\n');
    await check('PUT', GROUP, 400, 'g 1 1700000000000\n');
    await check('PUT', GROUP, 400, 'g{ 1\n');
    await check('PUT', '/metrics/job/', 307, 'g 1\n');
    await check('PUT', `${GROUP}/odd`, 400, 'g 1\n');
    await check('GET', GROUP, 405);
    await check('DELETE', GROUP, 202);
    await check('DELETE', GROUP, 202);
    await check('PUT', '/api/v1/admin/wipe', 403);
    await check('POST', '/api/v1/admin/wipe', 405);
    expect(storage.newest()).toEqual([]);
  });

  test('a full disk answers 503 and the group stays as it was', async () => {
    const { storage, send } = await setup();
    await send('PUT', GROUP, 'g 1\n');
    storage.commitError = new DiskFullError('no space left on the device');
    const answer = await send('PUT', GROUP, 'g 2\n');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    storage.commitError = undefined;
    expect((await send('GET', '/metrics/pushed')).body).toContain('g{instance="",job="j"} 1\n');
  });

  test('a histogram without the bucket of all has the one that its count says', async () => {
    const { send, storage } = await setup();
    const parts = (labels: string, all: string): string =>
      `h_bucket{${labels}le="1"} 1\n${all}h_sum{${labels}} 3\nh_count{${labels}} 2\n`;
    const whole = `h_bucket{a="b",le="Inf"} 5\n`;
    await send('PUT', GROUP, `# TYPE h histogram\n${parts('', '')}${parts('a="b",', whole)}`);
    const all = storage.newest().filter((line) => /^h_bucket.*Inf/.test(line));
    expect(all).toEqual(['h_bucket{a="b", job="j", le="Inf"} 5', 'h_bucket{job="j", le="+Inf"} 2']);
    const exposed = (await send('GET', '/metrics/pushed')).body;
    expect(exposed).toContain('h_bucket{instance="",job="j",le="+Inf"} 2\n');
  });

  test('a line of a histogram that is none of its parts is exposed as it is', async () => {
    const { send } = await setup();
    await send('PUT', GROUP, '# TYPE h histogram\nh 1\n');
    const exposed = (await send('GET', '/metrics/pushed')).body;
    expect(exposed).toContain('h{instance="",job="j"} 1\n');
  });

  test('OpenMetrics families are exposed as those of the text format', async () => {
    const { send } = await setup();
    const body = [
      '# TYPE c counter',
      'c_total 3',
      'c_created 1700000000',
      '# TYPE i info',
      'i_info{version="1"} 1',
      '# TYPE h histogram',
      'h_bucket{le="1.0"} 1',
      'h_bucket{le="+Inf"} 2',
      'h_count 2',
      'h_sum 3',
      '# EOF\n',
    ].join('\n');
    expect((await send('PUT', GROUP, body)).status).toBe(200);
    const { body: exposed } = await send('GET', '/metrics/pushed');
    const own = /push_(failure_)?time_seconds/;
    expect(exposed.split('\n').filter((line) => line !== '' && !own.test(line))).toEqual([
      '# TYPE c_created gauge',
      'c_created{instance="",job="j"} 1.7e+09',
      '# TYPE c_total counter',
      'c_total{instance="",job="j"} 3',
      '# TYPE h histogram',
      'h_bucket{instance="",job="j",le="1.0"} 1',
      'h_bucket{instance="",job="j",le="+Inf"} 2',
      'h_sum{instance="",job="j"} 3',
      'h_count{instance="",job="j"} 2',
      '# TYPE i_info gauge',
      'i_info{instance="",job="j",version="1"} 1',
    ]);
  });

  test('paths of others are left alone', async () => {
    const { send } = await setup();
    for (const path of ['/metrics', '/api/v1/status/buildinfo', '/api/v1/query', '/']) {
      expect(await send('GET', path)).toMatchObject({ status: 404, body: 'no push' });
    }
  });
});

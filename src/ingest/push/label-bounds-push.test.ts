import { afterEach, expect, test } from 'vitest';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { type PushServer, startPushServer } from '../../../test/support/push-server.ts';
import { writeBody } from '../../../test/support/write-body.ts';
import { noPushMetrics } from './metrics.ts';

const LONG = 'x'.repeat(20_000);
const T = 1_700_000_000_000;

let server: PushServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function setup() {
  const storage = new MemoryStorage({});
  server = await startPushServer({ storage, metrics: noPushMetrics, options: {} });
  return { storage, send: server.send };
}

test('remote write stores the others and names the series that is too large', async () => {
  const { storage, send } = await setup();
  const body = writeBody([
    [{ __name__: 'good' }, [T, 1]],
    [{ __name__: 'bad', a: LONG }, [T, 1]],
  ]);
  const answer = await send('POST', '/api/v1/write', body);
  expect(answer.status).toBe(400);
  expect(answer.body).toContain('the label a has 20000 characters, want at most 16384');
  expect(storage.samplesOf('good')).toEqual([`${T}=1`]);
});

test('text and Pushgateway pushes are refused whole', async () => {
  const { storage, send } = await setup();
  for (const path of ['/api/v1/push?job=j', '/metrics/job/j']) {
    const answer = await send('POST', path, Buffer.from(`good 1\nbad{a="${LONG}"} 1\n`));
    expect(answer.status, path).toBe(400);
    expect(answer.body).toContain('the label a has 20000 characters, want at most 16384');
  }
  expect(storage.samplesOf('good{job="j"}')).toEqual([]);
});

import { expect, onTestFinished, test } from 'vitest';
import { MemoryStorage } from '../../../../test/support/memory-storage.ts';
import { startPushServer } from '../../../../test/support/push-server.ts';
import { FakeClock } from '../../../util/index.ts';

const START_MS = 1_700_000_000_000;
const OVERDUE = 'tidegauge_job_overdue{job="backup"}';

async function setUp(storage = new MemoryStorage(), startMs = START_MS) {
  const clock = new FakeClock(startMs);
  const server = await startPushServer({ storage, clock });
  onTestFinished(() => server.close());
  const push = async (query: string, body = 'rows 3\n') => {
    const target = `/tide/v1/oneshot?job=backup&run_id=r1&${query}`;
    const { status, body: text } = await server.send('POST', target, body);
    return { status, data: status === 200 ? (JSON.parse(text) as { data: unknown }).data : text };
  };
  return { clock, storage, server, push };
}

test('a push is stored once, however often it comes, also after a restart', async () => {
  const { clock, storage, push } = await setUp();
  expect((await push('seq=0&instance=db1')).data).toEqual({
    ...{ duplicate: false, stored: 1, rejected: 0 },
  });
  await clock.advance(1000);
  const repeated = await push('seq=0&instance=db1', 'rows 4\n');
  expect(repeated.data).toEqual({ duplicate: true, stored: 0, rejected: 0 });
  expect((await push('seq=1&instance=db1', 'rows 5\n')).data).toMatchObject({ stored: 1 });
  const name = 'rows{instance="db1", job="backup"}';
  expect(storage.samplesOf(name)).toEqual([`${START_MS}=3`, `${START_MS + 1000}=5`]);
  const again = await setUp(storage.reopened(), START_MS + 2000);
  expect((await again.push('seq=1&instance=db1')).data).toMatchObject({ duplicate: true });
  expect((await again.push('seq=2&instance=db1')).data).toMatchObject({ duplicate: false });
});

test('two at the same time are one; one that fails may come again', async () => {
  const { storage, push } = await setUp();
  const both = await Promise.all([push('seq=0'), push('seq=0')]);
  const duplicates = both.filter(({ data }) => (data as { duplicate: boolean }).duplicate);
  expect(duplicates).toHaveLength(1);
  storage.commitError = Object.assign(new Error('no'), { code: 'storage_full' });
  expect((await push('seq=1')).status).toBeGreaterThanOrEqual(500);
  storage.commitError = undefined;
  expect((await push('seq=1', '!\n')).status).toBe(400);
  expect((await push('seq=1', 'other 1\n')).data).toMatchObject({ duplicate: false, stored: 1 });
});

test('a job with a schedule is overdue one and a half of it after its last run', async () => {
  const { clock, storage, push } = await setUp();
  await push('seq=0&final=true&schedule=1m');
  await clock.advance(80_000);
  expect(storage.samplesOf(OVERDUE).at(-1)).toMatch(/=0$/);
  const again = await setUp(storage.reopened(), START_MS + 80_000);
  await again.clock.advance(30_000);
  expect(again.storage.samplesOf(OVERDUE).at(-1)).toMatch(/=1$/);
  await again.push('seq=1&final=true');
  await again.clock.advance(15_000);
  expect(again.storage.samplesOf(OVERDUE).at(-1)).toMatch(/=0$/);
  await again.push('seq=2&schedule=0s');
  expect(again.storage.samplesOf(OVERDUE).at(-1)).toMatch(/=stale$/);
  await again.clock.advance(60_000);
  expect(again.clock.pending).toBeLessThan(3);
  expect(again.storage.samplesOf(OVERDUE).at(-1)).toMatch(/=stale$/);
});

test('a job that began and never ended is overdue, from its very first run', async () => {
  const { clock, storage, push } = await setUp();
  await push('seq=0&schedule=1m', 'job_start_time_seconds 1\n');
  await clock.advance(80_000);
  expect(storage.samplesOf(OVERDUE).at(-1)).toMatch(/=0$/);
  await clock.advance(30_000);
  expect(storage.samplesOf(OVERDUE).at(-1)).toMatch(/=1$/);
});

test.each([
  ['', 'seq'],
  ['seq=-1', 'seq'],
  ['seq=1.5', 'seq'],
  ['seq=0&seq=1', 'twice'],
  ['seq=0&final=yes', 'final'],
  ['seq=0&schedule=often', 'schedule'],
  ['seq=0&colour=red', 'colour'],
])('%j is refused and names what is wrong', async (query, word) => {
  const { push, storage } = await setUp();
  const { status, data } = await push(query);
  expect(status).toBe(400);
  expect(data).toMatch(word);
  expect(storage.sampleCount).toBe(0);
});

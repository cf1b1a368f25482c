import { expect, test } from 'vitest';
import { FakeClock } from '../../util/index.ts';
import { queryOptionsSchema } from '../options.ts';
import { QueryFailedError } from './errors.ts';
import type { PoolMessage, QueryAnswer, QueryRequest } from './protocol.ts';
import { createQueryPool, type QueryPool } from './query-pool.ts';
import type { QueryThread, ThreadEvents } from './query-worker-thread.ts';

/** A thread that does only what the test says. */
class FakeThread implements QueryThread {
  readonly events: ThreadEvents;
  readonly posted: PoolMessage[] = [];
  terminated = false;

  constructor(events: ThreadEvents) {
    this.events = events;
  }

  post(message: PoolMessage): void {
    this.posted.push(message);
  }

  async terminate(): Promise<void> {
    this.terminated = true;
    this.events.gone(new Error('terminated'));
  }

  get lastRun(): Extract<PoolMessage, { kind: 'run' }> {
    const runs = this.posted.filter((message) => message.kind === 'run');
    const last = runs.at(-1);
    if (last?.kind !== 'run') throw new Error('nothing was posted');
    return last;
  }

  answer(text = '{}'): void {
    const data = new TextEncoder().encode(text);
    const answer: QueryAnswer = { data, warnings: [], infos: [], stats: undefined };
    this.events.message({ kind: 'answer', id: this.lastRun.id, answer });
  }
}

interface Fixture {
  readonly pool: QueryPool;
  readonly clock: FakeClock;
  readonly threads: FakeThread[];
}

function fixture({ workers = 1, maxQueued = 2 } = {}): Fixture {
  const clock = new FakeClock();
  const threads: FakeThread[] = [];
  const pool = createQueryPool({
    options: queryOptionsSchema.parse({ workers, max_queued: maxQueued, timeout_ms: 10_000 }),
    entry: new URL('file:///none'),
    workerHandle: () => ({ message: undefined, transfer: [] }),
    clock,
    startThread: (events) => {
      const thread = new FakeThread(events);
      threads.push(thread);
      return thread;
    },
  });
  return { pool, clock, threads };
}

const UP: QueryRequest = { kind: 'instant', query: 'up', timeMs: 0 };

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof QueryFailedError)) throw new Error('it did not fail as it should');
  return error.failure;
}

test('an answer goes to the caller, and the worker takes the next request', async () => {
  const { pool, threads } = fixture();
  const first = pool.run(UP);
  const second = pool.run(UP);
  expect(pool.stats()).toMatchObject({ running: 1, queued: 1 });
  threads[0]?.answer('1');
  expect(new TextDecoder().decode((await first).data)).toBe('1');
  threads[0]?.answer('2');
  expect(new TextDecoder().decode((await second).data)).toBe('2');
  expect(threads).toHaveLength(1);
  expect(pool.stats()).toMatchObject({ running: 0, queued: 0, answered: 2 });
});

test('more than may wait are refused', async () => {
  const { pool } = fixture({ workers: 1, maxQueued: 1 });
  const waiting = [pool.run(UP), pool.run(UP)];
  expect(await failureOf(pool.run(UP))).toBe('query_queue_full');
  await pool.close();
  await Promise.allSettled(waiting);
});

test('a failure comes back with its code', async () => {
  const { pool, threads } = fixture();
  const run = pool.run(UP);
  const { id } = threads[0]!.lastRun;
  const failure = { failure: 'execution', message: 'no' };
  threads[0]?.events.message({ kind: 'failure', id, failure });
  expect(await failureOf(run)).toBe('execution');
  expect(pool.stats().failed.get('execution')).toBe(1);
});

test('queries that a limit ended are counted by which', async () => {
  const { pool, threads, clock } = fixture({ workers: 1, maxQueued: 1 });
  for (const limit of ['memory', 'memory', 'samples', 'series'] as const) {
    const run = pool.run(UP);
    const { id } = threads[0]!.lastRun;
    const failure = { failure: 'query_limit', message: 'too much', limit };
    threads[0]?.events.message({ kind: 'failure', id, failure });
    await expect(run).rejects.toMatchObject({ failure: 'query_limit', limit });
  }
  const waiting = [failureOf(pool.run(UP)), failureOf(pool.run(UP))];
  expect(await failureOf(pool.run(UP))).toBe('query_queue_full');
  await clock.advance(20_000);
  expect(await Promise.all(waiting)).toEqual(['query_timeout', 'query_timeout']);
  expect(pool.stats().limited).toEqual({ memory: 2, samples: 1, series: 1, time: 2, queue: 1 });
  await pool.close();
});

test('cancelling answers at once, tells the worker, and ends it if it does not listen', async () => {
  const { pool, threads, clock } = fixture();
  const abort = new AbortController();
  const run = pool.run(UP, abort.signal);
  abort.abort();
  expect(await failureOf(run)).toBe('query_canceled');
  const [thread] = threads;
  expect(new Int32Array(thread!.lastRun.cancelFlag)[0]).toBe(1);
  expect(thread?.posted.at(-1)).toEqual({ kind: 'cancel', id: thread?.lastRun.id });
  expect(thread?.terminated).toBe(false);
  await clock.advance(5_000);
  expect(thread?.terminated).toBe(true);
  const next = pool.run(UP);
  threads[1]?.answer();
  await next;
});

test('a request that waits too long times out without ever running', async () => {
  const { pool, threads, clock } = fixture();
  const running = pool.run(UP);
  const waiting = pool.run({ kind: 'instant', query: 'up', timeMs: 0, timeoutMs: 100 });
  const failure = failureOf(waiting);
  await clock.advance(150);
  expect(await failure).toBe('query_timeout');
  expect(threads[0]?.posted).toHaveLength(1);
  threads[0]?.answer();
  await running;
});

test('a worker that misses the deadline by far is ended', async () => {
  const { pool, threads, clock } = fixture();
  const failure = failureOf(pool.run(UP));
  await clock.advance(20_000);
  expect(await failure).toBe('query_timeout');
  expect(threads[0]?.terminated).toBe(true);
});

test('a worker that crashes fails its query alone and is replaced', async () => {
  const { pool, threads } = fixture({ workers: 2 });
  const crashing = failureOf(pool.run(UP));
  const other = pool.run(UP);
  const queued = pool.run(UP);
  threads[0]?.events.gone(new Error('out of memory'));
  expect(await crashing).toBe('worker_failed');
  expect(threads).toHaveLength(3);
  threads[2]?.answer();
  await queued;
  threads[1]?.answer();
  await other;
  expect(pool.stats().crashes).toBe(1);
});

test('closing cancels what runs and what waits', async () => {
  const { pool, threads } = fixture();
  const failures = [failureOf(pool.run(UP)), failureOf(pool.run(UP))];
  await pool.close();
  expect(await Promise.all(failures)).toEqual(['query_canceled', 'query_canceled']);
  expect(threads[0]?.terminated).toBe(true);
  expect(await failureOf(pool.run(UP))).toBe('query_canceled');
});

import { expect, onTestFinished, test } from 'vitest';
import { createLocalPool } from '../../../test/support/api-app.ts';
import { MemoryQueryable } from '../../../test/support/memory-queryable.ts';
import { QueryFailedError } from './errors.ts';
import type { QueryAnswer } from './protocol.ts';
import type { QueryPool } from './query-pool.ts';
import type { QueryTask } from './tasks.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));
const text = (data: Uint8Array): string => Buffer.from(data).toString();

function answerOf(data: string): QueryAnswer {
  return { data: bytes(data), warnings: [], infos: [], stats: undefined };
}

function poolWith(task: QueryTask, timeoutMs?: number): QueryPool {
  const options = timeoutMs === undefined ? {} : { timeout_ms: timeoutMs };
  const pool = createLocalPool(new MemoryQueryable(), options, { task });
  onTestFinished(() => pool.close());
  return pool;
}

const REQUEST = { kind: 'task', task: 'task', input: { count: 3 } } as const;

test('a task gets its input and gives an answer', async () => {
  const pool = poolWith(async (input) => answerOf(JSON.stringify(input)));
  expect(text((await pool.run(REQUEST)).data)).toBe('{"count":3}');
  await expect(pool.run({ ...REQUEST, task: 'other' })).rejects.toThrow('know no task other');
});

test('parts come in order, each when the one before has been taken', async () => {
  const sent: string[] = [];
  const pool = poolWith(async (_input, { send }) => {
    for (const part of ['a', 'b', 'c']) {
      await send(bytes(part));
      sent.push(part);
    }
    return answerOf('rest');
  });
  const seen: [string, string][] = [];
  const answer = await pool.run(REQUEST, undefined, async (part) => {
    seen.push([text(part), sent.join('')]);
    await new Promise((resolve) => setImmediate(resolve));
  });
  expect(seen).toEqual([
    ['a', ''],
    ['b', 'a'],
    ['c', 'ab'],
  ]);
  expect(text(answer.data)).toBe('rest');
});

/** The failure of a promise that must fail. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  return error instanceof QueryFailedError ? error.failure : String(error);
}

test('a receiver that fails cancels the task', async () => {
  let aborted: (reason: unknown) => void = () => undefined;
  const ended = new Promise((resolve) => {
    aborted = resolve;
  });
  const pool = poolWith(async (_input, { send, signal }) => {
    signal.addEventListener('abort', () => aborted(signal.reason));
    await send(bytes('a'));
    return answerOf('');
  });
  const run = pool.run(REQUEST, undefined, () => Promise.reject(new Error('gone')));
  expect(await failureOf(run)).toBe('query_canceled');
  expect(await ended).toMatchObject({ code: 'query_canceled' });
});

test('a receiver that takes nothing is not waited for beyond the deadline', async () => {
  const pool = poolWith(async (_input, { send }) => {
    await send(bytes('a'));
    return answerOf('');
  }, 20);
  const run = pool.run(REQUEST, undefined, () => new Promise(() => undefined));
  expect(await failureOf(run)).toBe('query_timeout');
});

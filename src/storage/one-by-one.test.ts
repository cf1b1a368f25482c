import { expect, test } from 'vitest';
import { OneByOne } from './one-by-one.ts';

test('tasks run one after another, also after one that failed', async () => {
  const tasks = new OneByOne();
  const seen: string[] = [];
  const finish: (() => void)[] = [];
  const task = (name: string) => async (): Promise<string> => {
    seen.push(`${name} begins`);
    await new Promise<void>((resolve) => finish.push(resolve));
    seen.push(`${name} ends`);
    if (name === 'b') throw new Error('b failed');
    return name;
  };
  const running = ['a', 'b', 'c'].map((name) => tasks.run(task(name)));
  const outcomes = Promise.allSettled(running);
  for (let next = 0; next < running.length; next++) {
    await expect.poll(() => finish.length).toBe(next + 1);
    finish[next]?.();
  }
  expect((await outcomes).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(tasks.pending).toBeUndefined();
});

import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

const nextLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takes a turn for each size and lists who got one, by number. */
function takeAll(turns: Turns, sizes: readonly number[]): number[] {
  const handled: number[] = [];
  for (const [index, size] of sizes.entries())
    void turns.take(size).then(() => handled.push(index));
  return handled;
}

test('small bodies share a turn', async () => {
  const handled = takeAll(new Turns(), [100, 100, 100]);
  await Promise.resolve();
  expect(handled).toEqual([0, 1, 2]);
});

test('after a large body the event loop comes first, and order is kept', async () => {
  const turns = new Turns();
  const handled = takeAll(turns, [6_000_000, 6_000_000, 10, 6_000_000]);
  await Promise.resolve();
  expect(handled).toEqual([0]);
  await nextLoop();
  expect(handled).toEqual([0, 1]);
  await nextLoop();
  expect(handled).toEqual([0, 1, 2, 3]);
});

test('an idle queue hands out turns at once', async () => {
  const turns = new Turns();
  takeAll(turns, [6_000_000]);
  await nextLoop();
  await nextLoop();
  const handled = takeAll(turns, [6_000_000]);
  await Promise.resolve();
  expect(handled).toEqual([0]);
});

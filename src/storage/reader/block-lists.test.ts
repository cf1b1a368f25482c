import { expect, test } from 'vitest';
import { PostedBlockLists } from './block-lists.ts';

function listsOf(version: number) {
  const letGo: number[] = [];
  const lists = new PostedBlockLists(version, [], {
    letGo: (each) => letGo.push(each),
    awaited() {},
  });
  return { lists, letGo };
}

test('a list that is not used is let go when the next one comes', () => {
  const { lists, letGo } = listsOf(1);
  lists.take(2, []);
  expect(letGo).toEqual([1]);
  expect(lists.lease(1)).toBeUndefined();
});

test('a list in use is kept until its last user has done', () => {
  const { lists, letGo } = listsOf(1);
  const [first, second] = [lists.lease(1), lists.lease(1)];
  lists.take(2, []);
  first?.release();
  first?.release();
  expect(letGo).toEqual([]);
  second?.release();
  expect(letGo).toEqual([1]);
  lists.lease(2)?.release();
  expect(letGo).toEqual([1]);
});

test('a list on its way is awaited, across the wrap of versions', async () => {
  const { lists } = listsOf(0xffff_ffff);
  expect(lists.lease(0)).toBeUndefined();
  const arrival = lists.arrival(0);
  expect(lists.isAwaited).toBe(true);
  lists.take(0, []);
  await arrival;
  expect(lists.isAwaited).toBe(false);
  expect(lists.lease(0)).toBeDefined();
  await lists.arrival(0xffff_ffff);
});

test('who waits when the store goes waits no longer', async () => {
  const { lists } = listsOf(1);
  const arrival = lists.arrival(5);
  lists.close();
  await arrival;
  expect(lists.isAwaited).toBe(false);
});

import { expect, test } from 'vitest';
import { KeyedState } from './keyed-state.ts';

const bytes = (value: number): Uint8Array => Uint8Array.of(value);

test('a prefix finds its keys, whether it ends a kind, an owner or in the middle of a name', () => {
  const state = new KeyedState();
  for (const [at, key] of ['a/x/1', 'a/x/2', 'a/xy/1', 'a/z', 'ab/x/1', 'b', 'a/'].entries()) {
    state.put(key, bytes(at));
  }
  const keys = (prefix: string): string[] => [...state.read(prefix).keys()].toSorted();
  expect(keys('a/x/')).toEqual(['a/x/1', 'a/x/2']);
  expect(keys('a/x')).toEqual(['a/x/1', 'a/x/2', 'a/xy/1']);
  expect(keys('a/x/2')).toEqual(['a/x/2']);
  expect(keys('a/')).toEqual(['a/', 'a/x/1', 'a/x/2', 'a/xy/1', 'a/z']);
  expect(keys('a/z')).toEqual(['a/z']);
  expect(keys('a')).toEqual(['a/', 'a/x/1', 'a/x/2', 'a/xy/1', 'a/z', 'ab/x/1']);
  expect(keys('b')).toEqual(['b']);
  expect(keys('c/')).toEqual([]);
  expect(keys('')).toHaveLength(7);
  expect(state.read('a/x/2').get('a/x/2')).toEqual(bytes(1));
});

test('what is removed is gone, and what is put again is replaced', () => {
  const state = new KeyedState();
  state.put('a/x/1', bytes(1));
  state.put('a/x/1', bytes(2));
  state.put('a/y', bytes(3));
  expect(state.entries()).toEqual([
    ['a/x/1', bytes(2)],
    ['a/y', bytes(3)],
  ]);
  for (const key of ['a/x/1', 'a/x/none', 'none/x/1', 'a/y']) state.put(key, undefined);
  expect(state.entries()).toEqual([]);
  state.put('a/x/1', bytes(4));
  expect([...state.read('a/x/')]).toEqual([['a/x/1', bytes(4)]]);
});

// All owners against all keys would be 225 million comparisons.
test('the keys of one owner are found without a look at those of the others', () => {
  const owners = 15_000;
  const state = new KeyedState();
  for (let owner = 0; owner < owners; owner++) state.put(`schema/agent-${owner}/1`, bytes(1));
  let found = 0;
  for (let owner = 0; owner < owners; owner++) found += state.read(`schema/agent-${owner}/`).size;
  expect(found).toBe(owners);
});

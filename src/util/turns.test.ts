import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

function mapOf(...names: string[]): Map<string, string> {
  return new Map(names.map((name) => [name, name]));
}

test('everything comes once in each round, some at a time', () => {
  const turns = new Turns(mapOf('a', 'b', 'c', 'd', 'e'));
  expect([turns.next(2), turns.next(2), turns.next(2)]).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  expect(turns.next(2)).toEqual(['a', 'b']);
});

test('all of it, where it is no more than a turn', () => {
  const map = mapOf('a', 'b');
  const turns = new Turns(map);
  expect(turns.next(2)).toEqual(['a', 'b']);
  expect(turns.next(2)).toEqual(['a', 'b']);
  map.clear();
  expect(turns.next(2)).toEqual([]);
});

test('what is taken out during a round is passed over, what is added comes', () => {
  const map = mapOf('a', 'b', 'c', 'd');
  const turns = new Turns(map);
  expect(turns.next(2)).toEqual(['a', 'b']);
  map.delete('c');
  map.set('e', 'e');
  expect(turns.next(2)).toEqual(['d', 'e']);
  map.delete('a');
  map.set('f', 'f');
  expect(turns.next(2)).toEqual(['f']);
});

import { expect, test } from 'vitest';
import { errorPlace, markedRange } from './error-place.ts';

test('a position in front of the message is found', () => {
  expect(errorPlace('1:5: parse error: unexpected ")"', 'sum()')).toEqual({
    line: 1,
    column: 5,
    offset: 4,
    message: 'unexpected ")"',
  });
});

test('a position behind a prefix is found', () => {
  const message = 'invalid parameter "query": 2:3: parse error: bad';
  expect(errorPlace(message, 'sum(\nxx yy)')?.offset).toBe(7);
});

test('messages without a place in this expression give null', () => {
  expect(errorPlace('query timed out', 'up')).toBeNull();
  expect(errorPlace('9:1: parse error: x', 'up')).toBeNull();
});

test('an offset beyond the text stays at its end', () => {
  expect(errorPlace('1:99: parse error: unexpected end', 'sum(')?.offset).toBe(4);
});

test('the mark covers a word, a sign, or the last character', () => {
  expect(markedRange('sum(foo)', 4)).toEqual({ from: 4, to: 7 });
  expect(markedRange('sum()', 4)).toEqual({ from: 4, to: 5 });
  expect(markedRange('sum(', 4)).toEqual({ from: 3, to: 4 });
  expect(markedRange('', 0)).toEqual({ from: 0, to: 0 });
});

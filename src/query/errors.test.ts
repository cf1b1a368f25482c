import { expect, test } from 'vitest';
import { ParseError, positionAt } from './errors.ts';

test('positions', () => {
  const text = 'a\nbc\n\nd';
  const check = (offset: number, line: number, column: number): void => {
    expect(positionAt(text, offset)).toEqual({ offset, line, column });
  };
  check(0, 1, 1);
  check(1, 1, 2);
  check(2, 2, 1);
  check(4, 2, 3);
  check(5, 3, 1);
  check(6, 4, 1);
  check(7, 4, 2);
  expect(positionAt(text, 99)).toEqual({ offset: 7, line: 4, column: 2 });
});

test('the message is that of the first problem', () => {
  const problem = (text: string, start: number) => ({
    text,
    span: { start, end: start + 1 },
    position: positionAt('a\nb', start),
  });
  const error = new ParseError([problem('first', 2), problem('second', 0)]);
  expect(error.message).toBe('2:1: parse error: first');
  expect(error.position).toEqual({ offset: 2, line: 2, column: 1 });
  expect(error.problems).toHaveLength(2);
});

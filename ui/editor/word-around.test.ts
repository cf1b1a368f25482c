import { expect, test } from 'vitest';
import { wordAround } from './word-around.ts';

test.each([
  [0, 'rate'],
  [4, 'rate'],
  [5, 'job:up'],
  [11, 'job:up'],
  [12, null],
])('at offset %i of a call', (offset, name) => {
  const line = 'rate(job:up[5m])';
  const found = wordAround(line, offset);
  expect(found === null ? null : line.slice(found.from, found.to)).toBe(name);
});

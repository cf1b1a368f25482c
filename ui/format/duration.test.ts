import { expect, test } from 'vitest';
import { formatAgo, formatDuration, parseDuration } from './duration.ts';

test.each<[string, number | null]>([
  ['15', 15],
  ['15s', 15],
  ['1h30m', 5400],
  ['0.5d', 43_200],
  ['250ms', 0.25],
  [' 2w ', 1_209_600],
  ['1h 30m', 5400],
  ['', null],
  ['0', null],
  ['-5m', null],
  ['5 apples', null],
  ['m5', null],
])('%j reads as %j seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each<[number, string]>([
  [15, '15s'],
  [5400, '1h30m'],
  [604_800, '7d'],
  [0.25, '250ms'],
  [0, '0s'],
])('%d s is written %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each<[number, string]>([
  [0, 'now'],
  [-20, 'now'],
  [-120, 'in 2 min'],
  [12, '12 s ago'],
  [200, '3 min ago'],
  [7300, '2 h ago'],
  [300_000, '3 d ago'],
])('%d s before now is %s', (seconds, text) => {
  const now = 1_700_000_000_000;
  expect(formatAgo(now - seconds * 1000, now)).toBe(text);
});

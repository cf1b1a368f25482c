import { expect, test } from 'vitest';
import { formatLocalInput, shiftedEnd, zoomedRange } from './end-time.ts';

test('a local input reads back as the same moment', () => {
  const ms = new Date(2026, 0, 2, 3, 4, 5).getTime();
  expect(formatLocalInput(ms)).toBe('2026-01-02T03:04:05');
  expect(Date.parse(formatLocalInput(ms))).toBe(ms);
});

test('the end moves by half a range and follows the clock when it catches up', () => {
  const nowMs = 1_000_000_000;
  expect(shiftedEnd({ endMs: null, rangeSeconds: 600 }, -1, nowMs)).toBe(nowMs - 300_000);
  expect(shiftedEnd({ endMs: nowMs - 300_000, rangeSeconds: 600 }, 1, nowMs)).toBeNull();
});

test('a stretch of the graph becomes whole seconds, drawn either way', () => {
  expect(zoomedRange(100.2, 160.7)).toEqual({ rangeSeconds: 61, endMs: 161_000 });
  expect(zoomedRange(160.7, 100.2)).toEqual({ rangeSeconds: 61, endMs: 161_000 });
  expect(zoomedRange(100.1, 100.2)).toEqual({ rangeSeconds: 2, endMs: 102_000 });
});

import { expect, test } from 'vitest';
import { SECOND_INCREMENTS, timeLabels, utcOffset } from './ticks.ts';

function at(day: number, hours: number, minutes: number, seconds = 0): number {
  return new Date(2026, 4, day, hours, minutes, seconds).getTime() / 1000;
}

test('the day stands under the first tick and where it changes', () => {
  expect(timeLabels([at(1, 22, 0), at(1, 23, 0), at(2, 0, 0), at(2, 1, 0)], 3600)).toEqual([
    '22:00\n1 May',
    '23:00',
    '00:00\n2 May',
    '01:00',
  ]);
});

test('seconds appear when ticks are closer than a minute', () => {
  expect(timeLabels([at(1, 9, 0, 5)], 5)).toEqual(['09:00:05\n1 May']);
  expect(timeLabels([at(1, 9, 0, 5) + 0.25], 0.25)).toEqual(['09:00:05.250\n1 May']);
});

test('ticks days apart say the day alone', () => {
  expect(timeLabels([at(1, 0, 0), at(3, 0, 0)], 172_800)).toEqual(['1 May', '3 May']);
});

test('increments of durations ascend', () => {
  const sorted = [...SECOND_INCREMENTS].sort((a, b) => a - b);
  expect(SECOND_INCREMENTS).toEqual(sorted);
  expect(new Set(sorted).size).toBe(sorted.length);
});

test('the offset from UTC reads as a clock', () => {
  expect(utcOffset(0)).toMatch(/^UTC([+−]\d\d:\d\d)?$/);
});

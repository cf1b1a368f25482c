import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a timer may be longer than those of the system, and is not over before its time', () => {
  const over = vi.fn<() => void>();
  systemClock.setTimer(60 * DAY_MS, over);
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(over).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(over).toHaveBeenCalledOnce();
});

test('it can be cancelled in every part of it', () => {
  const over = vi.fn<() => void>();
  const cancel = systemClock.setTimer(60 * DAY_MS, over);
  vi.advanceTimersByTime(50 * DAY_MS);
  cancel();
  vi.advanceTimersByTime(50 * DAY_MS);
  expect(over).not.toHaveBeenCalled();
});

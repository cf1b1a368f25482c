import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Schedule } from './schedule.ts';

describe('Schedule', () => {
  const schedule = new Schedule(10_000, 123_456_789);
  const OFFSET_MS = 6_789;

  it('has its times at an offset from the multiples of the interval', () => {
    expect(schedule.firstFrom(0)).toBe(OFFSET_MS);
    expect(schedule.firstFrom(OFFSET_MS)).toBe(OFFSET_MS);
    expect(schedule.firstFrom(OFFSET_MS + 1)).toBe(10_000 + OFFSET_MS);
  });

  it('goes on an interval later, leaves out what has passed, and follows a clock set back', () => {
    const last = 100_000 + OFFSET_MS;
    expect(schedule.next(last, last + 50)).toBe(last + 10_000);
    expect(schedule.next(last, last + 10_000)).toBe(last + 10_000);
    expect(schedule.next(last, last + 35_000)).toBe(last + 40_000);
    expect(schedule.next(last, last - 60_000)).toBe(last - 60_000);
  });

  it('stamps with the scheduled time what begins nearly then', () => {
    expect(schedule.sampleTime(1000, 1010)).toBe(1000);
    expect(schedule.sampleTime(1000, 1011)).toBe(1011);
    expect(schedule.sampleTime(1000, 999)).toBe(1000);
    expect(new Schedule(200, 0).sampleTime(1000, 1003)).toBe(1003);
  });

  it('never gives a time that has passed, nor one that is not its own', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e7 }),
        fc.nat(2 ** 31 - 1),
        fc.nat(2 ** 40),
        fc.integer({ min: -1e8, max: 1e8 }),
        (intervalMs, hash, startMs, jumpMs) => {
          const any = new Schedule(intervalMs, hash);
          const first = any.firstFrom(startMs);
          const nowMs = Math.max(0, first + jumpMs);
          const next = any.next(first, nowMs);
          expect(first).toBeGreaterThanOrEqual(startMs);
          expect(first - startMs).toBeLessThan(intervalMs);
          expect(next).toBeGreaterThanOrEqual(nowMs);
          expect(next - nowMs).toBeLessThanOrEqual(2 * intervalMs);
          expect(Math.abs((next - first) % intervalMs)).toBe(0);
        },
      ),
    );
  });
});

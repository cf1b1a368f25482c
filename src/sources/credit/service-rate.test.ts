import { expect, test } from 'vitest';
import { ServiceRate } from './service-rate.ts';

/** Bytes come at once each second and are dealt with at a pace of their own, one after another. */
function bursts(rate: ServiceRate, fromMs: number, seconds: number, costMs: number): void {
  for (let atMs = fromMs; atMs < fromMs + 1000 * seconds; atMs += 1000) {
    for (let frame = 0; frame < 100; frame++) rate.queued(atMs);
    for (let frame = 1; frame <= 100; frame++) rate.done(1000, atMs + frame * costMs);
  }
}

test('is what can be taken, not what comes', () => {
  const rate = new ServiceRate();
  expect(rate.bytesPerSecond).toBe(0);
  bursts(rate, 0, 10, 1);
  expect(rate.bytesPerSecond).toBeCloseTo(1_000_000, -5);
  bursts(rate, 10_000, 10, 8);
  expect(rate.bytesPerSecond).toBeCloseTo(125_000, -4);
  bursts(rate, 20_000, 10, 1);
  expect(rate.bytesPerSecond).toBeCloseTo(1_000_000, -5);
});

test('falls by half at most from one span to the next, and a clock set back does no harm', () => {
  const rate = new ServiceRate();
  bursts(rate, 0, 10, 1);
  rate.queued(20_000);
  rate.done(1, 30_000);
  expect(rate.bytesPerSecond).toBeCloseTo(500_000, -5);
  rate.queued(40_000);
  rate.done(1000, 10_000);
  bursts(rate, 10_000, 10, 1);
  expect(rate.bytesPerSecond).toBeCloseTo(1_000_000, -5);
});

import { expect, test } from 'vitest';
import { CreditController, SessionCredit } from './credit-controller.ts';

test('grows by a batch for each session and round trip, shrinks once for what waits', () => {
  const controller = new CreditController({
    ...{ startBytes: 100_000, minBytes: 1, batchBytes: 1000, unusedBytes: 1e9 },
  });
  controller.join(1);
  controller.join(1);
  controller.observe(10, 100, 0);
  expect(controller.windowBytes).toBe(102_000);
  controller.observe(10, 100, 50);
  expect(controller.windowBytes).toBe(102_000);
  controller.observe(80, 100, 100);
  controller.observe(80, 100, 150);
  expect(controller.windowBytes).toBeCloseTo(71_400);
  expect(controller.isCongested).toBe(true);
});

test('what waits is not held against a window that was made smaller since it came', () => {
  const controller = new CreditController({ startBytes: 400_000, unusedBytes: 1e9 });
  controller.join(1);
  for (let atMs = 0; atMs < 1000; atMs += 100) {
    controller.consumed(50_000);
    controller.observe(10, 100, atMs);
  }
  controller.observe(900, 100, 1000);
  const shrunk = controller.windowBytes;
  for (let atMs = 1100; atMs < 1900; atMs += 100) {
    controller.consumed(50_000);
    controller.observe(900, 100, atMs);
    expect(controller.windowBytes).toBeCloseTo(shrunk);
  }
  controller.observe(900, 100, 1900);
  expect(controller.windowBytes).toBeCloseTo(0.7 * shrunk);
});

test('grows beyond what may be unused only as far as it is used', () => {
  const controller = new CreditController({ startBytes: 10_000, unusedBytes: 20_000, minBytes: 1 });
  const session = new SessionCredit(controller);
  const calm = (fromMs: number, bytesPerSecond: number): void => {
    for (let atMs = fromMs; atMs < fromMs + 10_000; atMs += 100) {
      session.consume(1, bytesPerSecond / 10);
      controller.observe(0, 100, atMs);
    }
  };
  calm(0, 0);
  expect(controller.windowBytes).toBe(20_000);
  calm(10_000, 50_000);
  expect(controller.windowBytes).toBeGreaterThan(75_000);
  expect(controller.windowBytes).toBeLessThanOrEqual(102_500);
  for (let atMs = 20_000; atMs < 40_000; atMs += 100) {
    session.consume(1, 5000);
    controller.observe(500, 100, atMs);
  }
  // A tenth of a second of what comes, or the collector would have nothing to do.
  expect(controller.windowBytes).toBeCloseTo(5000);
});

test('while there is congestion, no more than a quarter of a second of what arrives is on its way', () => {
  const controller = new CreditController({ batchBytes: 2000 });
  const sessions = Array.from({ length: 100 }, () => new SessionCredit(controller));
  const round = (atMs: number, delayMs: number): void => {
    for (const session of sessions) session.consume(1, 300);
    controller.observe(delayMs, 100, atMs);
  };
  // 300 kB/s in small batches, of which a hundred sessions could grow by 200 kB in a round trip.
  for (let atMs = 0; atMs < 10_000; atMs += 100) round(atMs, 10);
  expect(controller.windowBytes).toBeGreaterThan(500_000);
  for (let atMs = 10_000; atMs < 13_000; atMs += 100) round(atMs, 300);
  let largest = 0;
  for (let atMs = 13_000; atMs < 33_000; atMs += 100) {
    // The queue is empty for a moment now and then.
    round(atMs, atMs % 1000 === 0 ? 300 : 10);
    largest = Math.max(largest, controller.windowBytes);
  }
  expect(largest).toBeLessThanOrEqual(80_000);
  for (let atMs = 33_000; atMs < 60_000; atMs += 100) round(atMs, 10);
  expect(controller.windowBytes).toBeGreaterThan(500_000);
});

test('a window in congestion is of what is taken where something waits, not of what comes', () => {
  const controller = new CreditController({ minBytes: 1 });
  controller.join(1);
  for (let atMs = 0; atMs < 20_000; atMs += 1000) {
    controller.queued(atMs);
    controller.consumed(50_000);
    controller.done(50_000, atMs + 50);
    controller.observe(atMs % 2000 === 0 ? 60 : 10, 100, atMs + 60);
  }
  expect(controller.isCongested).toBe(true);
  expect(controller.windowBytes).toBeGreaterThanOrEqual(100_000);
});

test('a window of better times is a second of what arrives at the first look at congestion', () => {
  const controller = new CreditController({ startBytes: 1_000_000, unusedBytes: 1_000_000 });
  controller.join(1);
  for (let atMs = 0; atMs <= 5000; atMs += 100) {
    controller.consumed(2000);
    controller.observe(10, 100, atMs);
  }
  expect(controller.windowBytes).toBeGreaterThan(900_000);
  controller.observe(3000, 100, 8000);
  expect(controller.windowBytes).toBeLessThanOrEqual(21_000);
});

test('never leaves its bounds', () => {
  const options = {
    startBytes: 5000,
    minBytes: 4000,
    maxBytes: 6000,
    batchBytes: 900,
    unusedBytes: 1e9,
  };
  const controller = new CreditController(options);
  for (let at = 0; at < 10; at++) controller.observe(0, 1, at);
  expect(controller.windowBytes).toBe(6000);
  for (let at = 10; at < 2000; at += 110) controller.observe(100, 1, at);
  expect(controller.windowBytes).toBe(4000);
});

test('grants are offsets that only rise, in shares by weight', () => {
  const controller = new CreditController({ startBytes: 40_000, minBytes: 1000 });
  const light = new SessionCredit(controller, 1);
  const heavy = new SessionCredit(controller, 3);
  expect(light.grant(1, false)).toBe(7500);
  expect(heavy.grant(1, false)).toBe(22_500);
  expect(light.grant(2, true)).toBe(2500);
  light.consume(1, 1000);
  expect(light.grant(1, false)).toBe(8500);
  controller.observe(500, 0, 0);
  expect(light.grant(1, false)).toBe(8500);
  light.liveIdle = true;
  heavy.close();
  expect(light.grant(2, true)).toBe(14_000);
});

test('with a queue the window follows within seconds when fewer bytes are more work', () => {
  const controller = new CreditController({ minBytes: 1, unusedBytes: 20_000 });
  controller.join(1);
  const second = (atMs: number, bytes: number, delayMs: number): void => {
    controller.queued(atMs);
    controller.done(bytes, atMs + 1000);
    controller.observe(delayMs, 100, atMs);
  };
  for (let atMs = 0; atMs < 10_000; atMs += 1000) second(atMs, 1_000_000, 100);
  expect(controller.windowBytes).toBeCloseTo(100_000);
  for (let atMs = 10_000; atMs < 14_000; atMs += 1000) second(atMs, 50_000, 100);
  expect(controller.windowBytes).toBeLessThan(30_000);
});

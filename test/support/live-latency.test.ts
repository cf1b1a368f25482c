import { expect, test } from 'vitest';
import { TickLog } from './live-latency.ts';

test('a tick counts from its own time to the answer that shows it, once', () => {
  const log = new TickLog(1000);
  log.saw('a', 7, 7_900);
  log.saw('a', 7, 8_010);
  log.saw('a', 8, 8_040);
  log.saw('a', 8, 8_050);
  log.saw('b', 8, 8_060);
  log.saw('b', 9, 9_005);
  expect(log.visibleMs).toEqual([40, 5]);
});

test('ticks that come together, or were overtaken, count as late as they were', () => {
  const log = new TickLog(1000);
  log.saw('a', 1, 1_000);
  log.saw('a', 4, 4_020);
  expect(log.visibleMs).toEqual([2020, 1020, 20]);
});

test('a tick is seen when all agents have shown it or a later one', () => {
  const log = new TickLog(1000);
  log.saw('a', 5, 5_000);
  expect(log.hasAll(5, 2)).toBe(false);
  log.saw('b', 6, 6_000);
  expect(log.hasAll(5, 2)).toBe(true);
  expect(log.hasAll(6, 2)).toBe(false);
});

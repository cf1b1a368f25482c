import { expect, test } from 'vitest';
import {
  DEFAULT_RECONNECT,
  Reconnect,
  reconnectMaxMs,
  type ReconnectOptions,
} from './reconnect.ts';
import { retryAfterMs } from './transport.ts';

const CUT = { reason: 'cut', status: 0, retryAfterMs: undefined };

function reconnect(random = 0.5, options: Partial<ReconnectOptions> = {}): Reconnect {
  return new Reconnect({ ...DEFAULT_RECONNECT, ...options, random: () => random });
}

test('a lost session comes back within the spread that the collector gave', () => {
  for (const random of [0, 0.5, 0.999]) {
    const one = reconnect(random);
    one.welcomed(4000);
    expect(one.delayAfter(CUT, true)).toBe(random * 4000);
  }
});

test('attempts that fail wait longer and longer, up to a cap, with full jitter', () => {
  const slow = reconnect(1);
  const quick = reconnect(0);
  const delays = (one: Reconnect): number[] =>
    Array.from({ length: 9 }, () => one.delayAfter(CUT, false));
  expect(delays(slow).slice(0, 4)).toEqual([250, 500, 1000, 2000]);
  expect(delays(slow).at(-1)).toBe(5000);
  expect(delays(quick)[0]).toBe(25);
});

test('however long a collector was away, it is found again within the bound', () => {
  for (const outageMs of [200, 1000, 5000, 30_000, 120_000, 3_600_000]) {
    for (const random of [0, 0.5, 0.999]) {
      const one = reconnect(random);
      one.welcomed(2000);
      let nowMs = one.delayAfter(CUT, true);
      while (nowMs < outageMs) nowMs += one.delayAfter(CUT, false);
      expect(nowMs - outageMs).toBeLessThanOrEqual(outageMs <= 1000 ? 2000 : 5000);
    }
  }
});

test('a collector on the same host is asked every second, one elsewhere every five', () => {
  for (const url of ['http://127.0.0.1:9095', 'http://localhost:1', 'https://[::1]:9095/x']) {
    expect(reconnectMaxMs(url)).toBe(1000);
  }
  for (const url of ['https://metrics.example.org', 'http://127.example.org', 'none']) {
    expect(reconnectMaxMs(url)).toBe(5000);
  }
});

test('a session that was open begins the count anew', () => {
  const one = reconnect(1);
  for (let attempt = 0; attempt < 5; attempt++) one.delayAfter(CUT, false);
  one.welcomed(1000);
  expect(one.delayAfter(CUT, false)).toBe(250);
});

test('Retry-After is waited for, and a random time after it', () => {
  const one = reconnect(0.5);
  const busy = { reason: 'busy', status: 503, retryAfterMs: 3000 };
  expect(one.delayAfter(busy, false)).toBe(3500);
  expect(retryAfterMs('2', 0)).toBe(2000);
  expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 1000)).toBe(4000);
  expect(retryAfterMs('soon', 0)).toBeUndefined();
});

test('nobody is waited for longer than ten minutes', () => {
  const one = reconnect(0.5);
  const away = { reason: 'away', status: 503, retryAfterMs: 31_536_000_000 };
  expect(one.delayAfter(away, false)).toBe(600_500);
  expect(one.delayAfterFence(Infinity)).toBe(600_500);
  one.welcomed(Number.MAX_SAFE_INTEGER);
  expect(one.delayAfter(CUT, true)).toBe(300_000);
});

test('a wrong token is not tried in a hurry', () => {
  const delayMs = reconnect(0.5).delayAfter({ ...CUT, status: 401 }, false);
  expect(delayMs).toBeGreaterThanOrEqual(30_000);
});

test('an answer that no collector gives makes it poll, and WebSocket is tried again later', () => {
  const one = reconnect();
  one.delayAfter({ ...CUT, status: 426 }, false);
  expect(one.kind).toBe('poll');
  for (let poll = 0; poll < 4; poll++) one.delayAfter(CUT, true);
  expect(one.kind).toBe('websocket');
  one.delayAfter({ ...CUT, status: 503 }, false);
  expect(one.kind).toBe('websocket');
  const fixed = reconnect(0.5, { transport: 'websocket' });
  fixed.delayAfter({ ...CUT, status: 426 }, false);
  expect(fixed.kind).toBe('websocket');
});

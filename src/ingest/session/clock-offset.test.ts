import { describe, expect, test } from 'vitest';
import { ClockOffset } from './clock-offset.ts';

const START_MS = 1_700_000_000_000;

/** An agent whose clock is `aheadMs` ahead, and a way to it that takes as long as a test says. */
class Exchange {
  readonly offset = new ClockOffset();
  nowMs = START_MS;
  aheadMs: number;
  #answer: { serverTimeMs: number; heardMs: number } | undefined;

  constructor(aheadMs: number) {
    this.aheadMs = aheadMs;
  }

  /** HELLO, and what the collector says to it. */
  begin(upMs: number, downMs: number): void {
    const clockMs = this.nowMs + this.aheadMs;
    this.nowMs += upMs;
    this.offset.begin(clockMs, this.nowMs);
    this.#answered(downMs);
  }

  /** Five seconds later a heartbeat, and the answer to it. */
  beat(upMs: number, downMs: number): void {
    this.nowMs += 5000;
    const clockMs = this.nowMs + this.aheadMs;
    const { serverTimeMs = 0, heardMs = clockMs } = this.#answer ?? {};
    this.nowMs += upMs;
    const serverAgeMs = Math.max(0, clockMs - heardMs);
    this.offset.heard({ clockMs, serverTimeMs, serverAgeMs }, this.nowMs);
    this.#answered(downMs);
  }

  #answered(downMs: number): void {
    const serverTimeMs = this.nowMs;
    this.#answer = { serverTimeMs, heardMs: this.nowMs + downMs + this.aheadMs };
  }
}

describe('ClockOffset', () => {
  test('nothing is known before anything was heard', () => {
    expect(new ClockOffset().reading).toBeUndefined();
    expect(new ClockOffset().rttMs).toBeUndefined();
  });

  test.each([0, 3000, -3000, 86_400_000])('half of a round trip is left open: %d ms', (aheadMs) => {
    const exchange = new Exchange(aheadMs);
    exchange.begin(10, 30);
    expect(exchange.offset.reading).toEqual(
      aheadMs > 0
        ? { aheadMs: aheadMs - 10, errorMs: undefined, apartMs: aheadMs - 10 }
        : undefined,
    );
    exchange.beat(10, 30);
    const { reading, rttMs } = exchange.offset;
    expect(rttMs).toBe(40);
    expect(reading).toEqual({
      ...{ aheadMs: aheadMs + 10, errorMs: 20 },
      apartMs: Math.max(0, Math.abs(aheadMs) - (aheadMs > 0 ? 10 : 30)),
    });
  });

  test('a slow way says less than a quick one before it, and nothing wrong', () => {
    const exchange = new Exchange(500);
    exchange.begin(1, 1);
    exchange.beat(1, 1);
    exchange.beat(4000, 1);
    exchange.beat(1, 9000);
    exchange.beat(0, 0);
    const { aheadMs = 0, errorMs = 0 } = exchange.offset.reading ?? {};
    expect(Math.abs(aheadMs - 500)).toBeLessThanOrEqual(errorMs);
    expect(errorMs).toBeLessThanOrEqual(1);
  });

  test('a HELLO that waited long for its turn is no clock that is behind', () => {
    const exchange = new Exchange(0);
    exchange.begin(8000, 1);
    expect(exchange.offset.reading).toBeUndefined();
  });

  test.each([7000, -7000])('a clock that is set by %d ms is known two heartbeats later', (byMs) => {
    const exchange = new Exchange(20);
    exchange.begin(5, 5);
    exchange.beat(5, 5);
    exchange.aheadMs += byMs;
    exchange.beat(5, 5);
    exchange.beat(5, 5);
    expect(exchange.offset.reading).toMatchObject({ aheadMs: 20 + byMs, errorMs: 5 });
  });

  test('an agent that tells of no answer has a lower bound only', () => {
    const offset = new ClockOffset();
    offset.begin(START_MS + 2000, START_MS + 40);
    offset.heard({ clockMs: START_MS + 9000, serverTimeMs: 0, serverAgeMs: 0 }, START_MS + 7010);
    expect(offset.reading).toEqual({ aheadMs: 1990, errorMs: undefined, apartMs: 1990 });
    expect(offset.rttMs).toBeUndefined();
  });
});

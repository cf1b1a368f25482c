import { describe, expect, test } from 'vitest';
import { type RepairGap, RepairScheduler } from './repair-scheduler.ts';

function gap(more: Partial<RepairGap> = {}): RepairGap {
  return {
    agentId: 'a',
    epoch: 1,
    stream: 1,
    from: 1,
    to: 4,
    sinceMs: 0,
    timeToEvictionMs: 60_000,
    classWeight: 1,
    inAlertWindow: false,
    ...more,
  };
}

describe('RepairScheduler', () => {
  test('waits before a gap is pulled, longer where the round trip is', () => {
    const near = new RepairScheduler();
    near.connect('a');
    expect(near.next([gap()], 249)).toBeUndefined();
    expect(near.next([gap()], 250)?.ranges).toEqual([{ from: 1, to: 4 }]);
    const far = new RepairScheduler();
    far.connect('a', 400);
    expect(far.next([gap()], 799)).toBeUndefined();
    expect(far.next([gap()], 800)).toBeDefined();
  });

  test('asks one agent one thing at a time', () => {
    const scheduler = new RepairScheduler();
    scheduler.connect('a');
    scheduler.connect('b');
    expect(scheduler.next([gap()], 1000)?.agentId).toBe('a');
    expect(scheduler.next([gap({ from: 9, to: 9 })], 1000)).toBeUndefined();
    expect(scheduler.next([gap({ agentId: 'b' })], 1000)?.agentId).toBe('b');
    scheduler.complete('a');
    expect(scheduler.next([gap()], 1000)?.agentId).toBe('a');
  });

  test('the most urgent first: near eviction, of a weighty class, waited for by an alert', () => {
    const first = (gaps: readonly RepairGap[]): number | undefined => {
      const scheduler = new RepairScheduler();
      for (const { agentId } of gaps) scheduler.connect(agentId);
      return scheduler.next(gaps, 1000)?.epoch;
    };
    const calm = gap({ epoch: 1 });
    expect(first([calm, gap({ epoch: 2, timeToEvictionMs: 30_000 })])).toBe(2);
    expect(first([calm, gap({ epoch: 2, classWeight: 4 })])).toBe(2);
    expect(first([calm, gap({ epoch: 2, inAlertWindow: true, timeToEvictionMs: 240_000 })])).toBe(
      2,
    );
  });

  test('time runs out twice as late after each failure, and after three the agent is left', () => {
    const scheduler = new RepairScheduler({ timeoutMs: 1000 });
    scheduler.connect('a');
    let nowMs = 1000;
    for (const timeoutMs of [1000, 2000, 4000]) {
      const request = scheduler.next([gap()], nowMs);
      expect(request?.timeoutMs).toBe(timeoutMs);
      expect(scheduler.expire(nowMs + timeoutMs - 1)).toEqual([]);
      nowMs += timeoutMs;
      expect(scheduler.expire(nowMs)).toEqual([request]);
    }
    expect(scheduler.idle('a')).toBe(false);
    expect(scheduler.next([gap()], nowMs)).toBeUndefined();
    scheduler.heard('a');
    expect(scheduler.next([gap()], nowMs)?.timeoutMs).toBe(1000);
  });

  test('an answer that comes bit by bit is waited for; one that stops is not', () => {
    const scheduler = new RepairScheduler({ timeoutMs: 1000 });
    scheduler.connect('a');
    const request = scheduler.next([gap()], 1000);
    for (let nowMs = 1900; nowMs <= 10_000; nowMs += 900) {
      scheduler.received('a', 100, nowMs);
      expect(scheduler.expire(nowMs + 899)).toEqual([]);
    }
    expect(scheduler.expire(12_000)).toEqual([request]);
  });

  test('a round asks for no more than there is room, answers under way included', () => {
    const scheduler = new RepairScheduler();
    const gaps = Array.from({ length: 10 }, (_unused, index) => {
      scheduler.connect(`agent-${index}`);
      return gap({ agentId: `agent-${index}`, to: 100 });
    });
    // A frame is taken to have 2 KiB before any has come.
    const first = scheduler.round(gaps, 1000, 10 * 2048);
    expect(first.map(({ ranges }) => ranges)).toEqual([[{ from: 1, to: 10 }]]);
    expect(scheduler.round(gaps, 1000, 10 * 2048)).toEqual([]);
    for (let frame = 0; frame < 3; frame++) scheduler.received('agent-0', 2048, 1000);
    const second = scheduler.round(gaps, 1000, 10 * 2048);
    expect(second.map(({ agentId, ranges }) => [agentId, ranges])).toEqual([
      ['agent-1', [{ from: 1, to: 3 }]],
    ]);
    expect(scheduler.round(gaps, 1000, 0)).toEqual([]);
    // Without a bound it is the budget that ends it.
    expect(scheduler.round(gaps, 1000).length).toBeGreaterThan(2);
  });

  test('a round looks at each gap a few times, however many agents have some', () => {
    const looks = (agents: number): number => {
      const scheduler = new RepairScheduler({ burstBytes: 1e9 });
      let count = 0;
      const gaps = Array.from({ length: agents }, (_unused, index) => {
        scheduler.connect(`agent-${index}`);
        const one = gap({ agentId: `agent-${index}` });
        return Object.defineProperty({ ...one }, 'sinceMs', {
          get: () => (count++, one.sinceMs),
        });
      });
      expect(scheduler.round(gaps, 1000)).toHaveLength(agents);
      return count / agents;
    };
    expect(looks(400)).toBeLessThan(2 * looks(20));
  });

  test('many agents at once stay within the budget', () => {
    const scheduler = new RepairScheduler({
      bytesPerSecond: 20_480,
      burstBytes: 20_480,
      requestBytes: 8192,
    });
    const gaps = Array.from({ length: 100 }, (_unused, index) =>
      gap({ agentId: `agent-${index}`, from: 1, to: 100 }),
    );
    for (const { agentId } of gaps) scheduler.connect(agentId);
    const asked = (nowMs: number): number => {
      let count = 0;
      while (scheduler.next(gaps, nowMs) !== undefined) count++;
      return count;
    };
    expect(asked(1000)).toBe(3);
    expect(asked(1100)).toBe(0);
    expect(asked(2000)).toBeGreaterThan(0);
    expect(asked(2000)).toBe(0);
  });
});

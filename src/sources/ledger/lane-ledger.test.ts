import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../util/index.ts';
import { LaneLedger } from './lane-ledger.ts';

describe('LaneLedger', () => {
  test('a lane with repairs here and there does not grow for ever', () => {
    const lane = new LaneLedger();
    for (let seq = 1; seq <= 6000; seq++) {
      lane.receive(seq, seq);
      lane.settle(seq, seq % 3 === 0);
    }
    expect(lane.counts()).toMatchObject({ durable: 6000, repaired: 2000, lost: 0 });
    expect(lane.repaired.rangeCount).toBe(256);
    const writer = new ByteWriter();
    lane.cloneFinal().encode(writer);
    expect(writer.written().length).toBeLessThan(1000);
    const loaded = LaneLedger.decode(new ByteReader(writer.written()), 0, 3);
    expect(loaded.counts()).toEqual(lane.counts());
  });

  test('a jump, a heartbeat and a repair', () => {
    const lane = new LaneLedger();
    expect(lane.receive(1, 10)).toBe(true);
    expect(lane.receive(4, 20)).toBe(true);
    expect([1, 2, 3, 4, 5].map((seq) => lane.stateOf(seq))).toEqual([
      'RECEIVED',
      'MISSING',
      'MISSING',
      'RECEIVED',
      'EXPECTED',
    ]);
    lane.settle(1, false);
    lane.settle(4, false);
    lane.heard(1, 6, 30);
    expect(lane.gaps()).toEqual([
      { from: 2, to: 3, sinceMs: 20 },
      { from: 5, to: 6, sinceMs: 30 },
    ]);
    lane.request(2, 3);
    expect(lane.stateOf(2)).toBe('REQUESTED');
    expect(lane.gaps()).toEqual([{ from: 5, to: 6, sinceMs: 30 }]);
    expect(lane.receive(2, 40)).toBe(true);
    lane.settle(2, true);
    lane.release(2, 3);
    expect([2, 3].map((seq) => lane.stateOf(seq))).toEqual(['REPAIRED', 'MISSING']);
    expect(lane.cumDurable).toBe(2);
  });

  test('what the agent does not retain any more is lost, and found again if it comes', () => {
    const lane = new LaneLedger();
    lane.heard(1, 5, 0);
    lane.heard(4, 5, 1);
    expect([1, 2, 3, 4].map((seq) => lane.stateOf(seq))).toEqual([
      'LOST',
      'LOST',
      'LOST',
      'MISSING',
    ]);
    expect(lane.lossReason(2)).toBe('EVICTED');
    expect(lane.receive(2, 2)).toBe(true);
    lane.drop(2);
    expect(lane.stateOf(2)).toBe('MISSING');
    lane.receive(2, 3);
    lane.settle(2, true);
    expect(lane.stateOf(2)).toBe('REPAIRED');
    expect(lane.lossReason(2)).toBeUndefined();
  });

  test('takes each number once', () => {
    const lane = new LaneLedger();
    lane.receive(1, 0);
    expect(lane.receive(1, 0)).toBe(false);
    lane.settle(1, false);
    expect(lane.receive(1, 0)).toBe(false);
    lane.lose(1, 1, 'EVICTED');
    expect(lane.stateOf(1)).toBe('DURABLE');
  });

  test('a state is read back; what was only received is missing again', () => {
    const lane = new LaneLedger();
    lane.heard(3, 10, 5);
    lane.receive(3, 6);
    lane.settle(3, true);
    lane.receive(4, 6);
    lane.degrade(5, 5);
    lane.reject(6);
    const writer = new ByteWriter();
    lane.encode(writer);
    const copy = LaneLedger.decode(new ByteReader(writer.written()), 50, 3);
    const states = [1, 2, 3, 4, 5, 6, 7].map((seq) => copy.stateOf(seq));
    expect(states).toEqual([
      'LOST',
      'LOST',
      'REPAIRED',
      'MISSING',
      'DEGRADED',
      'REJECTED',
      'MISSING',
    ]);
    expect(copy.gaps()[0]).toEqual({ from: 4, to: 4, sinceMs: 50 });
  });

  test('a healthy lane takes few bytes however long it runs', () => {
    const lane = new LaneLedger();
    for (let seq = 1; seq <= 100_000; seq++) {
      lane.receive(seq, seq);
      lane.settle(seq, false);
    }
    const writer = new ByteWriter();
    lane.encode(writer);
    expect(writer.length).toBeLessThan(20);
  });
});

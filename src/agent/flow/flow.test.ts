import { describe, expect, test } from 'vitest';
import {
  LANE_CONTROL,
  LANE_EVENT,
  LANE_LIVE,
  LANE_READ,
  LANE_REPAIR,
  type Lane,
} from '../../formats/tide/index.ts';
import { DegradationLadder } from './degradation-ladder.ts';
import { LaneWindows } from './lane-credit.ts';
import { type QueueName, SendQueue } from './send-queue.ts';

function queueOf(
  windows: LaneWindows,
  liveBytesMax = 1000,
): {
  push: (name: QueueName, lane: Lane, frame: string, sizeBytes?: number) => void;
  sent: () => string[];
  queue: SendQueue<string>;
} {
  const queue = new SendQueue<string>(windows, liveBytesMax);
  return {
    queue,
    push: (name, lane, frame, sizeBytes = 100) =>
      queue.push(name, { lane, sizeBytes, queuedMs: 0, frame }),
    sent() {
      const frames: string[] = [];
      for (let frame = queue.next(); frame !== undefined; frame = queue.next()) frames.push(frame);
      return frames;
    },
  };
}

const ALL = [LANE_EVENT, LANE_LIVE, LANE_REPAIR, LANE_READ] as const;

describe('SendQueue', () => {
  test('event before live before control before repair before read; schemas before all', () => {
    const windows = new LaneWindows();
    windows.grant(ALL.map((lane) => ({ lane, offsetBytes: 10_000 })));
    const { push, sent } = queueOf(windows);
    push('read', LANE_READ, 'read');
    push('repair', LANE_REPAIR, 'repair');
    push('control', LANE_CONTROL, 'heartbeat');
    push('live', LANE_LIVE, 'live');
    push('event', LANE_EVENT, 'event');
    push('schema', LANE_LIVE, 'schema');
    expect(sent()).toEqual(['schema', 'event', 'live', 'heartbeat', 'repair', 'read']);
  });

  test('a lane without credit waits and holds no other back', () => {
    const windows = new LaneWindows();
    windows.grant([{ lane: LANE_REPAIR, offsetBytes: 150 }]);
    const { push, sent } = queueOf(windows);
    push('live', LANE_LIVE, 'live');
    for (const frame of ['one', 'two', 'three']) push('repair', LANE_REPAIR, frame);
    push('control', LANE_CONTROL, 'heartbeat');
    expect(sent()).toEqual(['heartbeat', 'one', 'two']);
    // An old grant changes nothing; a newer one is an offset, not an increment.
    windows.grant([{ lane: LANE_REPAIR, offsetBytes: 100 }]);
    expect(sent()).toEqual([]);
    windows.grant([{ lane: LANE_LIVE, offsetBytes: 1 }]);
    expect(sent()).toEqual(['live']);
    windows.grant([{ lane: LANE_REPAIR, offsetBytes: 201 }]);
    expect(sent()).toEqual(['three']);
  });

  test('what is live is bounded: the oldest is left to repair', () => {
    const { push, queue } = queueOf(new LaneWindows(), 250);
    for (const frame of ['one', 'two', 'three']) push('live', LANE_LIVE, frame);
    expect(queue.deferredCount).toBe(1);
    expect(queue.queuedBytes('live')).toBe(200);
    expect(queue.liveDelayMs(70)).toBe(70);
  });
});

describe('DegradationLadder', () => {
  test('defers before it drops, and comes back slower than it went', () => {
    const ladder = new DegradationLadder({ delayMs: 100, holdMs: 10, calmMs: 50 });
    const steps: string[] = [];
    for (let nowMs = 0; nowMs <= 100; nowMs += 10) steps.push(ladder.observe(200, 'NONE', nowMs));
    expect(steps.slice(0, 3)).toEqual(['NORMAL', 'LONGER_LINGER', 'STRONGER_COMPRESSION']);
    expect(ladder.step).toBe('RING_ONLY');
    expect(ladder.reached('SHED')).toBe(false);
    expect(ladder.observe(0, 'CPU', 110)).toBe('SHED');
    expect(ladder.observe(0, 'CPU', 120)).toBe('SHED_MORE');
    expect(ladder.observe(0, 'CPU', 500)).toBe('SHED_MORE');
    ladder.observe(0, 'NONE', 510);
    expect(ladder.observe(0, 'NONE', 550)).toBe('SHED_MORE');
    expect(ladder.observe(0, 'NONE', 560)).toBe('SHED');
    expect(ladder.stepIndex).toBe(6);
    ladder.observe(0, 'RING', 570);
    ladder.reconnected();
    expect(ladder.step).toBe('SHED');
    ladder.observe(0, 'NONE', 580);
    ladder.reconnected();
    expect(ladder.step).toBe('NORMAL');
    expect(ladder.observe(200, 'NONE', 590)).toBe('NORMAL');
    expect(ladder.observe(200, 'NONE', 600)).toBe('LONGER_LINGER');
    const full = new DegradationLadder({ delayMs: 100, holdMs: 10, calmMs: 50 });
    for (let nowMs = 0; nowMs <= 200; nowMs += 10) full.observe(0, 'RING', nowMs);
    expect(full.step).toBe('SHED');
  });
});

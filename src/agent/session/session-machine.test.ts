import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import type { PullRange } from '../../formats/tide/index.ts';
import { welcomeMessage } from '../../../test/support/tide-messages.ts';
import { AgentRing } from '../ring/agent-ring.ts';
import { SessionMachine } from './session-machine.ts';
import type { AgentMessage } from './session-output.ts';

const RING = {
  epoch: 100,
  memoryBytes: 100_000,
  diskBytes: 100_000,
  segmentBytes: 10_000,
  maxAgeMs: 1_000_000,
};

async function machineOf(
  memoryBytes = 100_000,
  disk?: Parameters<typeof AgentRing.open>[1],
): Promise<{ machine: SessionMachine; ring: AgentRing; sent: () => string[] }> {
  const ring = await AgentRing.open({ ...RING, memoryBytes }, disk);
  const machine = new SessionMachine({
    epoch: 100,
    ring,
    heartbeatMs: 1000,
    liveBytesMax: 10_000,
    introduction: () => ({
      agentId: 'a',
      nonce: 1,
      agentVersion: '0',
      bootReason: 'START',
      codecs: [0],
      capabilities: [],
      schemaVersion: 1,
      schemaHash: { low: 0, high: 0 },
      policyVersion: 0,
      groups: [],
    }),
    condition: () => ({
      ticks: [],
      counters: { scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 },
      cpuMs: 0,
      rssBytes: 0,
      leases: [],
      policyHash: { low: 0, high: 0 },
    }),
  });
  return { machine, ring, sent: () => machine.take().map(describeOutput) };
}

function describeOutput(output: ReturnType<SessionMachine['take']>[number]): string {
  if (output.kind === 'READ_RING') return `read ${output.seq}`;
  if (output.kind !== 'SEND') return output.kind;
  const { message } = output;
  if (message.type === 'RANGE_DATA') return `again ${message.sealed.seq}`;
  if (message.type === 'RANGE_GONE') {
    return `${message.reason} ${message.ranges.map(({ from, to }) => `${from}-${to}`).join()}`;
  }
  return 'seq' in message ? `${message.type} ${message.seq}` : message.type;
}

function batch(machine: SessionMachine, nowMs = 0, type: 'BATCH' | 'SCHEMA' = 'BATCH'): void {
  machine.seal({ type, stream: 1, codec: 0, payload: new Uint8Array(50) }, nowMs);
}

function pull(from: number, to: number): PullRange {
  const ranges = [{ from, to }];
  const budget = { budgetBytes: 10_000, timeoutMs: 500 };
  return { type: 'PULL_RANGE', requestId: 1, epoch: 100, stream: 1, ranges, ...budget };
}

describe('SessionMachine of the agent', () => {
  test('time in which the process stood still is no silence of the collector', async () => {
    const { machine, sent } = await machineOf();
    machine.tick(0);
    machine.connected(0);
    machine.receive(welcomeMessage(), 10);
    machine.tick(250);
    machine.tick(60_000);
    expect(sent()).not.toContain('CLOSE');
    for (let nowMs = 60_250; nowMs <= 80_000; nowMs += 250) machine.tick(nowMs);
    expect(sent()).toContain('CLOSE');
  });

  test('heartbeats and the watch for silence go on when the clock is set back', async () => {
    const { machine, sent } = await machineOf();
    machine.connected(9_000_000);
    machine.receive(welcomeMessage(), 9_000_000);
    machine.tick(9_000_250);
    sent();
    const all: string[] = [];
    for (let nowMs = 1000; nowMs <= 8000; nowMs += 250) {
      machine.tick(nowMs);
      all.push(...sent());
      if (nowMs === 3000) expect(all.filter((one) => one === 'HEARTBEAT')).not.toHaveLength(0);
    }
    expect(all).toContain('CLOSE');
  });

  test('sends nothing but HELLO before WELCOME, then schema, then what is fresh', async () => {
    const { machine, sent } = await machineOf();
    batch(machine, 0, 'SCHEMA');
    batch(machine);
    machine.connected(0);
    batch(machine);
    expect(sent()).toEqual(['HELLO']);
    machine.receive(welcomeMessage(), 1);
    batch(machine);
    // Number 2 was sealed before HELLO: it waits for the collector to pull it.
    expect(sent()).toEqual(['WELCOMED', 'SCHEMA 1', 'BATCH 3', 'BATCH 4']);
  });

  test('answers a pull from the ring, and says what is gone', async () => {
    const { machine, ring, sent } = await machineOf(250);
    for (let seq = 1; seq <= 5; seq++) batch(machine);
    machine.connected(0);
    machine.receive(welcomeMessage(), 1);
    sent();
    expect(ring.extents()[1]).toEqual({ stream: 1, firstRetained: 3, lastSeq: 5 });
    machine.receive(pull(1, 7), 2);
    const answers: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      for (const output of machine.take()) {
        answers.push(describeOutput(output));
        if (output.kind !== 'READ_RING') continue;
        const { requestId, seq, stream } = output;
        machine.ringRead({ requestId, seq }, seq === 4 ? undefined : ring.inMemory(stream, seq), 3);
      }
    }
    expect(answers).toEqual([
      'read 3',
      'read 4',
      'again 3',
      'read 5',
      'again 5',
      'EVICTED 1-2',
      'NEVER_SEALED 6-7',
      'DAMAGED 4-4',
    ]);
  });

  test('answers for an epoch before by number and nonce, and sends nothing of another', async () => {
    const disk = { fileSystem: new MemoryFileSystem(), directory: 'ring' };
    const before = await AgentRing.open({ ...RING, epoch: 90, nonce: 5 }, disk);
    for (const type of ['SCHEMA', 'BATCH'] as const) {
      const seq = type === 'SCHEMA' ? 1 : 2;
      const sealed = { type, stream: 1, codec: 0, payload: new Uint8Array(9) } as const;
      before.append({ ...sealed, epoch: 90, seq }, 1);
    }
    await before.close(1);
    const { machine, sent } = await machineOf(1000, disk);
    machine.connected(0);
    const credit = [{ lane: 2 as const, offsetBytes: 10_000 }];
    machine.receive(welcomeMessage({ credit }), 1);
    sent();
    machine.receive({ ...pull(1, 2), epoch: 90, nonce: 6 }, 2);
    expect(sent()).toEqual(['NEVER_SEALED 1-2']);
    // The collector does not know the nonce: the number has to do.
    machine.receive({ ...pull(2, 2), epoch: 90 }, 3);
    expect(sent()).toEqual(['read 2', 'again 1']);
    machine.receive({ ...pull(2, 2), epoch: 90, nonce: 5 }, 4);
    expect(sent()).toEqual(['read 2']);
  });

  test('a pull that takes too long ends with what is left', async () => {
    const { machine, sent } = await machineOf();
    for (let seq = 1; seq <= 3; seq++) batch(machine);
    machine.connected(0);
    machine.receive(welcomeMessage(), 1);
    machine.receive(pull(1, 3), 2);
    expect(sent().at(-1)).toBe('read 1');
    machine.ringRead({ requestId: 1, seq: 1 }, undefined, 600);
    expect(sent()).toEqual(['DAMAGED 1-1', 'DEADLINE 2-3']);
  });

  test('a new pull takes the place of the one before: nothing is sent for both', async () => {
    const { machine, ring, sent } = await machineOf();
    batch(machine, 0, 'SCHEMA');
    for (let seq = 2; seq <= 4; seq++) batch(machine);
    machine.connected(0);
    machine.receive(welcomeMessage({ schemaVersion: 1, credit: [] }), 1);
    sent();
    const answer = (requestId: number): string[] => {
      const said: string[] = [];
      for (let outputs = machine.take(); outputs.length > 0; outputs = machine.take()) {
        for (const output of outputs) {
          if (output.kind !== 'READ_RING') said.push(describeOutput(output));
          else {
            const { seq, stream } = output;
            machine.ringRead({ requestId, seq }, ring.inMemory(stream, seq), 3);
          }
        }
      }
      return said;
    };
    machine.receive(pull(2, 4), 2);
    expect(answer(1)).toEqual([]);
    machine.receive({ ...pull(2, 3), requestId: 2 }, 2600);
    expect(answer(2)).toEqual([]);
    const credit = [{ lane: 2 as const, offsetBytes: 10_000 }];
    const rest = { queueDelayMs: 0, serverTimeMs: 0, echoMs: 0, rejections: [] };
    machine.receive({ type: 'ACK', streams: [], credit, ...rest }, 2601);
    expect(answer(2)).toEqual(['again 2', 'again 3']);
  });

  test('without credit it seals into the ring, and says once for each offset that it waits', async () => {
    const { machine, ring, sent } = await machineOf();
    machine.connected(0);
    machine.receive(welcomeMessage({ credit: [] }), 1);
    sent();
    batch(machine);
    expect(sent()).toEqual(['BLOCKED']);
    batch(machine);
    expect(sent()).toEqual([]);
    expect(machine.liveDelayMs(500)).toBe(500);
    expect(ring.extents()[1]?.lastSeq).toBe(2);
    const rest = { queueDelayMs: 0, serverTimeMs: 0, echoMs: 0, rejections: [] };
    const granted = (offsetBytes: number): string[] => {
      const credit = [{ lane: 1 as const, offsetBytes }];
      machine.receive({ type: 'ACK', streams: [], credit, ...rest }, 600);
      return sent();
    };
    expect(granted(1)).toEqual(['BATCH 1', 'BLOCKED']);
    expect(granted(2)).toEqual(['BLOCKED']);
    expect(granted(2)).toEqual([]);
    expect(machine.isBlocked).toBe(true);
    expect(granted(1000)).toEqual(['BATCH 2', 'UNBLOCKED']);
    expect(granted(1000)).toEqual([]);
    batch(machine);
    expect(sent()).toEqual(['BATCH 3']);
    machine.disconnected();
    machine.connected(700);
    machine.receive(welcomeMessage({ credit: [] }), 701);
    sent();
    batch(machine);
    expect(sent()).toEqual(['BLOCKED']);
    machine.disconnected();
    expect(machine.isBlocked).toBe(false);
    expect(sent()).toEqual([]);
  });

  test('heartbeats, and notices that nobody answers', async () => {
    const { machine, sent } = await machineOf();
    machine.connected(0);
    machine.receive(welcomeMessage(), 0);
    sent();
    machine.tick(999);
    expect(sent()).toEqual([]);
    machine.tick(1000);
    machine.tick(2000);
    expect(sent()).toEqual(['HEARTBEAT', 'HEARTBEAT']);
    machine.tick(2501);
    expect(sent()).toEqual(['CLOSE']);
    expect(machine.phase).toBe('CLOSED');
  });

  test('heartbeats tell what was heard of the clock of the collector, and when', async () => {
    const { machine } = await machineOf();
    const messages = (): AgentMessage[] =>
      machine.take().flatMap((output) => (output.kind === 'SEND' ? [output.message] : []));
    machine.connected(100);
    machine.receive(welcomeMessage({ serverTimeMs: 5000 }), 110);
    machine.tick(1110);
    const marks = { streams: [], credit: [], queueDelayMs: 0, rejections: [] };
    machine.receive({ type: 'ACK', ...marks, serverTimeMs: 6005, echoMs: 1110 }, 1120);
    machine.tick(2110);
    const told = messages()
      .filter((message) => message.type === 'HEARTBEAT')
      .map(({ serverTimeMs, serverAgeMs }) => [serverTimeMs, serverAgeMs]);
    expect(told).toEqual([
      [5000, 1000],
      [6005, 990],
    ]);
    // What was heard before this clock was set back, or over another connection, tells nothing.
    machine.tick(1500);
    machine.tick(2500);
    machine.disconnected();
    machine.connected(3000);
    machine.receive(welcomeMessage({ serverTimeMs: 0 }), 3000);
    machine.tick(4000);
    const later = messages().filter((message) => message.type === 'HEARTBEAT');
    expect(later.map(({ serverTimeMs }) => serverTimeMs)).toEqual([0, 0]);
  });

  test('BYE goes behind what is queued', async () => {
    const { machine, sent } = await machineOf();
    machine.connected(0);
    machine.receive(welcomeMessage({ credit: [] }), 0);
    batch(machine);
    sent();
    machine.leave('DONE');
    expect(sent()).toEqual([]);
    const credit = [{ lane: 1 as const, offsetBytes: 1000 }];
    const rest = { queueDelayMs: 0, serverTimeMs: 0, echoMs: 0, rejections: [] };
    machine.receive({ type: 'ACK', streams: [], credit, ...rest }, 1);
    expect(sent()).toEqual(['BATCH 1', 'BYE', 'CLOSE']);
  });

  test('BYE can be said before what is queued, for which there is no credit', async () => {
    const { machine, sent } = await machineOf();
    machine.connected(0);
    machine.receive(welcomeMessage({ credit: [] }), 0);
    batch(machine);
    sent();
    machine.leaveNow();
    expect(sent()).toEqual([]);
    machine.leave('DONE');
    machine.tick(2000);
    expect(sent()).toEqual([]);
    machine.leaveNow();
    expect(sent()).toEqual(['BYE', 'CLOSE']);
  });

  test('BYE waits for the collector to pull what it lacks, but not for long', async () => {
    const leaving = async (): Promise<Awaited<ReturnType<typeof machineOf>>> => {
      const all = await machineOf();
      batch(all.machine);
      all.machine.connected(0);
      const streams = [
        { stream: 1 as const, cumReceived: 0, cumDurable: 0, sack: [], missing: [] },
      ];
      all.machine.receive(welcomeMessage({ streams }), 1);
      all.sent();
      all.machine.leave('DONE');
      expect(all.sent()).toEqual([]);
      return all;
    };
    const { machine, sent, ring } = await leaving();
    machine.receive(pull(1, 1), 300);
    expect(sent()).toEqual(['read 1']);
    machine.ringRead({ requestId: 1, seq: 1 }, ring.inMemory(1, 1), 301);
    expect(sent()).toEqual(['again 1']);
    const marks = { stream: 1 as const, cumReceived: 1, cumDurable: 1, sack: [], missing: [] };
    const rest = { credit: [], queueDelayMs: 0, serverTimeMs: 0, echoMs: 0, rejections: [] };
    machine.receive({ type: 'ACK', streams: [marks], ...rest }, 310);
    // It may have more to ask for.
    expect(sent()).toEqual([]);
    machine.tick(600);
    expect(sent()).toEqual(['BYE', 'CLOSE']);
    const other = await leaving();
    other.machine.tick(1999);
    expect(other.sent()).toEqual([]);
    other.machine.tick(2001);
    expect(other.sent()).toEqual(['BYE', 'CLOSE']);
  });

  test('fenced for good, it never says HELLO again', async () => {
    const { machine, sent } = await machineOf();
    machine.connected(0);
    const fence = { message: 'a later one runs', currentEpoch: 101, retryAfterMs: undefined };
    machine.receive({ type: 'FENCE', reason: 'SUPERSEDED', ...fence }, 1);
    machine.connected(2);
    batch(machine);
    expect(sent()).toEqual(['HELLO', 'CLOSE']);
    expect(machine.phase).toBe('FENCED');
  });
});

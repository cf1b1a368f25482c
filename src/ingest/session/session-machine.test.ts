import { describe, expect, test } from 'vitest';
import type { CoverageEntry, Sealed } from '../../formats/tide/index.ts';
import {
  fullTick,
  heartbeatMessage,
  helloMessage,
  liveExtent,
  sealedBatch,
  welcomeMessage,
} from '../../../test/support/tide-messages.ts';
import { SessionMachine } from './session-machine.ts';
import type { SealedContent, SessionOutput } from './session-output.ts';

const EPOCH = 100;

/** A batch covers the tick of its number, unless its payload begins with 255. */
function open(sealed: Sealed): SealedContent<null> {
  if (sealed.payload[0] === 255) throw new Error('not a batch');
  if (sealed.type === 'SCHEMA') {
    const change = { version: 1, series: [], tombstones: [], hash: { low: 0, high: 0 } };
    return { kind: 'SCHEMA', change };
  }
  const coverage: CoverageEntry[] = [fullTick(sealed.payload[0] ?? 0)];
  return { kind: 'BATCH', head: { schemaVersion: 0, policyVersion: 0, coverage }, body: null };
}

function newMachine(): SessionMachine<null> {
  return new SessionMachine<null>({ open, heartbeatMs: 1000, reconnectSpreadMs: 0, runId: 'r' });
}

function say(output: SessionOutput<null>): string {
  switch (output.kind) {
    case 'SEND': {
      const { message } = output;
      const reason = message.type === 'FENCE' ? ` ${message.reason}` : '';
      return `${output.connection} ${message.type}${reason}`;
    }
    case 'CLOSE':
      return `${output.connection} closed`;
    case 'APPLY':
      return `apply ${output.frames.map(({ sealed }) => sealed.seq).join()}`;
    case 'UP':
      return `up ${output.up}`;
    default:
      return output.kind;
  }
}

/** What came when a connection was opened. */
const opened = new WeakMap<SessionMachine<null>, SessionOutput<null>[]>();

function take(machine: SessionMachine<null>): SessionOutput<null>[] {
  const outputs = [...(opened.get(machine) ?? []), ...machine.take()];
  opened.delete(machine);
  return outputs;
}

/** Says of each state that somebody waits for whether it is stored; gives the other outputs. */
function persist(machine: SessionMachine<null>, isStored: boolean): SessionOutput<null>[] {
  const others: SessionOutput<null>[] = [];
  for (const output of take(machine)) {
    if (output.kind !== 'PERSIST' || output.token === undefined) others.push(output);
    else machine.persisted(output.agentId, output.token, isStored, 0);
  }
  return others;
}

function taken(machine: SessionMachine<null>): string[] {
  return take(machine).map(say);
}

/** Lets everything that waits be stored. */
function storeAll(machine: SessionMachine<null>, nowMs: number): string[] {
  const said: string[] = [];
  for (let turn = 0; turn < 10; turn++) {
    for (const output of take(machine)) {
      said.push(say(output));
      if (output.kind !== 'APPLY') continue;
      machine.applied(output.agentId, output.token, { stored: true }, nowMs);
    }
  }
  return said;
}

function connect(
  machine: SessionMachine<null>,
  connection: number,
  epoch: number,
  nonce = 7,
): void {
  machine.connected(connection);
  machine.receive(connection, { epoch, message: helloMessage({ nonce }) }, 0);
  opened.set(machine, persist(machine, true));
}

function frame(seq: number, more: Partial<Sealed> = {}): { epoch: number; message: Sealed } {
  return { epoch: EPOCH, message: sealedBatch(seq, more) };
}

describe('SessionMachine of the collector', () => {
  test('an agent that floods keeps no other waiting: each has one write at a time', () => {
    const head = { schemaVersion: 0, policyVersion: 0, coverage: [] };
    const machine = new SessionMachine<null>({
      open: () => ({ kind: 'BATCH', head, body: null }),
      ...{ heartbeatMs: 1000, reconnectSpreadMs: 0, runId: 'r' },
    });
    connect(machine, 1, EPOCH);
    machine.take();
    machine.connected(2);
    machine.receive(2, { epoch: EPOCH, message: helloMessage({ agentId: 'b' }) }, 0);
    persist(machine, true);
    for (let seq = 1; seq <= 1000; seq++) machine.receive(1, frame(seq), 10);
    machine.receive(2, frame(1), 11);
    const writes = (): (readonly [string, number, number])[] =>
      machine.take().flatMap((output) => {
        if (output.kind !== 'APPLY') return [];
        return [[output.agentId, output.frames.length, output.token] as const];
      });
    const first = writes();
    expect(first.map(([agentId, count]) => [agentId, count])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    const turns: string[] = [];
    let under = first;
    // Whenever both have something, both are being written; a write has at most 256 frames.
    for (let seq = 2; under.length > 0 && seq < 20; seq++) {
      for (const [agentId, , token] of under) {
        machine.applied(agentId, token, { stored: true }, 10 + seq);
      }
      if (seq <= 4) machine.receive(2, frame(seq), 10 + seq);
      under = writes();
      turns.push(under.map(([agentId, count]) => `${agentId} ${count}`).join(', '));
    }
    expect(turns).toEqual(['a 256, b 1', 'a 256, b 1', 'a 256, b 1', 'a 231', '']);
  });

  test('live batches share an ACK while credit is there; a heartbeat is answered at once', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 10);
    expect(storeAll(machine, 11)).toContain('1 ACK');
    machine.receive(1, frame(2), 1000);
    expect(storeAll(machine, 1001)).toEqual(['apply 2']);
    machine.tick(1100);
    expect(taken(machine)).not.toContain('1 ACK');
    machine.receive(1, { epoch: EPOCH, message: heartbeatMessage() }, 1200);
    expect(taken(machine)).toContain('1 ACK');
    machine.receive(1, frame(3), 1300);
    expect(storeAll(machine, 1301)).toEqual(['apply 3']);
    machine.tick(7100);
    expect(taken(machine)).not.toContain('1 ACK');
    machine.tick(7200);
    expect(taken(machine)).toContain('1 ACK');
    machine.tick(7300);
    expect(taken(machine)).not.toContain('1 ACK');
  });

  test('all that was on its way when a heartbeat came is told of as soon as it is stored', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 10);
    expect(storeAll(machine, 11)).toContain('1 ACK');
    machine.receive(1, frame(2), 20);
    const first = take(machine);
    machine.receive(1, frame(3), 21);
    machine.receive(1, { epoch: EPOCH, message: heartbeatMessage() }, 22);
    expect(taken(machine)).toEqual(['1 ACK']);
    for (const output of first) {
      if (output.kind !== 'APPLY') continue;
      machine.applied(output.agentId, output.token, { stored: true }, 23);
    }
    expect(storeAll(machine, 24)).toEqual(['1 ACK', 'apply 3', '1 ACK']);
    machine.receive(1, frame(4), 25);
    expect(storeAll(machine, 26)).toEqual(['apply 4']);
  });

  test('time in which it stood still, or did not read, is no silence of an agent', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.tick(100);
    machine.tick(10_000);
    expect(taken(machine)).not.toContain('1 closed');
    for (const nowMs of [11_000, 12_000, 13_000]) {
      machine.unread(1, nowMs);
      machine.tick(nowMs);
    }
    expect(taken(machine)).not.toContain('1 closed');
    for (const nowMs of [14_000, 15_000, 15_600]) machine.tick(nowMs);
    expect(taken(machine)).toContain('1 closed');
  });

  test('stores each frame once, whatever its way', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    expect(taken(machine)).toEqual(['HELLO', 'up 1', '1 WELCOME']);
    machine.receive(1, frame(1), 10);
    machine.receive(1, frame(1), 10);
    expect(storeAll(machine, 11)).toEqual(['apply 1', '1 ACK']);
    machine.receive(1, frame(1), 12);
    const again = { type: 'RANGE_DATA', requestId: 9, sealed: sealedBatch(1) } as const;
    machine.receive(1, { epoch: EPOCH, message: again }, 12);
    expect(storeAll(machine, 13)).toEqual([]);
    expect(machine.duplicateCount('a')).toBe(3);
  });

  test('pulls what a jump or a heartbeat shows to be missing, behind what is live', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(3), 10);
    machine.receive(
      1,
      { epoch: EPOCH, message: heartbeatMessage({ streams: liveExtent(2, 5) }) },
      20,
    );
    storeAll(machine, 20);
    const lane = machine.ledger('a')?.epoch(EPOCH)?.lane(1);
    expect([1, 2, 3, 4].map((seq) => lane?.stateOf(seq))).toEqual([
      'LOST',
      'MISSING',
      'DURABLE',
      'MISSING',
    ]);
    machine.tick(300);
    const pull = take(machine).find(
      (each) => each.kind === 'SEND' && each.message.type === 'PULL_RANGE',
    );
    expect(pull).toMatchObject({
      message: {
        stream: 1,
        epoch: EPOCH,
        ranges: [
          { from: 2, to: 2 },
          { from: 4, to: 5 },
        ],
      },
    });
    for (const seq of [2, 4]) {
      const message = { type: 'RANGE_DATA', requestId: 1, sealed: sealedBatch(seq) } as const;
      machine.receive(1, { epoch: EPOCH, message }, 310);
    }
    const gone = { type: 'RANGE_GONE', requestId: 1, epoch: EPOCH, stream: 1 } as const;
    const ranges = [{ from: 5, to: 5 }];
    machine.receive(1, { epoch: EPOCH, message: { ...gone, ranges, reason: 'DAMAGED' } }, 320);
    storeAll(machine, 320);
    expect([2, 4, 5].map((seq) => lane?.stateOf(seq))).toEqual(['REPAIRED', 'REPAIRED', 'LOST']);
  });

  test('a failed write is forgotten and pulled again', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 0);
    const apply = take(machine).find((output) => output.kind === 'APPLY');
    expect(apply?.kind).toBe('APPLY');
    machine.applied('a', 1, { stored: false }, 5);
    const lane = machine.ledger('a')?.epoch(EPOCH)?.lane(1);
    expect(lane?.stateOf(1)).toBe('MISSING');
    machine.tick(300);
    expect(taken(machine)).toContain('1 PULL_RANGE');
  });

  test('nothing is pulled while what came waits for long', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 0);
    machine.receive(1, frame(3), 0);
    const outputs = take(machine);
    machine.tick(1500);
    expect(taken(machine)).not.toContain('1 PULL_RANGE');
    for (const output of outputs) {
      if (output.kind === 'APPLY') machine.applied('a', output.token, { stored: true }, 1500);
    }
    storeAll(machine, 1500);
    machine.tick(1700);
    expect(taken(machine)).toContain('1 PULL_RANGE');
  });

  test('a schema that could not be stored ends the session, as the next begins with it', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1, { type: 'SCHEMA' }), 0);
    const apply = take(machine).find((output) => output.kind === 'APPLY');
    machine.applied('a', apply?.token ?? 0, { stored: false }, 5);
    expect(taken(machine)).toEqual(['1 closed', 'up 0']);
    expect(machine.ledger('a')?.epoch(EPOCH)?.lane(1).stateOf(1)).toBe('MISSING');
  });

  test('a higher epoch wins at once; a lower one is fenced', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    taken(machine);
    connect(machine, 2, EPOCH + 1, 8);
    expect(taken(machine).slice(0, 3)).toEqual(['1 FENCE SUPERSEDED', '1 closed', 'up 0']);
    machine.receive(1, frame(1), 5);
    connect(machine, 3, EPOCH);
    expect(taken(machine)).toEqual(['3 FENCE SUPERSEDED', '3 closed']);
    expect(machine.ledger('a')?.epoch(EPOCH)?.lane(1).lastSeq).toBe(0);
  });

  test('a clone is fenced and told of, the first goes on', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH, 7);
    taken(machine);
    connect(machine, 2, EPOCH, 8);
    expect(taken(machine)).toEqual(['ALARM', '2 FENCE CLONED', '2 closed']);
    machine.receive(1, frame(1), 1);
    expect(storeAll(machine, 2)).toEqual(['apply 1', '1 ACK']);
  });

  test('the same process on another connection takes its session over', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    taken(machine);
    connect(machine, 2, EPOCH);
    expect(taken(machine)).toEqual(['1 closed', 'up 0', '2 WELCOME', 'HELLO', 'up 1']);
    machine.receive(1, frame(1), 1);
    machine.disconnected(1, 1);
    expect(taken(machine)).toEqual([]);
  });

  test('up falls with the connection at once, and with silence after 2.5 heartbeats', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    taken(machine);
    machine.disconnected(1, 5);
    expect(taken(machine)).toEqual(['up 0']);
    connect(machine, 2, EPOCH);
    taken(machine);
    machine.tick(2500);
    expect(taken(machine).filter((said) => !said.startsWith('PERSIST'))).toEqual([]);
    machine.tick(2501);
    expect(taken(machine)).toEqual(['2 closed', 'up 0']);
  });

  test('lies end the session or the frame, and store nothing', () => {
    const machine = newMachine();
    machine.connected(1);
    machine.receive(1, frame(1), 0);
    expect(taken(machine)).toEqual(['1 FENCE PROTOCOL', '1 closed']);
    connect(machine, 2, EPOCH);
    taken(machine);
    machine.receive(2, frame(1, { payload: Uint8Array.of(255) }), 1);
    machine.receive(2, frame(2, { payload: Uint8Array.of(9) }), 1);
    machine.receive(2, frame(3, { payload: Uint8Array.of(9) }), 1);
    expect(storeAll(machine, 2)).toEqual(['REJECTED', 'apply 2', 'REJECTED', '2 ACK']);
    const lane = machine.ledger('a')?.epoch(EPOCH)?.lane(1);
    expect([1, 2, 3].map((seq) => lane?.stateOf(seq))).toEqual(['REJECTED', 'DURABLE', 'REJECTED']);
    machine.receive(2, frame(4, { epoch: EPOCH - 1 }), 3);
    expect(taken(machine)).toEqual(['2 FENCE PROTOCOL', '2 closed', 'up 0']);
    connect(machine, 3, EPOCH);
    taken(machine);
    machine.receive(3, { epoch: EPOCH, message: welcomeMessage() }, 3);
    expect(taken(machine)).toEqual(['3 FENCE PROTOCOL', '3 closed', 'up 0']);
  });

  test('what was acknowledged and lost with the store is pulled again', () => {
    const machine = newMachine();
    machine.connected(1);
    machine.receive(1, { epoch: EPOCH, message: helloMessage({ streams: liveExtent(3, 9) }) }, 0);
    const welcome = [...persist(machine, true), ...take(machine)].find(
      ({ kind }) => kind === 'SEND',
    );
    expect(welcome).toMatchObject({
      message: { streams: [{ stream: 0 }, { stream: 1, missing: [{ from: 3, to: 9 }] }] },
    });
    machine.tick(300);
    const pull = take(machine).find((each) => each.kind === 'SEND');
    expect(pull).toMatchObject({ message: { type: 'PULL_RANGE', ranges: [{ from: 3, to: 9 }] } });
  });

  test('what another process sealed under the number of an epoch is not taken for it', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 0);
    const apply = take(machine).find((output) => output.kind === 'APPLY');
    const previous = [{ epoch: EPOCH, nonce: 9, streams: [...liveExtent(1, 30)], sealedMs: 50 }];
    machine.connected(2);
    const hello = helloMessage({ nonce: 9, previous });
    machine.receive(2, { epoch: EPOCH + 1, message: hello }, 10);
    expect(persist(machine, true).map(say)).toContain('ALARM');
    const heartbeat = heartbeatMessage({ previous });
    machine.receive(2, { epoch: EPOCH + 1, message: heartbeat }, 20);
    const lane = machine.ledger('a')?.epoch(EPOCH)?.lane(1);
    expect([lane?.lastSeq, lane?.missingCount]).toEqual([1, 0]);
    // What the first did not get stored is asked for by its own name.
    machine.applied('a', apply?.token ?? 0, { stored: false }, 30);
    machine.tick(300);
    const pull = take(machine).find(
      (output) => output.kind === 'SEND' && output.message.type === 'PULL_RANGE',
    );
    expect(pull).toMatchObject({ message: { epoch: EPOCH, nonce: 7, ranges: [{ to: 1 }] } });
  });

  test('an audit pulls stored numbers again without counting them twice', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 0);
    storeAll(machine, 0);
    const before = machine.ledger('a')?.terms(0);
    const key = { agentId: 'a', epoch: EPOCH, stream: 1 } as const;
    expect(machine.pullAgain({ ...key, from: 1, to: 1 }, 10)).toBe(true);
    expect(taken(machine)).toEqual(['1 PULL_RANGE']);
    const message = { type: 'RANGE_DATA', requestId: 1, sealed: sealedBatch(1) } as const;
    machine.receive(1, { epoch: EPOCH, message }, 20);
    const [apply] = take(machine);
    expect(apply).toMatchObject({ kind: 'APPLY', frames: [{ again: true }] });
    machine.applied('a', 2, { stored: true }, 30);
    expect(machine.ledger('a')?.terms(0)).toEqual(before);
  });

  test('what a crash took along is named so, though its write failed only afterwards', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 0);
    const apply = take(machine).find((output) => output.kind === 'APPLY');
    connect(machine, 2, EPOCH + 1, 8);
    machine.applied('a', apply?.token ?? 0, { stored: false }, 5);
    machine.tick(300);
    const gone = { type: 'RANGE_GONE', requestId: 1, epoch: EPOCH, stream: 1 } as const;
    const ranges = [{ from: 1, to: 1 }];
    const message = { ...gone, ranges, reason: 'NEVER_SEALED' } as const;
    machine.receive(2, { epoch: EPOCH + 1, message }, 310);
    expect(machine.ledger('a')?.epoch(EPOCH)?.lane(1).lossReason(1)).toBe('CRASH');
  });

  test('WELCOME waits until the epoch is safe from a crash', () => {
    const machine = newMachine();
    machine.connected(1);
    machine.receive(1, { epoch: EPOCH, message: helloMessage({ nonce: 7 }) }, 0);
    expect(persist(machine, false).map(say)).toEqual(['HELLO', 'up 1']);
    expect(taken(machine)).toEqual(['1 closed', 'up 0']);
    connect(machine, 2, EPOCH);
    expect(taken(machine)).toEqual(['HELLO', 'up 1', '2 WELCOME']);
    // From then on it is known.
    machine.disconnected(2, 0);
    machine.connected(3);
    machine.receive(3, { epoch: EPOCH, message: helloMessage({ nonce: 7 }) }, 0);
    expect(taken(machine)).toEqual(['up 0', '3 WELCOME', 'HELLO', 'up 1']);
  });

  test('ledgers are taken back in after a restart', () => {
    const machine = newMachine();
    connect(machine, 1, EPOCH);
    machine.receive(1, frame(1), 0);
    const apply = take(machine).find((output) => output.kind === 'APPLY');
    const next = newMachine();
    for (const { key, value } of apply?.states ?? []) {
      next.load(key, value ?? expect.fail(), 0);
    }
    expect(next.ledger('a')?.epoch(EPOCH)?.lane(1).stateOf(1)).toBe('DURABLE');
    connect(next, 1, EPOCH, 99);
    expect(taken(next)).toEqual(['ALARM', '1 FENCE CLONED', '1 closed']);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeControl } from '../../src/formats/tide/index.ts';
import { agentsOptionsSchema } from '../../src/ingest/session/options.ts';
import { SessionServer } from '../../src/ingest/session/session-server.ts';
import { Labels } from '../../src/model/index.ts';
import { imbalance, SourceRegistry } from '../../src/sources/index.ts';
import { type Logger, silentLogger } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { FakeAgentConnection } from '../support/fake-agent-connection.ts';
import { MemoryStorage } from '../support/memory-storage.ts';
import { ScriptedAgent } from '../support/scripted-agent.ts';

const START_MS = 1_700_000_000_000;
const FIRST_TICK = START_MS / 1000;

/** What the hostile peer has seen of its victim, and may send in any order. */
const STEPS = [
  'hello',
  'schema',
  'batch',
  'beat',
  'ends',
  'bye',
  'welcome',
  'gone',
  'old',
] as const;

interface Step {
  readonly what: (typeof STEPS)[number] | 'bytes';
  readonly bytes: Uint8Array;
  /** Where a byte is changed, as a part of the frame's length; undefined: none is. */
  readonly damage: number | undefined;
  readonly value: number;
  /** The length that is said, in place of the true one. */
  readonly lie: number | undefined;
  readonly repeat: boolean;
}

/** Undefined but for one in twenty: most of what follows a broken frame is not looked at. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  const never = { weight: 19, arbitrary: fc.constant(undefined) };
  return fc.oneof(never, { weight: 1, arbitrary });
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...STEPS) },
    { weight: 1, arbitrary: fc.constant('bytes' as const) },
  ),
  bytes: fc.uint8Array({ maxLength: 100 }),
  damage: seldom(fc.double({ min: 0, max: 0.999, noNaN: true })),
  value: fc.integer({ min: 1, max: 255 }),
  lie: seldom(fc.nat({ max: 2 ** 32 - 1 })),
  repeat: fc.boolean(),
});

class Hostile {
  readonly #agent: ScriptedAgent;
  #tick = FIRST_TICK;
  #version = 1;

  constructor(agent: ScriptedAgent) {
    this.#agent = agent;
  }

  frame({ what, bytes, damage, value, lie }: Step): Uint8Array {
    const frame = this.#whole(what, bytes).slice();
    if (lie !== undefined && frame.length >= 28) {
      new DataView(frame.buffer).setUint32(24, lie, true);
    }
    if (damage !== undefined && frame.length > 0) {
      const at = Math.floor(damage * frame.length);
      frame[at] = (frame[at] ?? 0) ^ value;
    }
    return frame;
  }

  plain(what: Step['what']): Uint8Array {
    return this.#whole(what, new Uint8Array(0));
  }

  #whole(what: Step['what'], bytes: Uint8Array): Uint8Array {
    const agent = this.#agent;
    const range = { requestId: 1, epoch: agent.epoch, stream: 1 as const };
    switch (what) {
      case 'hello':
        return agent.hello();
      case 'schema':
        return agent.schema();
      case 'batch':
        return agent.batch(this.#tick++);
      case 'beat':
        return agent.heartbeat(START_MS);
      case 'ends':
        return agent.ends(++this.#version, [0]);
      case 'bye':
        return agent.bye();
      case 'welcome':
        return encodeControl(
          { type: 'AUDIT', group: 1, minTime: 0, maxTime: 1, parts: 1, requestId: 1 },
          1,
        );
      case 'gone':
        return agent.control({
          ...{ type: 'RANGE_GONE', ...range, ranges: [{ from: 1, to: 9 }], reason: 'EVICTED' },
        });
      case 'old':
        return new ScriptedAgent({ agentId: agent.agentId, epoch: 5 }).batch(1);
      case 'bytes':
        return bytes;
    }
  }
}

function setUp() {
  const clock = new FakeClock(START_MS);
  const storage = new MemoryStorage({ outOfOrderWindowMs: 1e9 });
  const bugs: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (fields) => bugs.push(fields),
    child: () => logger,
  };
  const server = new SessionServer({
    ...{ storage, sources: new SourceRegistry({ clock }), clock, logger, runId: 'run' },
    options: agentsOptionsSchema.parse({}),
  });
  server.start();
  const connect = () => {
    const connection = new FakeAgentConnection();
    const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
    return { connection, send: (bytes: Uint8Array): void => server.receive(id, bytes) };
  };
  return { clock, storage, server, connect, bugs };
}

test('whatever a peer sends, others are undisturbed and nothing untrue is stored', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, begun) => {
      const { clock, storage, server, connect, bugs } = setUp();
      const good = new ScriptedAgent({ agentId: 'good', epoch: START_MS });
      const friend = connect();
      friend.send(good.hello());
      friend.send(good.schema());
      const hostile = new Hostile(new ScriptedAgent({ agentId: 'bad', epoch: START_MS }));
      const peer = connect();
      if (begun) for (const what of ['hello', 'schema'] as const) peer.send(hostile.plain(what));
      for (const one of steps) {
        const frame = hostile.frame(one);
        peer.send(frame);
        if (one.repeat) peer.send(frame);
        await clock.advance(1);
      }
      friend.send(good.batch(FIRST_TICK));
      await clock.advance(300);

      expect(bugs).toEqual([]);
      expect(friend.connection.closed).toBeUndefined();
      const name = 'metric_1{agent="good", instance="good"}';
      expect(storage.samplesOf(name)).toEqual([`${START_MS}=${START_MS + 1}`]);
      // An end that is said is an answer: never silence.
      if (peer.connection.closed !== undefined && peer.connection.closed.kind !== 'LEFT') {
        expect(peer.connection.last('FENCE').message).not.toBe('');
      }
      // What is stored is what was sealed, once.
      for (const sample of storage.samplesOf('metric_1{agent="bad", instance="bad"}')) {
        const [time, value] = sample.split('=');
        if (value !== 'stale') expect(Number(value)).toBe(Number(time) + 1);
      }
      for (const { agentId } of server.entries()) {
        expect(imbalance(server.ledger(agentId)?.terms(clock.now()) ?? expect.fail())).toBe(0);
      }
      expect(server.inFlightBytes).toBe(0);
      await server.close();
    }),
    { numRuns: 300 },
  );
});

test('frames before HELLO, and of what only collectors send, store nothing', async () => {
  const { clock, storage, connect } = setUp();
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS });
  const early = connect();
  early.send(agent.schema());
  expect(early.connection.last('FENCE')).toMatchObject({ reason: 'PROTOCOL' });
  const wrong = connect();
  wrong.send(agent.hello());
  wrong.send(encodeControl({ type: 'POLICY', policy: emptyPolicy() }, 1));
  expect(wrong.connection.last('FENCE').message).toMatch('for the collector to send');
  await clock.advance(10);
  expect(storage.state('tide-schema/').size).toBe(0);
});

function emptyPolicy() {
  const hash = { low: 0, high: 0 };
  return { version: 1, groups: [], tolerances: [], shedOrder: [], hash };
}

import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { Labels } from '../../model/index.ts';
import { AgentLedger, EpochLedger, GroupLedger, imbalance } from '../../sources/index.ts';
import { SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock, IntervalSet } from '../../util/index.ts';
import { BatchFill } from './batch-fill.ts';
import { agentsOptionsSchema } from './options.ts';
import { SessionAcks } from './session-acks.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const FIRST_TICK = START_MS / 1000;
const BUG = new Error('a bug');

/** Methods that a batch goes through on its way, each made to fail once, half way where it can. */
const FAULTS: Readonly<Record<string, () => void>> = {
  'a batch is received in part': () => {
    vi.spyOn(GroupLedger.prototype, 'receive').mockImplementationOnce(() => {
      throw BUG;
    });
  },
  'the state that is to be written cannot be made': () => {
    vi.spyOn(AgentLedger.prototype, 'encodeSettled').mockImplementationOnce(() => {
      throw BUG;
    });
  },
  'the state that is to be written is made in part': () => {
    const spy = vi.spyOn(IntervalSet.prototype, 'encode');
    spy.mockImplementation(function (this: IntervalSet) {
      // Not before that of the batch's lane, which has the batch as stored while it is written.
      if (this.size === 0) return;
      spy.mockRestore();
      throw BUG;
    });
  },
  'a commit cannot be filled': () => {
    vi.spyOn(BatchFill.prototype, 'end').mockImplementationOnce(() => {
      throw BUG;
    });
  },
  'what a commit came to cannot be counted': () => {
    vi.spyOn(BatchFill.prototype, 'settle').mockImplementationOnce(() => {
      throw BUG;
    });
  },
  'what is stored cannot be told': () => {
    vi.spyOn(SessionAcks.prototype, 'stored').mockImplementationOnce(() => {
      throw BUG;
    });
  },
  'what is stored is taken down in part': () => {
    vi.spyOn(EpochLedger.prototype, 'settle').mockImplementationOnce(function (
      this: EpochLedger,
      { stream, seq },
      byRepair,
    ) {
      this.lane(stream).settle(seq, byRepair);
      throw BUG;
    });
  },
};

function setUp() {
  const clock = new FakeClock(START_MS);
  const storage = new MemoryStorage({ outOfOrderWindowMs: 1e6 });
  const sources = new SourceRegistry({ clock });
  const server = new SessionServer({
    ...{ storage, sources, clock, logger: silentLogger, runId: 'run' },
    options: agentsOptionsSchema.parse({}),
    random: () => 0.5,
  });
  server.start();
  onTestFinished(() => server.close());
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const connect = (agentId: string) => {
    const agent = new ScriptedAgent({ agentId, epoch: START_MS, seriesCount: 2 });
    const join = () => {
      const connection = new FakeAgentConnection();
      const principal = { agentId: undefined, labels: Labels.EMPTY };
      const id = server.attach(connection, principal);
      return { connection, send: (frame: Uint8Array): void => server.receive(id, frame) };
    };
    return { agent, join };
  };
  return { clock, storage, server, connect };
}

function samplesOf(storage: MemoryStorage, agentId: string): string[] {
  return storage.samplesOf(`metric_0{agent="${agentId}", instance="${agentId}"}`);
}

test.each(Object.entries(FAULTS))(
  'where %s, the agent comes again and all of it is stored and counted once',
  async (_, fail) => {
    const { clock, storage, server, connect } = setUp();
    const [faulty, other] = [connect('a1'), connect('a2')];
    const { connection, send } = faulty.join();
    const beside = other.join();
    for (const [{ agent }, to] of [[faulty, send] as const, [other, beside.send] as const]) {
      for (const frame of [agent.hello(), agent.schema(), agent.batch(FIRST_TICK)]) to(frame);
    }
    await clock.advance(10);
    fail();
    send(faulty.agent.batch(FIRST_TICK + 1));
    send(faulty.agent.batch(FIRST_TICK + 2));
    beside.send(other.agent.batch(FIRST_TICK + 1));
    await clock.advance(10);
    expect(samplesOf(storage, 'a2')).toHaveLength(2);
    expect(beside.connection.closed).toBeUndefined();
    expect(server.inFlightBytes).toBe(0);

    // The session ended, or what was not counted is pulled in it.
    const again = connection.closed === undefined ? { connection, send } : faulty.join();
    if (again.connection !== connection) again.send(faulty.agent.hello());
    for (let round = 0; round < 12; round++) {
      await clock.advance(500);
      for (const { requestId, stream, ranges } of again.connection.all('PULL_RANGE')) {
        expect(stream).toBe(1);
        for (const { from, to } of ranges) {
          for (let seq = from; seq <= to; seq++) again.send(faulty.agent.again(seq, requestId));
        }
      }
    }
    again.send(faulty.agent.batch(FIRST_TICK + 3));
    await clock.advance(10);
    expect(samplesOf(storage, 'a1')).toHaveLength(4);
    const ledger = server.ledger('a1') ?? expect.fail();
    const terms = ledger.terms(START_MS + 3000);
    expect(terms).toMatchObject({ scheduled: 8, stored: 8, missing: 0, inFlight: 0, rejected: 0 });
    expect(imbalance(terms)).toBe(0);
    expect(ledger.epoch(START_MS)?.lane(1).unconfirmed.size).toBe(0);
    expect(ledger.epoch(START_MS)?.lane(1).counts()).toMatchObject({ sealed: 5, durable: 5 });
    expect(server.inFlightBytes).toBe(0);
  },
);

test('an agent whose frame met a bug is told to come again', () => {
  const { connect } = setUp();
  const { agent, join } = connect('a1');
  const { connection, send } = join();
  send(agent.hello());
  vi.spyOn(EpochLedger.prototype, 'receive').mockImplementationOnce(() => {
    throw BUG;
  });
  send(agent.schema());
  expect(connection.last('FENCE')).toMatchObject({ reason: 'PROTOCOL', retryAfterMs: 5000 });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { ScriptedAgent, valueOf } from '../../../test/support/scripted-agent.ts';
import { openTemporaryStorage } from '../../../test/support/temporary-storage.ts';
import {
  type Audit,
  type AuditWindow,
  type CollectorMessage,
  ContentHash,
  type GoneReason,
  type PullRange,
  seriesKey,
} from '../../formats/tide/index.ts';
import { createMatcher, Labels, SampleColumns } from '../../model/index.ts';
import { SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock, IntervalSet } from '../../util/index.ts';
import type { AuditOutcome } from './audit-rounds.ts';
import { agentsOptionsSchema } from './options.ts';
import { noSessionMetrics } from './session-metrics.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const FIRST_TICK = START_MS / 1000;
const TICKS = 100;
const SERIES = 2;

interface Given {
  readonly answers: boolean;
  value(tick: number): number;
  /** Frames that an answer to a pull has room for, and what is said of the rest, if anything. */
  readonly pulled: { readonly frames: number; readonly rest: GoneReason | undefined };
}

/** A collector on the real store, and an agent that has sealed some ticks. */
async function setUp(given: Partial<Given> = {}) {
  const clock = new FakeClock(START_MS);
  const store = await openTemporaryStorage({}, clock);
  const outcomes: AuditOutcome[] = [];
  const repairs: number[] = [];
  const server = new SessionServer({
    ...{ storage: store.storage, sources: new SourceRegistry({ clock }), clock },
    ...{ logger: silentLogger, runId: 'run' },
    options: agentsOptionsSchema.parse({ heartbeat_ms: 60_000, audit_interval_ms: 120_000 }),
    metrics: {
      ...noSessionMetrics,
      audited: (outcome) => outcomes.push(outcome),
      repaired: (seconds) => repairs.push(seconds),
    },
  });
  server.start();
  const agent = new ScriptedAgent({ agentId: 'a1', epoch: START_MS, seriesCount: SERIES });
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  onTestFinished(async () => {
    await server.close();
    await store.remove();
  });
  const send = (...frames: Uint8Array[]): void => {
    for (const frame of frames) server.receive(id, frame);
  };
  const audits: Audit[] = [];
  let answered = 0;
  /** What the agent does about what it was sent. */
  const answer = (): void => {
    for (const message of connection.messages.slice(answered)) {
      answered++;
      if (message.type === 'PULL_RANGE') send(...pullAnswer(agent, message, given.pulled));
      if (message.type !== 'AUDIT') continue;
      audits.push(message);
      if (given.answers === false) continue;
      const { requestId, group } = message;
      const windows = windowsOf(agent, message, given.value);
      const retainedFrom = START_MS;
      send(agent.control({ type: 'AUDIT_RESULT', requestId, group, retainedFrom, windows }));
    }
  };
  const run = async (steps: number, stepMs: number): Promise<void> => {
    for (let step = 0; step < steps; step++) {
      await clock.advance(stepMs);
      await sleep(1);
      if (clock.now() % 60_000 < stepMs) send(agent.heartbeat(clock.now()));
      answer();
    }
  };
  send(agent.hello({ capabilities: ['audit'] }));
  /** Until the collector says it: the store works in real time, the clock hardly moves. */
  const heard = async (isIt: (message: CollectorMessage) => boolean): Promise<void> => {
    for (let turn = 0; !connection.messages.some(isIt); turn++) {
      if (turn === 20_000) throw new Error('the collector did not say it');
      await run(1, turn % 100 === 0 ? 1 : 0);
    }
  };
  await heard(({ type }) => type === 'WELCOME');
  send(agent.schema());
  for (let tick = 0; tick < TICKS; tick++) send(agent.batch(FIRST_TICK + tick));
  send(agent.heartbeat(clock.now()));
  await heard((message) => {
    return message.type === 'ACK' && message.streams[1]?.cumDurable === TICKS + 1;
  });
  return { store, server, outcomes, repairs, audits, run };
}

/** The frames that were asked for, as many as there is room for. */
function pullAnswer(
  agent: ScriptedAgent,
  { requestId, epoch, stream, ranges }: PullRange,
  { frames, rest }: Given['pulled'] = { frames: Infinity, rest: undefined },
): Uint8Array[] {
  const asked = IntervalSet.of(...ranges.map(({ from, to }) => [from, to] as const));
  const answer: Uint8Array[] = [];
  for (let seq = asked.first; seq !== undefined && answer.length < frames; seq = asked.first) {
    answer.push(agent.again(seq, requestId));
    asked.remove(seq);
  }
  if (rest === undefined || asked.size === 0) return answer;
  const gone = { type: 'RANGE_GONE', requestId, epoch, stream, reason: rest } as const;
  return [...answer, agent.control({ ...gone, ranges: asked.ranges() })];
}

/** Count and hash of the ticks in each window, and the numbers of their batches. */
function windowsOf(
  agent: ScriptedAgent,
  audit: Audit,
  value?: (tick: number) => number,
): AuditWindow[] {
  const { minTime, maxTime, parts } = audit;
  const span = maxTime - minTime + 1;
  const keys = agent.series().map(({ labels }) => seriesKey(labels));
  return Array.from({ length: parts }, (_unused, index) => {
    const from = minTime + Math.ceil((span * index) / parts);
    const to = minTime + Math.ceil((span * (index + 1)) / parts) - 1;
    const hash = new ContentHash();
    const ticks: number[] = [];
    for (let tick = FIRST_TICK; tick < FIRST_TICK + TICKS; tick++) {
      if (tick * 1000 < from || tick * 1000 > to) continue;
      ticks.push(tick);
      for (const [series, key] of keys.entries()) {
        const words = new Uint32Array(
          Float64Array.of(valueOf(series, tick) + (value?.(tick) ?? 0)).buffer,
        );
        hash.add(key, tick * 1000, words[0] ?? 0, words[1] ?? 0);
      }
    }
    const [first, last] = [ticks[0], ticks.at(-1)];
    const isEmpty = first === undefined || last === undefined;
    const seqOf = (tick: number): number => tick - FIRST_TICK + 2;
    const range = { stream: 1 as const, from: seqOf(first ?? 0), to: seqOf(last ?? 0) };
    const counted = { count: hash.count, hash: hash.hash };
    return { minTime: from, maxTime: to, ...counted, ranges: isEmpty ? [] : [range] };
  });
}

async function countOf(store: Awaited<ReturnType<typeof openTemporaryStorage>>): Promise<number> {
  const querier = store.storage.querier();
  const range = { minTime: 0, maxTime: 2 * START_MS };
  const set = await querier.select([createMatcher('=~', '__name__', 'metric_.')], range);
  const columns = new SampleColumns();
  for (let index = 0; index < set.length; index++) set.samples(index, columns);
  querier.close();
  return columns.length;
}

test('an audit of a store that has everything finds nothing', async () => {
  const { outcomes, audits, run, repairs } = await setUp();
  await run(100, 3000);
  expect(outcomes).toContain('MATCH');
  expect(new Set(outcomes)).toEqual(new Set(['MATCH']));
  expect(audits[0]).toMatchObject({ group: 1, minTime: START_MS });
  expect(repairs).toEqual([]);
});

test('what the store lost without a word is found and pulled again', async () => {
  const { store, server, outcomes, run } = await setUp();
  expect(await countOf(store)).toBe(TICKS * SERIES);
  const terms = server.ledger('a1')?.terms(START_MS + 1000 * (TICKS - 1));
  const range = { minTime: START_MS + 20_000, maxTime: START_MS + 29_000 };
  await store.storage.deleteSeries([createMatcher('=', '__name__', 'metric_1')], range);
  await store.storage.cleanTombstones();
  expect(await countOf(store)).toBe(TICKS * SERIES - 10);
  await run(200, 3000);
  expect(outcomes).toContain('REPAIRED');
  expect(outcomes.at(-1)).toBe('MATCH');
  expect(await countOf(store)).toBe(TICKS * SERIES);
  // The ledger had it as stored all the time.
  expect(server.ledger('a1')?.terms(START_MS + 1000 * (TICKS - 1))).toEqual(terms);
});

test.each(['BUDGET', 'DEADLINE', undefined] as const)(
  'what an answer to a pull had no room for is asked for again: %s',
  async (rest) => {
    const { store, outcomes, run } = await setUp({ pulled: { frames: 1, rest } });
    const range = { minTime: START_MS + 20_000, maxTime: START_MS + 29_000 };
    await store.storage.deleteSeries([createMatcher('=', '__name__', 'metric_1')], range);
    await store.storage.cleanTombstones();
    // An answer is waited for two seconds.
    await run(400, 1000);
    expect(outcomes).toContain('REPAIRED');
    expect(outcomes).not.toContain('UNEXPLAINED');
    expect(await countOf(store)).toBe(TICKS * SERIES);
  },
);

test('what differs and cannot be repaired is told as such', async () => {
  const { outcomes, run } = await setUp({ value: (tick) => (tick === FIRST_TICK + 7 ? 1 : 0) });
  await run(100, 3000);
  expect(outcomes).toContain('UNEXPLAINED');
});

test('an agent that does not answer has no audit', async () => {
  const { outcomes, run } = await setUp({ answers: false });
  await run(100, 3000);
  expect(outcomes).toContain('UNANSWERED');
});

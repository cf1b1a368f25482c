import { describe, expect, test } from 'vitest';
import type { Blocked, LaneCredit, Sealed } from '../../formats/tide/index.ts';
import { frameBytes } from '../../formats/tide/index.ts';
import {
  heartbeatMessage,
  helloMessage,
  liveExtent,
  sealedBatch,
} from '../../../test/support/tide-messages.ts';
import { SessionMachine } from './session-machine.ts';
import type { SealedContent, SessionOutput } from './session-output.ts';

const EPOCH = 100;
const STEP_MS = 5;
const RTT_MS = 10;
const TICK_MS = 100;
const HEARTBEAT_MS = 1000;

type Apply = Extract<SessionOutput<null>, { kind: 'APPLY' }>;

interface Granted {
  readonly atMs: number;
  readonly agent: Agent;
  readonly credit: readonly LaneCredit[];
}

interface Sent {
  readonly atMs: number;
  readonly agent: Agent;
  readonly message: Sealed | Blocked;
}

interface Load {
  readonly agents: number;
  /** Between two frames of an agent. */
  readonly everyMs: number;
  readonly payloadBytes: number;
  /** What the store takes for one frame. */
  readonly costMs: number;
  /** Frames that wait at an agent; the oldest are left to repair. */
  readonly queueMax: number;
  /** All seal at the same moment; else each at one of its own. */
  readonly isTogether?: boolean;
}

/** Agents that seal frames at a pace of their own and send what they have credit for. */
class Agent {
  readonly id: string;
  readonly connection: number;
  stored = 0;
  lastSeq = 0;
  waiting: number[] = [];
  #sentBytes = 0;
  #grantedBytes = 0;
  #blockedAt = -1;

  constructor(connection: number) {
    this.id = `agent-${connection}`;
    this.connection = connection;
  }

  seal(queueMax: number): void {
    this.waiting.push(++this.lastSeq);
    if (this.waiting.length > queueMax) this.waiting.shift();
  }

  granted(credit: readonly LaneCredit[]): void {
    for (const { lane, offsetBytes } of credit) {
      if (lane === 1) this.#grantedBytes = Math.max(this.#grantedBytes, offsetBytes);
    }
  }

  next(payloadBytes: number): Sealed | Blocked | undefined {
    if (this.waiting.length === 0) return undefined;
    if (this.#sentBytes >= this.#grantedBytes) return this.#blocked();
    const seq = this.waiting.shift() as number;
    this.#sentBytes += frameBytes(payloadBytes);
    return sealedBatch(seq, { payload: new Uint8Array(payloadBytes) });
  }

  #blocked(): Blocked | undefined {
    const offsetBytes = this.#grantedBytes;
    if (this.#blockedAt === offsetBytes) return undefined;
    this.#blockedAt = offsetBytes;
    return { type: 'BLOCKED', stream: 1, offsetBytes };
  }
}

/** A collector whose store takes its time, and its agents, in virtual time. */
class Rig {
  readonly agents: Agent[];
  readonly machine = new SessionMachine<null>({
    open: (): SealedContent<null> => ({
      kind: 'BATCH',
      head: { schemaVersion: 0, policyVersion: 0, coverage: [] },
      body: null,
    }),
    ...{ heartbeatMs: HEARTBEAT_MS, reconnectSpreadMs: 0, runId: 'r' },
  });
  nowMs = 0;
  busyMs = 0;
  pulls = 0;
  delayMs = 0;
  /** What the store takes, beside what was configured. */
  slowdown = 1;
  readonly #load: Load;
  readonly #jobs: Apply[] = [];
  /** When the first of them is stored. */
  #doneMs: number | undefined;
  readonly #toAgents: Granted[] = [];
  readonly #toCollector: Sent[] = [];

  constructor(load: Load) {
    this.#load = load;
    this.agents = Array.from({ length: load.agents }, (_, index) => new Agent(index + 1));
    for (const { connection, id } of this.agents) {
      this.machine.connected(connection);
      const message = helloMessage({ agentId: id });
      this.machine.receive(connection, { epoch: EPOCH, message }, 0);
    }
  }

  /** @param load 1 as configured, 0 none. */
  run(forMs: number, load = 1): void {
    const untilMs = this.nowMs + forMs;
    this.busyMs = 0;
    this.delayMs = 0;
    this.pulls = 0;
    for (const agent of this.agents) agent.stored = 0;
    for (; this.nowMs < untilMs; this.nowMs += STEP_MS) this.#step(load);
  }

  #step(load: number): void {
    const { machine, nowMs } = this;
    const { everyMs, agents, payloadBytes, queueMax, isTogether } = this.#load;
    for (const agent of this.agents) {
      const part = isTogether === true ? 0 : agent.connection / agents;
      const phaseMs = Math.floor(part * (everyMs / STEP_MS)) * STEP_MS;
      if (load > 0 && nowMs % everyMs === phaseMs % everyMs) agent.seal(queueMax);
      if (nowMs % HEARTBEAT_MS === 0) this.#heartbeat(agent);
      for (;;) {
        const message = agent.next(payloadBytes);
        if (message === undefined) break;
        this.#toCollector.push({ atMs: nowMs + RTT_MS / 2, agent, message });
      }
    }
    while ((this.#toCollector[0]?.atMs ?? Infinity) <= nowMs) {
      const { agent, message } = this.#toCollector.shift() as Sent;
      machine.receive(agent.connection, { epoch: EPOCH, message }, nowMs);
    }
    this.#store();
    if (nowMs % TICK_MS === 0) machine.tick(nowMs);
    this.delayMs = Math.max(this.delayMs, machine.queueDelayMs(nowMs));
    this.#take();
    while ((this.#toAgents[0]?.atMs ?? Infinity) <= nowMs) {
      const { agent, credit } = this.#toAgents.shift() as Granted;
      agent.granted(credit);
    }
  }

  #heartbeat({ connection, lastSeq, waiting }: Agent): void {
    const sent = lastSeq - waiting.length;
    const message = heartbeatMessage({ streams: liveExtent(1, sent) });
    this.machine.receive(connection, { epoch: EPOCH, message }, this.nowMs);
  }

  /** One write after the other. */
  #store(): void {
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      const costMs = job.frames.length * this.#load.costMs * this.slowdown;
      this.#doneMs ??= this.nowMs + costMs;
      if (this.#doneMs > this.nowMs) return;
      this.#doneMs = undefined;
      this.busyMs += costMs;
      this.#jobs.shift();
      const agent = this.agents[Number(job.agentId.slice('agent-'.length)) - 1];
      if (agent !== undefined) agent.stored += job.frames.length;
      this.machine.applied(job.agentId, job.token, { stored: true }, this.nowMs);
      this.#take();
    }
  }

  #take(): void {
    for (let outputs = this.machine.take(); outputs.length > 0; outputs = this.machine.take()) {
      for (const output of outputs) {
        if (output.kind === 'APPLY') this.#jobs.push(output);
        if (output.kind === 'PERSIST' && output.token !== undefined) {
          this.machine.persisted(output.agentId, output.token, true, this.nowMs);
        }
        if (output.kind === 'SEND') this.#send(output);
      }
    }
  }

  #send({ connection, message }: Extract<SessionOutput<null>, { kind: 'SEND' }>): void {
    if (message.type === 'PULL_RANGE') this.pulls++;
    if (message.type !== 'ACK' && message.type !== 'WELCOME') return;
    const agent = this.agents[connection - 1] as Agent;
    this.#toAgents.push({ atMs: this.nowMs + RTT_MS / 2, agent, credit: message.credit });
  }
}

const SETTLE_MS = 30_000;
const MEASURE_MS = 30_000;
const SMALL = { payloadBytes: 600, costMs: 10, queueMax: 3 };
const LARGE = { payloadBytes: 3000, costMs: 200, queueMax: 1 };

describe('a collector that is sent twice what it can store', () => {
  for (const [what, load] of Object.entries<Load>({
    'small batches of many': { agents: 200, everyMs: 1000, ...SMALL },
    'large batches, seldom': { agents: 100, everyMs: 10_000, ...LARGE },
    'a few agents': { agents: 4, everyMs: 100, payloadBytes: 4000, costMs: 50, queueMax: 3 },
  })) {
    test(`${what}: it stores all it can, in a short queue, each agent its part`, () => {
      const rig = new Rig(load);
      rig.run(SETTLE_MS);
      rig.run(MEASURE_MS);
      expect(rig.busyMs / MEASURE_MS).toBeGreaterThan(0.95);
      // Some batches of those that are stored, not one of each agent.
      expect(rig.delayMs).toBeLessThanOrEqual(200 + 4 * load.costMs);
      // What is late already is in the rings, and waits.
      expect(rig.pulls).toBe(0);
      const counts = rig.agents.map(({ stored }) => stored);
      const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(Math.floor(0.5 * mean));
      expect(Math.max(...counts)).toBeLessThanOrEqual(Math.ceil(2 * mean));
      rig.run(SETTLE_MS, 0);
      expect(rig.pulls).toBeGreaterThan(0);
      expect(rig.delayMs).toBeLessThanOrEqual(200 + 4 * load.costMs);
    });
  }

  test('with time enough, all of what all send at once is stored, and what is late is pulled', () => {
    const load = { agents: 100, everyMs: 1000, payloadBytes: 1400, costMs: 5, queueMax: 3 };
    const rig = new Rig({ ...load, isTogether: true });
    rig.run(SETTLE_MS);
    rig.slowdown = 4;
    rig.run(SETTLE_MS);
    rig.slowdown = 1;
    rig.run(SETTLE_MS);
    expect(rig.pulls).toBeGreaterThan(0);
    rig.run(MEASURE_MS);
    const stored = rig.agents.reduce((sum, agent) => sum + agent.stored, 0);
    // As long as all of one tick takes.
    expect(rig.delayMs).toBeLessThanOrEqual(500);
    expect(stored / (load.agents * (MEASURE_MS / load.everyMs))).toBeGreaterThan(0.98);
  });

  test('what was granted in better times does not wait for long either', () => {
    const rig = new Rig({ agents: 100, everyMs: 1000, payloadBytes: 600, costMs: 1, queueMax: 3 });
    rig.run(SETTLE_MS);
    rig.slowdown = 30;
    rig.run(SETTLE_MS);
    expect(rig.delayMs).toBeLessThanOrEqual(2500);
    rig.run(MEASURE_MS);
    expect(rig.delayMs).toBeLessThanOrEqual(320);
    rig.slowdown = 1;
    rig.run(SETTLE_MS);
    expect(rig.pulls).toBeGreaterThan(0);
  });

  test('agents that have nothing to send take no turn from those that have', () => {
    const rig = new Rig({ agents: 200, everyMs: 20_000, ...SMALL });
    const busy = rig.agents.slice(0, 20);
    const sealAll = (forMs: number): void => {
      for (let passedMs = 0; passedMs < forMs; passedMs += TICK_MS) {
        for (const agent of busy) agent.seal(3);
        rig.run(TICK_MS);
        busyMs += rig.busyMs;
      }
    };
    let busyMs = 0;
    sealAll(SETTLE_MS);
    busyMs = 0;
    sealAll(MEASURE_MS);
    expect(busyMs / MEASURE_MS).toBeGreaterThan(0.95);
  });
});

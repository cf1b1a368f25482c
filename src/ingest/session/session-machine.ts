import type { Hello, Policy, Sealed } from '../../formats/tide/index.ts';
import type { AgentLedger, CreditOptions, RepairOptions } from '../../sources/index.ts';
import { Turns } from '../../util/index.ts';
import type { AgentRecord, AgentSession } from './agent-record.ts';
import { type AuditOptions, AuditRounds, type StoreDigest } from './audit-rounds.ts';
import type { ClockReading } from './clock-offset.ts';
import { FrameWrites } from './frame-writes.ts';
import { Intake } from './intake.ts';
import { LedgerStates } from './ledger-states.ts';
import { RepairRounds, type StoredRange } from './repair-rounds.ts';
import { SessionAcks } from './session-acks.ts';
import { SessionMessages } from './session-messages.ts';
import { SessionOpening } from './session-opening.ts';
import type {
  ApplyResult,
  ReceivedMessage,
  SealedContent,
  SessionOutput,
} from './session-output.ts';
import { SessionTable } from './session-table.ts';

export interface SessionMachineOptions<Body> {
  /**
   * What a sealed frame holds.
   * @throws TidegaugeError when it is not what it says; the frame is then rejected for good.
   */
  open(sealed: Sealed): SealedContent<Body>;
  /** The policy for an agent; undefined leaves it its own. */
  policyOf?(hello: Hello): Policy | undefined;
  readonly heartbeatMs: number;
  readonly reconnectSpreadMs: number;
  readonly repair?: Partial<RepairOptions>;
  readonly credit?: Partial<CreditOptions>;
  /** Epochs of an agent that are told apart; of older ones only sums are kept. */
  readonly epochsKept?: number;
  /** Without it nothing is audited. */
  readonly audit?: AuditOptions;
  /** Unique among runs of the collector; part of session ids. */
  readonly runId: string;
}

/** Heartbeats that may be late before the agent counts as gone. */
const HEARTBEATS_MISSED = 2.5;
/** Time goes on in smaller steps than this unless the process stood still. */
const STALL_MS = 2000;
/** Where there are many agents, a look at each takes so many ticks. */
const TURNS = 5;
/** As many are looked at in each. */
const TURN_MIN = 64;
const NO_AUDITS: AuditOptions = { intervalMs: 0, windowMs: 0, settleMs: 0 };
/**
 * The collector's end of all sessions, without any I/O: it is told what connections did and when,
 * and says through `take` what to send, what to store and what changed. The ledger decides what is
 * new: a frame that comes twice, whatever its way, is stored once.
 */
export class SessionMachine<Body> {
  readonly #options: SessionMachineOptions<Body>;
  readonly #table: SessionTable<Body>;
  readonly #opening: SessionOpening<Body>;
  readonly #acks: SessionAcks<Body>;
  readonly #writes: FrameWrites<Body>;
  readonly #states: LedgerStates<Body>;
  readonly #repair: RepairRounds<Body>;
  readonly #audits: AuditRounds<Body>;
  readonly #messages: SessionMessages<Body>;
  readonly #turns: Turns<AgentRecord<Body>>;
  #lastTickMs: number | undefined;

  constructor(options: SessionMachineOptions<Body>) {
    this.#options = options;
    const table = new SessionTable<Body>((agentId) => {
      this.#repair.disconnect(agentId);
      this.#audits.disconnect(agentId);
      const agent = this.#table.agents.get(agentId);
      if (agent !== undefined) this.#acks.leave(agent);
    });
    this.#table = table;
    this.#turns = new Turns(table.agents);
    this.#repair = new RepairRounds(table, options.repair);
    this.#audits = new AuditRounds(table.agents, options.audit ?? NO_AUDITS, {
      send: (connection, message) => table.send(connection, message),
      digest: (question) => table.emit({ kind: 'DIGEST', question }),
      pullAgain: (range, nowMs) => this.#repair.pullAgain(range, nowMs),
      ended: (agentId, outcome) => table.emit({ kind: 'AUDITED', agentId, outcome }),
    });
    const acks = new SessionAcks(table, options.credit);
    const states = new LedgerStates(table, options.epochsKept);
    this.#acks = acks;
    this.#states = states;
    this.#writes = new FrameWrites(table, acks);
    this.#messages = new SessionMessages({
      table,
      acks,
      repair: this.#repair,
      audits: this.#audits,
      intake: new Intake(table, (sealed) => options.open(sealed)),
    });
    this.#opening = new SessionOpening({
      ...options,
      table,
      acks,
      states,
      opened: (agentId, { capabilities }, nowMs) => {
        this.#repair.connect(agentId);
        this.#audits.connect(agentId, capabilities.includes('audit'), nowMs);
      },
    });
  }

  /** What is to be done, in order; each output is given once. */
  take(): SessionOutput<Body>[] {
    return this.#table.take();
  }

  /** The ledger of an agent, to be read. */
  ledger(agentId: string): AgentLedger | undefined {
    return this.#table.agents.get(agentId)?.ledger;
  }

  /** Whether frames of an agent are on their way to the store. */
  isWriting(agentId: string): boolean {
    const agent = this.#table.agents.get(agentId);
    return agent?.applying !== undefined || (agent?.waiting.length ?? 0) > 0;
  }

  get agentIds(): string[] {
    return [...this.#table.agents.keys()];
  }

  /** Frames that came again, from any way. */
  duplicateCount(agentId: string): number {
    return this.#table.agents.get(agentId)?.duplicateCount ?? 0;
  }

  /** Age of the oldest frame that is not stored, as it was just now. */
  queueDelayMs(nowMs: number): number {
    return this.#acks.queueDelayMs(nowMs);
  }

  /** Takes back in, at the start, a state that was written with a key of the ledger. */
  load(key: string, value: Uint8Array, nowMs: number): void {
    this.#states.load(key, value, nowMs);
  }

  connected(connection: number): void {
    this.#table.connections.set(connection, undefined);
  }

  /** The connection is gone: `up` is 0 at once. */
  disconnected(connection: number, nowMs: number): void {
    const agent = this.#table.connections.get(connection);
    this.#table.connections.delete(connection);
    if (agent?.session?.connection === connection) this.#table.end(agent, nowMs);
  }

  /** The connection is not read from: that nothing comes on it says nothing. */
  unread(connection: number, nowMs: number): void {
    const session = this.#table.connections.get(connection)?.session;
    if (session?.connection === connection) session.lastHeardMs = nowMs;
  }

  /** A message of the agent on this connection. */
  receive(connection: number, { epoch, message }: ReceivedMessage, nowMs: number): void {
    if (!this.#table.connections.has(connection)) return;
    const agent = this.#table.connections.get(connection);
    this.#receive(connection, { epoch, message }, nowMs);
    // A fence ends the session as a lost connection does.
    const fenced = !this.#table.connections.has(connection);
    if (fenced && agent?.session?.connection === connection) this.#table.end(agent, nowMs);
  }

  /** How far an agent's clock is ahead of this one's, where something is known of it. */
  clockOf(agentId: string): ClockReading | undefined {
    return this.#table.agents.get(agentId)?.clock.reading;
  }

  /** What became of an APPLY. */
  applied(agentId: string, token: number, result: ApplyResult, nowMs: number): void {
    this.#writes.ended(agentId, token, result, nowMs);
  }

  /** What became of a PERSIST with a token. */
  persisted(agentId: string, token: number, isStored: boolean, nowMs: number): void {
    this.#opening.persisted(agentId, token, isStored, nowMs);
  }

  /** Time goes on: silence, credit, repair. */
  tick(nowMs: number): void {
    // Time in which this process did not run is no silence of the agents: what they sent meanwhile
    // is read after this.
    const sinceMs = nowMs - (this.#lastTickMs ?? nowMs);
    this.#lastTickMs = nowMs;
    const stallMs = sinceMs > STALL_MS ? sinceMs : 0;
    this.#acks.tick(nowMs);
    this.#repair.expire(nowMs);
    const { agents } = this.#table;
    if (stallMs > 0) {
      for (const { session } of agents.values()) {
        if (session === undefined) continue;
        session.lastHeardMs = Math.min(nowMs, session.lastHeardMs + stallMs);
      }
    }
    const due = this.#turns.next(Math.max(TURN_MIN, Math.ceil(agents.size / TURNS)));
    for (const agent of due) {
      if (agent.session !== undefined) this.#tickSession(agent, agent.session, nowMs);
      this.#states.persistDirty(agent);
      this.#states.fold(agent, nowMs);
    }
    this.#audits.tick(nowMs);
    if (this.#acks.mayRepair(nowMs)) {
      this.#repair.schedule(due, nowMs, this.#acks.repairRoomBytes());
    }
  }

  /** Hands out what changed without samples, of all agents: the process is about to end. */
  persistAll(): void {
    for (const agent of this.#table.agents.values()) this.#states.persistDirty(agent);
  }

  /** What the store answered to a DIGEST; undefined where it could not. */
  digested(
    agentId: string,
    token: number,
    digests: readonly StoreDigest[] | undefined,
    nowMs: number,
  ): void {
    this.#audits.digested(agentId, token, digests, nowMs);
  }

  /** Agents that are being audited. */
  get auditsRunning(): number {
    return this.#audits.running;
  }

  /** Pulls stored numbers again after an audit; see `RepairRounds.pullAgain`. */
  pullAgain(key: StoredRange, nowMs: number): boolean {
    return this.#repair.pullAgain(key, nowMs) !== undefined;
  }

  #receive(connection: number, { epoch, message }: ReceivedMessage, nowMs: number): void {
    const agent = this.#table.connections.get(connection);
    if (message.type === 'HELLO') {
      if (agent === undefined) this.#opening.hello(connection, epoch, message, nowMs);
      else this.#table.fence(connection, { reason: 'PROTOCOL', message: 'a second HELLO' });
      return;
    }
    const session = agent?.session;
    if (agent === undefined || session?.connection !== connection) {
      this.#table.fence(connection, {
        reason: 'PROTOCOL',
        message: `${message.type} before HELLO`,
      });
      return;
    }
    session.lastHeardMs = nowMs;
    this.#table.setUp(agent, 1, nowMs);
    this.#messages.receive(agent, session, message, nowMs);
    this.#writes.begin(agent, nowMs);
    this.#acks.passOn(nowMs);
  }

  #tickSession(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): void {
    if (nowMs - session.lastHeardMs > HEARTBEATS_MISSED * this.#options.heartbeatMs) {
      this.#table.close(session.connection, 'no heartbeat');
      this.#table.end(agent, nowMs);
      return;
    }
    this.#acks.tickSession(agent, session, nowMs);
  }
}

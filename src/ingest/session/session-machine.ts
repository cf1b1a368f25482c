import type {
  Bye,
  ControlMessage,
  Fence,
  FenceReason,
  GroupPolicy,
  Heartbeat,
  Hello,
  LaneCredit,
  Policy,
  RangeData,
  RangeGone,
  Sealed,
  StreamExtent,
} from '../../formats/tide/index.ts';
import {
  CODEC_DEFLATE,
  CODEC_NONE,
  frameBytes,
  LANE_EVENT,
  LANE_LIVE,
  LANE_READ,
  LANE_REPAIR,
} from '../../formats/tide/index.ts';
import {
  type AgentLedger,
  CreditController,
  type CreditOptions,
  type EpochLedger,
  LEDGER_STATE_PREFIX,
  type RepairOptions,
  SessionCredit,
  type TickGrid,
} from '../../sources/index.ts';
import { type AuditOptions, AuditRounds, type StoreDigest } from './audit-rounds.ts';
import { AgentRecord, type AgentSession, type Waiting } from './agent-record.ts';
import { Intake } from './intake.ts';
import { marksOf } from './marks.ts';
import { RepairRounds, type StoredRange } from './repair-rounds.ts';
import type {
  AgentMessage,
  ApplyResult,
  ReceivedMessage,
  SealedContent,
  SessionOutput,
} from './session-output.ts';

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
/** Live batches that follow one another share an ACK of this distance, while credit is there. */
const ACK_MS = 2000;
/** Live quiet for so long leaves more of the window to repair. */
const LIVE_IDLE_MS = 2000;
/** Epochs of an agent that are told apart, unless it holds more. */
const EPOCHS_KEPT = 32;
/** Round trip assumed by the window's control; a session's own is not known to the collector. */
const TYPICAL_RTT_MS = 100;
/** The delay of the queue is found anew after that. */
const DELAY_HELD_MS = 20;
const NO_AUDITS: AuditOptions = { intervalMs: 0, windowMs: 0, settleMs: 0 };
const LANES = [LANE_EVENT, LANE_LIVE, LANE_REPAIR, LANE_READ] as const;

/**
 * The collector's end of all sessions, without any I/O: it is told what connections did and when,
 * and says through `take` what to send, what to store and what changed. The ledger decides what is
 * new: a frame that comes twice, whatever its way, is stored once.
 */
export class SessionMachine<Body> {
  readonly #options: SessionMachineOptions<Body>;
  readonly #agents = new Map<string, AgentRecord<Body>>();
  /** Open connections; undefined before HELLO. */
  readonly #connections = new Map<number, AgentRecord<Body> | undefined>();
  readonly #repair: RepairRounds<Body>;
  readonly #audits: AuditRounds<Body>;
  readonly #intake: Intake<Body>;
  readonly #credit: CreditController;
  #outputs: SessionOutput<Body>[] = [];
  #lastToken = 0;
  #lastPersist = 0;
  #lastSession = 0;
  #delayMs = 0;
  #delayAtMs = -Infinity;
  #lastTickMs: number | undefined;

  constructor(options: SessionMachineOptions<Body>) {
    this.#options = options;
    this.#repair = new RepairRounds(
      this.#agents,
      (connection, message) => this.#send(connection, message),
      options.repair,
    );
    this.#audits = new AuditRounds(this.#agents, options.audit ?? NO_AUDITS, {
      send: (connection, message) => this.#send(connection, message),
      digest: (question) => this.#outputs.push({ kind: 'DIGEST', question }),
      pullAgain: (range, nowMs) => this.#repair.pullAgain(range, nowMs),
      ended: (agentId, outcome) => this.#outputs.push({ kind: 'AUDITED', agentId, outcome }),
    });
    this.#intake = new Intake((sealed) => options.open(sealed));
    this.#credit = new CreditController(options.credit);
  }

  /** What is to be done, in order; each output is given once. */
  take(): SessionOutput<Body>[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** The ledger of an agent, to be read. */
  ledger(agentId: string): AgentLedger | undefined {
    return this.#agents.get(agentId)?.ledger;
  }

  get agentIds(): string[] {
    return [...this.#agents.keys()];
  }

  /** Frames that came again, from any way. */
  duplicateCount(agentId: string): number {
    return this.#agents.get(agentId)?.duplicateCount ?? 0;
  }

  /** Age of the oldest frame that is not stored, as it was at most `DELAY_HELD_MS` ago. */
  queueDelayMs(nowMs: number): number {
    // Each ACK tells it, and to find it takes a look at every agent.
    const age = nowMs - this.#delayAtMs;
    if (age < 0 || age >= DELAY_HELD_MS) {
      this.#delayAtMs = nowMs;
      this.#delayMs = this.#findDelay(nowMs);
    }
    return this.#delayMs;
  }

  #findDelay(nowMs: number): number {
    let delayMs = 0;
    for (const { oldestMs } of this.#agents.values()) {
      if (oldestMs !== undefined) delayMs = Math.max(delayMs, nowMs - oldestMs);
    }
    return delayMs;
  }

  /** Takes back in, at the start, a state that was written with a key of the ledger. */
  load(key: string, value: Uint8Array, nowMs: number): void {
    const rest = key.slice(LEDGER_STATE_PREFIX.length);
    const agent = this.#agent(rest.slice(0, rest.lastIndexOf('/')));
    const epoch = agent.ledger.loadEpoch(value, nowMs);
    if (epoch !== undefined) agent.durableEpochs.add(epoch.epoch);
  }

  connected(connection: number): void {
    this.#connections.set(connection, undefined);
  }

  /** The connection is gone: `up` is 0 at once. */
  disconnected(connection: number, nowMs: number): void {
    const agent = this.#connections.get(connection);
    this.#connections.delete(connection);
    if (agent?.session?.connection === connection) this.#endSession(agent, nowMs);
  }

  /** The connection is not read from: that nothing comes on it says nothing. */
  unread(connection: number, nowMs: number): void {
    const session = this.#connections.get(connection)?.session;
    if (session?.connection === connection) session.lastHeardMs = nowMs;
  }

  /** A message of the agent on this connection. */
  receive(connection: number, { epoch, message }: ReceivedMessage, nowMs: number): void {
    if (!this.#connections.has(connection)) return;
    const agent = this.#connections.get(connection);
    this.#receive(connection, { epoch, message }, nowMs);
    // A fence ends the session as a lost connection does.
    const fenced = !this.#connections.has(connection);
    if (fenced && agent?.session?.connection === connection) this.#endSession(agent, nowMs);
  }

  /** What became of an APPLY. */
  applied(agentId: string, token: number, result: ApplyResult, nowMs: number): void {
    const agent = this.#agents.get(agentId);
    if (agent?.applying === undefined || agent.applying.token !== token) return;
    const { frames } = agent.applying;
    agent.applying = undefined;
    for (const [index, { frame }] of frames.entries()) {
      const epoch = agent.ledger.epoch(frame.sealed.epoch);
      if (epoch === undefined || frame.again) continue;
      if (result.stored) {
        agent.durableEpochs.add(epoch.epoch);
        const rejected = result.rejected?.get(index);
        if (frame.byRepair) {
          const sinceMs = epoch.lane(frame.sealed.stream).missingSinceMs(frame.sealed.seq);
          if (sinceMs !== undefined) this.#outputs.push({ kind: 'REPAIRED', sinceMs, atMs: nowMs });
        }
        epoch.settle(frame.sealed, frame.byRepair, rejected);
        // The record said that all were stored; the truth follows it.
        if (rejected !== undefined) agent.dirty.add(epoch.epoch);
        if (frame.content.kind === 'SCHEMA') {
          epoch.schemaVersion = Math.max(epoch.schemaVersion, frame.content.change.version);
        }
      } else {
        epoch.drop(frame.sealed);
        agent.dirty.add(epoch.epoch);
      }
    }
    for (const waiting of frames) this.#consume(agent, waiting);
    if (!result.stored) {
      for (const waiting of agent.waiting) this.#consume(agent, waiting);
      const hadSchema = [...frames, ...agent.waiting].some(
        ({ frame }) => frame.content.kind === 'SCHEMA',
      );
      agent.forgetSchemas();
      if (hadSchema) this.#beginAgain(agent, nowMs);
    }
    if (agent.session !== undefined) this.#stored(agent, agent.session, frames, nowMs);
    this.#apply(agent, nowMs);
  }

  /** Tells of what was stored: at once where that is waited for, else with what follows. */
  #stored(
    agent: AgentRecord<Body>,
    session: AgentSession,
    frames: readonly Waiting<Body>[],
    nowMs: number,
  ): void {
    session.ackOwed = true;
    const isUrgent =
      session.ackDue ||
      session.rejections.length > 0 ||
      nowMs - session.lastAckMs >= ACK_MS ||
      session.credit.isLow(LANE_LIVE, false) ||
      frames.some(({ lane, frame }) => lane !== LANE_LIVE || frame.sealed.type === 'SCHEMA');
    if (isUrgent) this.#ack(agent, session, nowMs);
  }

  /** What became of a PERSIST with a token. */
  persisted(agentId: string, token: number, isStored: boolean, nowMs: number): void {
    const agent = this.#agents.get(agentId);
    const session = agent?.session;
    if (agent === undefined || session?.opening?.token !== token) return;
    if (isStored) {
      agent.durableEpochs.add(session.epoch);
      this.#welcome(agent, session, session.opening.hello, nowMs);
      return;
    }
    this.#close(session.connection, 'the epoch could not be stored');
    this.#endSession(agent, nowMs);
  }

  /** Time goes on: silence, credit, repair. */
  tick(nowMs: number): void {
    // Time in which this process did not run is no silence of the agents: what they sent meanwhile
    // is read after this.
    const sinceMs = nowMs - (this.#lastTickMs ?? nowMs);
    this.#lastTickMs = nowMs;
    const stallMs = sinceMs > STALL_MS ? sinceMs : 0;
    const delayMs = this.queueDelayMs(nowMs);
    this.#credit.observe(delayMs, TYPICAL_RTT_MS, nowMs);
    this.#repair.expire(nowMs);
    for (const agent of this.#agents.values()) {
      const { session } = agent;
      if (session !== undefined) {
        session.lastHeardMs = Math.min(nowMs, session.lastHeardMs + stallMs);
        this.#tickSession(agent, session, nowMs);
      }
      this.#persistDirty(agent);
      this.#fold(agent, nowMs);
    }
    this.#audits.tick(nowMs);
    this.#repair.schedule(nowMs);
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
    const agent = this.#connections.get(connection);
    if (message.type === 'HELLO') {
      if (agent === undefined) this.#hello(connection, epoch, message, nowMs);
      else this.#fence(connection, { reason: 'PROTOCOL', message: 'a second HELLO' });
      return;
    }
    const session = agent?.session;
    if (agent === undefined || session?.connection !== connection) {
      this.#fence(connection, { reason: 'PROTOCOL', message: `${message.type} before HELLO` });
      return;
    }
    session.lastHeardMs = nowMs;
    this.#setUp(agent, 1, nowMs);
    this.#receiveOpen(agent, session, message, nowMs);
    this.#apply(agent, nowMs);
  }

  #receiveOpen(
    agent: AgentRecord<Body>,
    session: AgentSession,
    message: Exclude<AgentMessage, Hello>,
    nowMs: number,
  ): void {
    switch (message.type) {
      case 'BATCH':
      case 'SCHEMA':
        session.lastLiveMs = nowMs;
        this.#live(agent, session, message, nowMs);
        break;
      case 'RANGE_DATA':
        this.#rangeData(agent, session, message, nowMs);
        break;
      case 'RANGE_GONE':
        this.#rangeGone(agent, session, message);
        break;
      case 'HEARTBEAT':
        this.#heartbeat(agent, session, message, nowMs);
        break;
      case 'BYE':
        this.#bye(agent, session, message, nowMs);
        break;
      case 'READ_CHUNK':
        session.credit.consume(LANE_READ, message.data.length);
        this.#answer(agent, message);
        break;
      case 'READ_END':
        this.#answer(agent, message);
        break;
      case 'AUDIT_RESULT':
        this.#audits.answered(agent.ledger.agentId, message);
        break;
      default: {
        const text = `${message.type} is for the collector to send`;
        this.#fence(session.connection, { reason: 'PROTOCOL', message: text });
      }
    }
  }

  /**
   * Ends the session, so that the next begins with the schemas: an agent sends them once in each,
   * and one whose batches around it are evicted cannot be pulled.
   */
  #beginAgain(agent: AgentRecord<Body>, nowMs: number): void {
    if (agent.session === undefined) return;
    this.#close(agent.session.connection, 'a schema could not be stored');
    this.#endSession(agent, nowMs);
  }

  #hello(connection: number, epoch: number, hello: Hello, nowMs: number): void {
    const { agentId } = hello;
    const agent = this.#agent(agentId);
    const currentEpoch = agent.ledger.currentEpoch;
    const known = agent.ledger.epoch(epoch)?.nonce;
    if (epoch < currentEpoch) {
      const message = `epoch ${epoch} is over, ${currentEpoch} is in force`;
      this.#fence(connection, { reason: 'SUPERSEDED', message, currentEpoch });
      return;
    }
    if (known !== undefined && known !== hello.nonce) {
      this.#outputs.push({ kind: 'ALARM', agentId, reason: 'CLONED' });
      const message = `another process has identity ${agentId} and epoch ${epoch}`;
      this.#fence(connection, { reason: 'CLONED', message, currentEpoch });
      return;
    }
    this.#supersede(agent, epoch, nowMs);
    this.#openSession({ connection, epoch }, agent, hello, nowMs);
  }

  /** A newer process, or the same one on a new connection, takes the place of the old session. */
  #supersede(agent: AgentRecord<Body>, epoch: number, nowMs: number): void {
    const { session } = agent;
    if (session === undefined) return;
    if (session.epoch < epoch) {
      const message = `epoch ${session.epoch} is over, ${epoch} is in force`;
      this.#fence(session.connection, { reason: 'SUPERSEDED', message, currentEpoch: epoch });
    } else {
      this.#close(session.connection, 'the agent has come back on another connection');
    }
    this.#endSession(agent, nowMs);
  }

  #openSession(
    { connection, epoch: epochNumber }: { connection: number; epoch: number },
    agent: AgentRecord<Body>,
    hello: Hello,
    nowMs: number,
  ): void {
    const { ledger } = agent;
    const grids = hello.groups.map(gridOf);
    const epoch = ledger.open(epochNumber, hello.nonce, grids, hello.previous, nowMs);
    this.#heard(epoch, hello.streams, nowMs);
    agent.holds(hello.previous);
    for (const each of ledger.epochs) agent.dirty.add(each.epoch);
    const session: AgentSession = {
      connection,
      sessionId: `${this.#options.runId}-${++this.#lastSession}`,
      epoch: epochNumber,
      credit: new SessionCredit(this.#credit),
      lastHeardMs: nowMs,
      lastLiveMs: nowMs,
      echoMs: 0,
      rejections: [],
      lastAckMs: -Infinity,
      ackOwed: false,
      ackDue: false,
      opening: undefined,
      pull: undefined,
    };
    agent.session = session;
    this.#connections.set(connection, agent);
    // A collector that forgot the epoch would let in a process that it has taken the place of.
    if (agent.durableEpochs.has(epochNumber)) this.#welcome(agent, session, hello, nowMs);
    else session.opening = { token: this.#persist(agent, epochNumber, true), hello };
    this.#outputs.push({ kind: 'HELLO', agentId: ledger.agentId, hello });
    this.#setUp(agent, 1, nowMs);
  }

  #welcome(agent: AgentRecord<Body>, session: AgentSession, hello: Hello, nowMs: number): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch === undefined) return;
    session.opening = undefined;
    const { agentId } = agent.ledger;
    this.#repair.connect(agentId);
    this.#audits.connect(agentId, hello.capabilities.includes('audit'), nowMs);
    this.#send(session.connection, {
      type: 'WELCOME',
      sessionId: session.sessionId,
      serverTimeMs: nowMs,
      heartbeatMs: this.#options.heartbeatMs,
      reconnectSpreadMs: this.#options.reconnectSpreadMs,
      codecs: hello.codecs.filter((codec) => codec === CODEC_NONE || codec === CODEC_DEFLATE),
      streams: marksOf(epoch, true),
      credit: this.#grants(session),
      schemaVersion: agent.schemaReceived(epoch),
      policy: this.#options.policyOf?.(hello),
      redirect: undefined,
    });
  }

  #live(agent: AgentRecord<Body>, session: AgentSession, sealed: Sealed, nowMs: number): void {
    if (sealed.epoch !== session.epoch) {
      const message = `a live frame of epoch ${sealed.epoch} in a session of ${session.epoch}`;
      this.#fence(session.connection, { reason: 'PROTOCOL', message });
      return;
    }
    const sizeBytes = frameBytes(sealed.payload.length);
    const from = { lane: sealed.stream, sizeBytes, connection: session.connection };
    if (!this.#intake.take(agent, sealed, { ...from, receivedMs: nowMs }, false)) {
      session.credit.consume(sealed.stream, sizeBytes);
    }
  }

  #rangeData(
    agent: AgentRecord<Body>,
    session: AgentSession,
    { requestId, sealed }: RangeData,
    nowMs: number,
  ): void {
    const sizeBytes = frameBytes(sealed.payload.length);
    this.#repair.received(agent.ledger.agentId, sizeBytes, nowMs);
    const from = { lane: LANE_REPAIR, sizeBytes, connection: session.connection };
    if (!this.#intake.take(agent, sealed, { ...from, receivedMs: nowMs }, true)) {
      session.credit.consume(LANE_REPAIR, sizeBytes);
    }
    this.#repair.answered(agent, session, { ...sealed, requestId }, [
      { from: sealed.seq, to: sealed.seq },
    ]);
  }

  #rangeGone(agent: AgentRecord<Body>, session: AgentSession, gone: RangeGone): void {
    const epoch = agent.ledger.epoch(gone.epoch);
    // It was heard of before its epoch's process died, which is why nobody has it.
    const tookAlong = gone.reason === 'NEVER_SEALED' && epoch?.state === 'SUPERSEDED';
    const reason = tookAlong ? 'CRASH' : gone.reason;
    if (epoch !== undefined && reason !== 'BUDGET' && reason !== 'DEADLINE') {
      for (const { from, to } of gone.ranges) epoch.lane(gone.stream).lose(from, to, reason);
      agent.dirty.add(gone.epoch);
    }
    this.#repair.answered(agent, session, gone, gone.ranges);
  }

  #heartbeat(
    agent: AgentRecord<Body>,
    session: AgentSession,
    heartbeat: Heartbeat,
    nowMs: number,
  ): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch === undefined) return;
    this.#heard(epoch, heartbeat.streams, nowMs);
    agent.ledger.heardPrevious(heartbeat.previous, nowMs);
    agent.holds(heartbeat.previous);
    for (const { group, tick } of heartbeat.ticks) epoch.heardTick(group, tick);
    session.echoMs = heartbeat.clockMs;
    // At once: it tells the agent that the collector lives, and the time of a round trip.
    this.#ack(agent, session, nowMs);
    // What is on its way may be what the agent waits for before it leaves.
    session.ackDue = agent.applying !== undefined || agent.waiting.length > 0;
    this.#repair.heard(agent.ledger.agentId);
  }

  #bye(agent: AgentRecord<Body>, session: AgentSession, bye: Bye, nowMs: number): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch !== undefined) {
      this.#heard(epoch, bye.streams, nowMs);
      let endMs = 0;
      for (const { group, tick } of bye.ticks) {
        epoch.heardTick(group, tick);
        const grid = epoch.grids.get(group);
        if (grid !== undefined) endMs = Math.max(endMs, grid.anchorMs + tick * grid.intervalMs + 1);
      }
      epoch.close('LEFT', endMs);
      agent.dirty.add(epoch.epoch);
    }
    this.#outputs.push({ kind: 'BYE', agentId: agent.ledger.agentId, bye });
    this.#close(session.connection, 'the agent left');
    this.#endSession(agent, nowMs);
  }

  #heard(epoch: EpochLedger, streams: readonly StreamExtent[], nowMs: number): void {
    for (const { stream, firstRetained, lastSeq } of streams) {
      epoch.lane(stream).heard(firstRetained, lastSeq, nowMs);
    }
  }

  #tickSession(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): void {
    if (nowMs - session.lastHeardMs > HEARTBEATS_MISSED * this.#options.heartbeatMs) {
      this.#close(session.connection, 'no heartbeat');
      this.#endSession(agent, nowMs);
      return;
    }
    session.credit.liveIdle = nowMs - session.lastLiveMs > LIVE_IDLE_MS;
    const isOwed = session.ackOwed && nowMs - session.lastAckMs >= ACK_MS;
    if (isOwed || session.rejections.length > 0) this.#ack(agent, session, nowMs);
  }

  #apply(agent: AgentRecord<Body>, nowMs: number): void {
    const job = agent.beginApply(this.#lastToken + 1, nowMs);
    if (job === undefined) return;
    const token = ++this.#lastToken;
    this.#outputs.push({ kind: 'APPLY', agentId: agent.ledger.agentId, token, ...job });
  }

  #consume(agent: AgentRecord<Body>, { connection, lane, sizeBytes }: Waiting<Body>): void {
    // Offsets count from the start of a session: bytes of an earlier one are none of its.
    if (agent.session?.connection === connection) agent.session.credit.consume(lane, sizeBytes);
  }

  #ack(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch === undefined || session.opening !== undefined) return;
    this.#send(session.connection, {
      type: 'ACK',
      streams: marksOf(epoch, false),
      credit: this.#grants(session),
      queueDelayMs: Math.round(this.queueDelayMs(nowMs)),
      serverTimeMs: nowMs,
      echoMs: session.echoMs,
      rejections: session.rejections,
    });
    session.rejections = [];
    session.lastAckMs = nowMs;
    session.ackOwed = false;
    session.ackDue = false;
    session.echoMs = 0;
  }

  #grants(session: AgentSession): LaneCredit[] {
    return LANES.map((lane) => ({
      lane,
      offsetBytes: session.credit.grant(lane, lane === LANE_REPAIR || lane === LANE_READ),
    }));
  }

  #endSession(agent: AgentRecord<Body>, nowMs: number): void {
    const { session } = agent;
    if (session === undefined) return;
    session.credit.close();
    agent.session = undefined;
    this.#repair.disconnect(agent.ledger.agentId);
    this.#audits.disconnect(agent.ledger.agentId);
    this.#setUp(agent, 0, nowMs);
  }

  #setUp(agent: AgentRecord<Body>, up: 0 | 1, nowMs: number): void {
    if (agent.up === up) return;
    agent.up = up;
    this.#outputs.push({ kind: 'UP', agentId: agent.ledger.agentId, up, atMs: nowMs });
  }

  #persistDirty(agent: AgentRecord<Body>): void {
    for (const epoch of agent.dirty) {
      // A record under way holds more than the ledger does: this would undo it.
      const isUnderWay = agent.applying?.frames.some(({ frame }) => frame.sealed.epoch === epoch);
      if (isUnderWay !== true) this.#persist(agent, epoch, false);
    }
  }

  /** The token, where somebody waits for it. */
  #persist(agent: AgentRecord<Body>, epoch: number, isWaitedFor: boolean): number {
    agent.dirty.delete(epoch);
    const { agentId } = agent.ledger;
    const key = agent.ledger.stateKey(epoch);
    const states = [{ key, value: agent.ledger.encodeEpoch(epoch) }];
    const token = isWaitedFor ? ++this.#lastPersist : undefined;
    this.#outputs.push({ kind: 'PERSIST', agentId, states, token });
    return token ?? 0;
  }

  /** Keeps only sums of the oldest epochs. */
  #fold(agent: AgentRecord<Body>, nowMs: number): void {
    const { epochsKept = EPOCHS_KEPT } = this.#options;
    const { ledger } = agent;
    const epochs = ledger.fold(epochsKept, (epoch) => agent.held.has(epoch), nowMs);
    if (epochs.length === 0) return;
    const { agentId } = ledger;
    const removed = epochs.map((epoch) => ({ key: ledger.stateKey(epoch), value: undefined }));
    const states = [ledger.foldedState(), ...removed];
    for (const epoch of epochs) agent.forget(epoch);
    this.#outputs.push({ kind: 'PERSIST', agentId, states, token: undefined });
    this.#outputs.push({ kind: 'FOLDED', agentId, epochs });
  }

  #answer(agent: AgentRecord<Body>, message: ControlMessage): void {
    this.#outputs.push({ kind: 'ANSWER', agentId: agent.ledger.agentId, message });
  }

  #fence(
    connection: number,
    { reason, message, currentEpoch = 0 }: { reason: FenceReason } & Partial<Fence>,
  ): void {
    const text = message ?? '';
    this.#send(connection, {
      type: 'FENCE',
      reason,
      message: text,
      currentEpoch,
      retryAfterMs: undefined,
    });
    this.#close(connection, `${reason}: ${text}`);
  }

  #close(connection: number, reason: string): void {
    this.#connections.delete(connection);
    this.#outputs.push({ kind: 'CLOSE', connection, reason });
  }

  #send(connection: number, message: ControlMessage): void {
    const epoch = this.#connections.get(connection)?.session?.epoch ?? 0;
    this.#outputs.push({ kind: 'SEND', connection, epoch, message });
  }

  #agent(agentId: string): AgentRecord<Body> {
    let agent = this.#agents.get(agentId);
    if (agent === undefined) {
      agent = new AgentRecord(agentId);
      this.#agents.set(agentId, agent);
    }
    return agent;
  }
}

function gridOf({ group, intervalMs, anchorMs }: GroupPolicy): TickGrid {
  return { group, intervalMs, anchorMs };
}

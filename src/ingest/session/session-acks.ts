import type { Blocked, LaneCredit } from '../../formats/tide/index.ts';
import {
  LANE_EVENT,
  LANE_LIVE,
  LANE_READ,
  LANE_REPAIR,
  SEQ_RANGES_MAX,
} from '../../formats/tide/index.ts';
import {
  CreditController,
  type CreditOptions,
  CreditTurns,
  SessionCredit,
} from '../../sources/index.ts';
import type { AgentRecord, AgentSession, Waiting } from './agent-record.ts';
import { marksOf } from './marks.ts';
import type { SessionTable } from './session-table.ts';

/**
 * Live batches that follow one another share an ACK of this distance, while credit is there: more
 * than heartbeats usually are apart, whose answers are ACKs as well. To send one costs half of what
 * it costs to store a small batch.
 */
const ACK_MS = 6000;
/** Live quiet for so long leaves more of the window to repair. */
const LIVE_IDLE_MS = 2000;
/** Round trip assumed by the window's control; a session's own is not known to the collector. */
const TYPICAL_RTT_MS = 100;
/** Where live has waited for its turn for so long, one agent or another, repair waits as well. */
const LIVE_TURN_MS = 200;
/** With a queue of more than that nothing is pulled. */
const REPAIR_DELAY_MS_MAX = 1000;
/** With a queue of more than that, and of more than the window, what comes is left to repair. */
const DEFER_DELAY_MS = 500;
/** The delay of the queue is found anew after that. */
const DELAY_HELD_MS = 20;
const LANES = [LANE_EVENT, LANE_LIVE, LANE_REPAIR, LANE_READ] as const;

/** When ACKs go out, what they grant, and the delay of the queue that the windows follow. */
export class SessionAcks<Body> {
  readonly #table: SessionTable<Body>;
  readonly #credit: CreditController;
  readonly #turns = new CreditTurns<AgentRecord<Body>>();
  #delayMs = 0;
  #delayAtMs = -Infinity;

  constructor(table: SessionTable<Body>, credit?: Partial<CreditOptions>) {
    this.#table = table;
    this.#credit = new CreditController(credit);
  }

  /** The windows of a session that begins. */
  open(): SessionCredit {
    return new SessionCredit(this.#credit);
  }

  /** Time goes on: the windows of all sessions follow the delay of the queue. */
  tick(nowMs: number): void {
    this.#credit.observe(this.queueDelayMs(nowMs), TYPICAL_RTT_MS, nowMs);
    this.passOn(nowMs);
  }

  /** A frame came in and goes to the store. */
  queued(agent: AgentRecord<Body>, sizeBytes: number, nowMs: number): void {
    this.#credit.queued(nowMs);
    this.#turns.queued(agent, sizeBytes);
  }

  /** A frame is stored, or will not be. */
  done(sizeBytes: number, nowMs: number): void {
    this.#credit.done(sizeBytes, nowMs);
    this.#turns.done(sizeBytes);
  }

  /** The session of an agent is over. */
  leave(agent: AgentRecord<Body>): void {
    this.#turns.leave(agent);
  }

  /** Bytes that wait for the store. */
  get queuedBytes(): number {
    return this.#turns.queuedBytes;
  }

  /** Lets those send whose turn it is, as far as there is room. */
  passOn(nowMs: number): void {
    // Without congestion nobody has to wait, and those who did need not any more.
    const roomBytes = this.#credit.isCongested ? this.#credit.windowBytes : Infinity;
    for (;;) {
      const agent = this.#turns.next(roomBytes, nowMs);
      if (agent === undefined) return;
      if (agent.session === undefined) continue;
      agent.session.credit.grantTurn(LANE_LIVE);
      this.send(agent, agent.session, nowMs);
    }
  }

  /**
   * Whether a batch that comes is to be left in the agent's ring: what was granted before the
   * congestion is not taken back, and may be many seconds of work.
   */
  mustDefer(lane: number, nowMs: number): boolean {
    if (lane !== LANE_LIVE) return false;
    const delayMs = this.queueDelayMs(nowMs);
    if (delayMs <= DEFER_DELAY_MS) return false;
    // Not at the next tick: a collector that was held up reads seconds of work before it comes.
    this.#credit.observe(delayMs, TYPICAL_RTT_MS, nowMs);
    return this.queuedBytes > this.#credit.windowBytes;
  }

  /**
   * Whether anything may be pulled: what is late already can wait longer, as it is in the rings,
   * and what is fresh goes first.
   */
  mayRepair(nowMs: number): boolean {
    const isBusy = this.#credit.isCongested && this.#turns.waitedMs(nowMs) > LIVE_TURN_MS;
    return !isBusy && this.queueDelayMs(nowMs) <= REPAIR_DELAY_MS_MAX;
  }

  /** For answers to pulls, those under way included: what is left of a window that is short. */
  repairRoomBytes(): number {
    if (!this.#credit.isCongested) return Infinity;
    return this.#credit.windowBytes - this.queuedBytes;
  }

  tickSession(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): void {
    session.credit.liveIdle = nowMs - session.lastLiveMs > LIVE_IDLE_MS;
    const isOwed = session.ackOwed && nowMs - session.lastAckMs >= ACK_MS;
    const isHeldUp = session.pull !== undefined && session.credit.isLow(LANE_REPAIR, true);
    const isTurn = this.#askTurn(agent, session, nowMs);
    const isForgotten = !isTurn && isBlocked(session) && session.credit.isSpent(LANE_LIVE);
    if (
      isOwed ||
      isForgotten ||
      session.rejections.length > 0 ||
      (isHeldUp && this.mayRepair(nowMs))
    ) {
      this.send(agent, session, nowMs);
    }
  }

  /** Tells of what was stored: at once where that is waited for, else with what follows. */
  stored(
    agent: AgentRecord<Body>,
    session: AgentSession,
    frames: readonly Waiting<Body>[],
    nowMs: number,
  ): void {
    session.ackOwed = true;
    this.#askTurn(agent, session, nowMs);
    const isUrgent =
      session.askedFrames > 0 ||
      session.rejections.length > 0 ||
      nowMs - session.lastAckMs >= ACK_MS ||
      (!this.#credit.isCongested && session.credit.isLow(LANE_LIVE, false)) ||
      frames.some(({ lane, frame }) => lane !== LANE_LIVE || frame.sealed.type === 'SCHEMA');
    session.askedFrames = Math.max(0, session.askedFrames - frames.length);
    if (isUrgent) this.send(agent, session, nowMs);
    this.passOn(nowMs);
  }

  /** A frame of the agent waits for credit. */
  blocked(
    agent: AgentRecord<Body>,
    session: AgentSession,
    { stream, offsetBytes }: Blocked,
    nowMs: number,
  ): void {
    if (stream === LANE_LIVE) session.blockedAtBytes = offsetBytes;
    if (stream !== LANE_LIVE || !this.#askTurn(agent, session, nowMs)) {
      this.send(agent, session, nowMs);
    }
  }

  /**
   * Whether live frames of the agent wait for a turn: where agents take turns those ask for one
   * that have something to send, once what they sent before is dealt with. The others get theirs
   * where there is room.
   */
  #askTurn(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): boolean {
    if (!this.#credit.isCongested || session.opening !== undefined) return false;
    const isWaiting = isBlocked(session);
    if (session.credit.isSpent(LANE_LIVE)) {
      if (isWaiting) this.#turns.ask(agent, nowMs);
      else this.#turns.offer(agent);
    }
    return isWaiting;
  }

  /** Sends an ACK, once there was a WELCOME. */
  send(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch === undefined || session.opening !== undefined) return;
    this.#table.send(session.connection, {
      type: 'ACK',
      streams: marksOf(epoch, false),
      credit: this.#grants(session, nowMs),
      queueDelayMs: Math.round(this.queueDelayMs(nowMs)),
      serverTimeMs: nowMs,
      echoMs: session.echoMs,
      rejections: session.rejections.slice(0, SEQ_RANGES_MAX),
    });
    session.rejections = session.rejections.slice(SEQ_RANGES_MAX);
    session.lastAckMs = nowMs;
    session.ackOwed = false;
    session.echoMs = 0;
  }

  /** What a session may send at its beginning. */
  firstGrants(session: AgentSession): LaneCredit[] {
    return LANES.map((lane) => ({
      lane,
      offsetBytes: session.credit.grant(lane, lane === LANE_REPAIR || lane === LANE_READ),
    }));
  }

  #grants(session: AgentSession, nowMs: number): LaneCredit[] {
    const { credit } = session;
    return LANES.map((lane) => {
      const isHeld =
        (lane === LANE_LIVE && this.#credit.isCongested) ||
        (lane === LANE_REPAIR && !this.mayRepair(nowMs));
      const isLater = lane === LANE_REPAIR || lane === LANE_READ;
      return { lane, offsetBytes: isHeld ? credit.granted(lane) : credit.grant(lane, isLater) };
    });
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
    for (const { oldestMs } of this.#table.agents.values()) {
      if (oldestMs !== undefined) delayMs = Math.max(delayMs, nowMs - oldestMs);
    }
    return delayMs;
  }
}

/** A live frame waits at the agent for credit that was not granted yet. */
function isBlocked({ blockedAtBytes, credit }: AgentSession): boolean {
  return blockedAtBytes >= credit.granted(LANE_LIVE);
}

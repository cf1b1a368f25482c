import type { LaneCredit } from '../../formats/tide/index.ts';
import { LANE_EVENT, LANE_LIVE, LANE_READ, LANE_REPAIR } from '../../formats/tide/index.ts';
import { CreditController, type CreditOptions, SessionCredit } from '../../sources/index.ts';
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
/** The delay of the queue is found anew after that. */
const DELAY_HELD_MS = 20;
const LANES = [LANE_EVENT, LANE_LIVE, LANE_REPAIR, LANE_READ] as const;

/** When ACKs go out, what they grant, and the delay of the queue that the windows follow. */
export class SessionAcks<Body> {
  readonly #table: SessionTable<Body>;
  readonly #credit: CreditController;
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
  }

  tickSession(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): void {
    session.credit.liveIdle = nowMs - session.lastLiveMs > LIVE_IDLE_MS;
    const isOwed = session.ackOwed && nowMs - session.lastAckMs >= ACK_MS;
    if (isOwed || session.rejections.length > 0) this.send(agent, session, nowMs);
  }

  /** Tells of what was stored: at once where that is waited for, else with what follows. */
  stored(
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
    if (isUrgent) this.send(agent, session, nowMs);
  }

  /** Sends an ACK, once there was a WELCOME. */
  send(agent: AgentRecord<Body>, session: AgentSession, nowMs: number): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch === undefined || session.opening !== undefined) return;
    this.#table.send(session.connection, {
      type: 'ACK',
      streams: marksOf(epoch, false),
      credit: this.grants(session),
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

  grants(session: AgentSession): LaneCredit[] {
    return LANES.map((lane) => ({
      lane,
      offsetBytes: session.credit.grant(lane, lane === LANE_REPAIR || lane === LANE_READ),
    }));
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

import type {
  Bye,
  Heartbeat,
  Hello,
  RangeData,
  RangeGone,
  Sealed,
} from '../../formats/tide/index.ts';
import { frameBytes, LANE_READ, LANE_REPAIR } from '../../formats/tide/index.ts';
import type { AgentRecord, AgentSession } from './agent-record.ts';
import type { AuditRounds } from './audit-rounds.ts';
import type { Intake } from './intake.ts';
import type { RepairRounds } from './repair-rounds.ts';
import type { SessionAcks } from './session-acks.ts';
import type { AgentMessage } from './session-output.ts';
import { hearExtents, type SessionTable } from './session-table.ts';

export interface SessionMessagesOptions<Body> {
  readonly table: SessionTable<Body>;
  readonly acks: SessionAcks<Body>;
  readonly repair: RepairRounds<Body>;
  readonly audits: AuditRounds<Body>;
  readonly intake: Intake<Body>;
}

/** What agents say in a session that is open, and what follows from it. */
export class SessionMessages<Body> {
  readonly #options: SessionMessagesOptions<Body>;
  readonly #table: SessionTable<Body>;

  constructor(options: SessionMessagesOptions<Body>) {
    this.#options = options;
    this.#table = options.table;
  }

  /** Any message but HELLO. */
  receive(
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
      case 'BLOCKED':
        this.#options.acks.blocked(agent, session, message, nowMs);
        break;
      case 'BYE':
        this.#bye(agent, session, message, nowMs);
        break;
      case 'READ_CHUNK':
        session.credit.consume(LANE_READ, message.data.length);
        this.#table.emit({ kind: 'ANSWER', agentId: agent.ledger.agentId, message });
        break;
      case 'READ_END':
        this.#table.emit({ kind: 'ANSWER', agentId: agent.ledger.agentId, message });
        break;
      case 'AUDIT_RESULT':
        this.#options.audits.answered(agent.ledger.agentId, message);
        break;
      default: {
        const text = `${message.type} is for the collector to send`;
        this.#table.fence(session.connection, { reason: 'PROTOCOL', message: text });
      }
    }
  }

  #live(agent: AgentRecord<Body>, session: AgentSession, sealed: Sealed, nowMs: number): void {
    if (sealed.epoch !== session.epoch) {
      const message = `a live frame of epoch ${sealed.epoch} in a session of ${session.epoch}`;
      this.#table.fence(session.connection, { reason: 'PROTOCOL', message });
      return;
    }
    const sizeBytes = frameBytes(sealed.payload.length);
    if (sealed.type === 'BATCH' && this.#options.acks.mustDefer(sealed.stream, nowMs)) {
      // Not opened and not kept: it is missing from now on, and in the agent's ring.
      const lane = agent.ledger.epoch(sealed.epoch)?.lane(sealed.stream);
      lane?.heard(lane.firstRetained, sealed.seq, nowMs);
      session.credit.consume(sealed.stream, sizeBytes);
      return;
    }
    const from = { lane: sealed.stream, sizeBytes, connection: session.connection };
    if (this.#options.intake.take(agent, sealed, { ...from, receivedMs: nowMs }, false)) {
      this.#options.acks.queued(agent, sizeBytes, nowMs);
    } else {
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
    this.#options.repair.received(agent.ledger.agentId, sizeBytes, nowMs);
    const from = { lane: LANE_REPAIR, sizeBytes, connection: session.connection };
    if (this.#options.intake.take(agent, sealed, { ...from, receivedMs: nowMs }, true)) {
      this.#options.acks.queued(agent, sizeBytes, nowMs);
    } else {
      session.credit.consume(LANE_REPAIR, sizeBytes);
    }
    const { epoch, stream, seq } = sealed;
    const ranges = [{ from: seq, to: seq }];
    const part = { requestId, epoch, stream, ranges, isPutOff: false };
    this.#options.repair.answered(agent, session, part);
  }

  #rangeGone(agent: AgentRecord<Body>, session: AgentSession, gone: RangeGone): void {
    const epoch = agent.ledger.epoch(gone.epoch);
    // It was heard of before its epoch's process died, which is why nobody has it.
    const tookAlong = gone.reason === 'NEVER_SEALED' && epoch?.state === 'SUPERSEDED';
    const reason = tookAlong ? 'CRASH' : gone.reason;
    const isPutOff = reason === 'BUDGET' || reason === 'DEADLINE';
    if (epoch !== undefined && !isPutOff) {
      const lane = epoch.lane(gone.stream);
      for (const { from, to } of gone.ranges) {
        lane.lose(from, to, reason);
        // Nobody can say any more: what the record says stands.
        lane.unconfirmed.remove(from, to);
      }
      agent.dirty.add(gone.epoch);
    }
    this.#options.repair.answered(agent, session, { ...gone, isPutOff });
  }

  #heartbeat(
    agent: AgentRecord<Body>,
    session: AgentSession,
    heartbeat: Heartbeat,
    nowMs: number,
  ): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch === undefined) return;
    hearExtents(epoch, heartbeat.streams, nowMs);
    epoch.heardTicks(heartbeat.ticks, heartbeat.clockMs);
    agent.ledger.heardPrevious(heartbeat.previous, nowMs);
    agent.holds(heartbeat.previous);
    agent.clock.heard(heartbeat, nowMs);
    session.echoMs = heartbeat.clockMs;
    // At once: it tells the agent that the collector lives, and the time of a round trip.
    this.#options.acks.send(agent, session, nowMs);
    // What is on its way may be what the agent waits for before it leaves.
    session.askedFrames = (agent.applying?.frames.length ?? 0) + agent.waiting.length;
    this.#options.repair.heard(agent.ledger.agentId, agent.clock.rttMs);
  }

  #bye(agent: AgentRecord<Body>, session: AgentSession, bye: Bye, nowMs: number): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch !== undefined) {
      hearExtents(epoch, bye.streams, nowMs);
      let endMs = 0;
      for (const { group, tick } of bye.ticks) {
        epoch.heardTick(group, tick);
        const grid = epoch.grids.get(group);
        if (grid !== undefined) endMs = Math.max(endMs, grid.anchorMs + tick * grid.intervalMs + 1);
      }
      epoch.close('LEFT', endMs);
      agent.dirty.add(epoch.epoch);
    }
    this.#table.emit({ kind: 'BYE', agentId: agent.ledger.agentId, bye });
    this.#table.close(session.connection, 'the agent left');
    this.#table.end(agent, nowMs);
  }
}

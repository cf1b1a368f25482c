import type { SeqRange, Stream } from '../../formats/tide/index.ts';
import {
  type RepairGap,
  type RepairOptions,
  type RepairRequest,
  RepairScheduler,
} from '../../sources/index.ts';
import { IntervalSet } from '../../util/index.ts';
import type { AgentRecord, AgentSession, EpochGap, PullState } from './agent-record.ts';
import type { SessionTable } from './session-table.ts';

/** Sequence numbers that the ledger has as stored. */
export interface StoredRange {
  readonly agentId: string;
  readonly epoch: number;
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
}

/** What an agent answered of a pull. */
interface PullPart {
  readonly requestId: number;
  readonly epoch: number;
  readonly stream: number;
  readonly ranges: readonly SeqRange[];
  /** It has them, and had no room or no time left to send them. */
  readonly isPutOff: boolean;
}

/** Until the agent says how long it retains. */
const RETENTION_MS_GUESS = 3_600_000;
/** Of gaps, by lane: an event is waited for. */
const CLASS_WEIGHTS = [4, 1];

/**
 * Repair by pull, over the sessions that are open: what the ledgers miss goes to the scheduler, its
 * requests to the agents, and what came of them back.
 */
export class RepairRounds<Body> {
  readonly #scheduler: RepairScheduler;
  readonly #table: SessionTable<Body>;

  constructor(table: SessionTable<Body>, options?: Partial<RepairOptions>) {
    this.#table = table;
    this.#scheduler = new RepairScheduler(options);
  }

  /** The agent has a session. */
  connect(agentId: string): void {
    this.#scheduler.connect(agentId);
  }

  /** The session is over: what was asked for is missing as before. */
  disconnect(agentId: string): void {
    const request = this.#scheduler.disconnect(agentId);
    if (request !== undefined) this.#release(request);
  }

  /** A heartbeat came, over a way there and back of so long, where that is known. */
  heard(agentId: string, rttMs: number | undefined): void {
    this.#scheduler.heard(agentId, rttMs);
  }

  /** A frame came by repair. */
  received(agentId: string, sizeBytes: number, nowMs: number): void {
    this.#scheduler.received(agentId, sizeBytes, nowMs);
  }

  /** Gives up requests whose time is over. */
  expire(nowMs: number): void {
    for (const request of this.#scheduler.expire(nowMs)) this.#release(request);
  }

  /**
   * Pulls stored sequence numbers again, when an audit found that the store does not have what they
   * brought. The ledger stays as it is; the store keeps what it has and takes what it lacks. Gives
   * the pull, which may be of fewer; undefined where the agent cannot be asked now.
   */
  pullAgain(key: StoredRange, nowMs: number): PullState | undefined {
    const agent = this.#table.agents.get(key.agentId);
    if (agent?.session === undefined || !this.#scheduler.idle(key.agentId)) return undefined;
    const since = { sinceMs: -Infinity, timeToEvictionMs: 0 };
    const urgent = { ...key, ...since, classWeight: 1, inAlertWindow: false };
    const request = this.#scheduler.next([urgent], nowMs);
    if (request === undefined) return undefined;
    return this.#sendPull(agent, agent.session, request, true);
  }

  /**
   * Asks some agents for what is missing, the most urgent first, as far as the budget goes and
   * there is room.
   */
  schedule(agents: Iterable<AgentRecord<Body>>, nowMs: number, roomBytes: number): void {
    const gaps: RepairGap[] = [];
    for (const agent of agents) {
      if (agent.session === undefined) continue;
      if (agent.mayBeUnconfirmed) this.#pullUnconfirmed(agent, nowMs);
      // Fast path: nothing is missing, of almost every agent almost all of the time.
      if (agent.ledger.missingCount === 0) continue;
      if (this.#scheduler.idle(agent.ledger.agentId)) {
        for (const sealed of agent.rejectHopeless(nowMs)) {
          const fault = 'its schema is not here, and cannot come any more';
          this.#table.rejected(agent, sealed, { reason: 'SCHEMA', fault });
        }
        gaps.push(...agent.gaps().map((gap) => repairGap(agent.ledger.agentId, gap, nowMs)));
      }
    }
    for (const request of this.#scheduler.round(gaps, nowMs, roomBytes)) {
      const agent = this.#table.agents.get(request.agentId);
      if (agent?.session === undefined) continue;
      const lane = agent.ledger.epoch(request.epoch)?.lane(request.stream);
      for (const { from, to } of request.ranges) lane?.request(from, to);
      this.#sendPull(agent, agent.session, request, false);
    }
  }

  /** What a process before this one stored, and did not live to say what of it was refused. */
  #pullUnconfirmed(agent: AgentRecord<Body>, nowMs: number): void {
    if (agent.isApplyingAgain || !this.#scheduler.idle(agent.ledger.agentId)) return;
    const range = agent.unconfirmed();
    if (range !== undefined) this.pullAgain(range, nowMs);
  }

  #sendPull(
    { ledger }: AgentRecord<Body>,
    session: AgentSession,
    request: RepairRequest,
    again: boolean,
  ): PullState {
    const { requestId, epoch, ranges, budgetBytes, timeoutMs } = request;
    const left = new IntervalSet();
    for (const { from, to } of ranges) left.add(from, to);
    const { stream } = request;
    const pull = { requestId, epoch, stream, left, putOff: new IntervalSet(), again };
    session.pull = pull;
    this.#table.send(session.connection, {
      type: 'PULL_RANGE',
      requestId,
      epoch,
      nonce: ledger.epoch(epoch)?.nonce,
      stream: stream === 0 ? 0 : 1,
      ranges,
      budgetBytes,
      timeoutMs,
    });
    return pull;
  }

  /** A request is over: what it did not bring is missing as before. */
  #release({ agentId, epoch, stream, ranges, requestId }: RepairRequest): void {
    const agent = this.#table.agents.get(agentId);
    const lane = agent?.ledger.epoch(epoch)?.lane(stream);
    for (const { from, to } of ranges) lane?.release(from, to);
    if (agent?.session?.pull?.requestId === requestId) agent.session.pull = undefined;
  }

  /** Part of a pull was answered, one way or the other; ends it when all was. */
  answered(
    agent: AgentRecord<Body>,
    session: AgentSession,
    { requestId, epoch, stream, ranges, isPutOff }: PullPart,
  ): void {
    const { pull } = session;
    if (pull?.requestId !== requestId) return;
    if (pull.epoch !== epoch || pull.stream !== stream) return;
    for (const { from, to } of ranges) {
      const parts = isPutOff ? pull.left.ranges(from, to) : [];
      for (const part of parts) pull.putOff.add(part.from, part.to);
      pull.left.remove(from, to);
    }
    if (pull.left.size > 0) return;
    session.pull = undefined;
    const { agentId } = agent.ledger;
    const request = this.#scheduler.underWay(agentId, pull.requestId);
    if (request !== undefined) this.#release(request);
    this.#scheduler.complete(agentId);
  }
}

function repairGap(agentId: string, gap: EpochGap, nowMs: number): RepairGap {
  return {
    ...gap,
    agentId,
    timeToEvictionMs: RETENTION_MS_GUESS - (nowMs - gap.sinceMs),
    classWeight: CLASS_WEIGHTS[gap.stream] ?? 1,
    inAlertWindow: false,
  };
}

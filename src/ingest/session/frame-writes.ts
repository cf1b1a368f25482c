import { accountsOf, type AgentRecord, type ApplyJob, type Waiting } from './agent-record.ts';
import type { SessionAcks } from './session-acks.ts';
import type { ApplyResult } from './session-output.ts';
import type { SessionTable } from './session-table.ts';

/**
 * Frames on their way to the store, one write of an agent at a time: hands them out with the
 * ledger's state, and takes down what became of them.
 */
export class FrameWrites<Body> {
  readonly #table: SessionTable<Body>;
  readonly #acks: SessionAcks<Body>;
  #lastToken = 0;

  constructor(table: SessionTable<Body>, acks: SessionAcks<Body>) {
    this.#table = table;
    this.#acks = acks;
  }

  /** Hands out what waits, where nothing of the agent is being written. */
  begin(agent: AgentRecord<Body>, nowMs: number): void {
    const token = this.#lastToken + 1;
    let job: ApplyJob<Body> | undefined;
    try {
      job = agent.beginApply(token, nowMs);
    } catch (error) {
      this.#giveUp(agent, nowMs);
      throw error;
    }
    if (job === undefined) return;
    this.#lastToken = token;
    this.#table.emit({ kind: 'APPLY', agentId: agent.ledger.agentId, token, ...job });
  }

  /** What became of an APPLY. */
  ended(agentId: string, token: number, result: ApplyResult, nowMs: number): void {
    const agent = this.#table.agents.get(agentId);
    if (agent?.applying === undefined || agent.applying.token !== token) return;
    const { frames } = agent.applying;
    try {
      this.#takeDown(agent, frames, result, nowMs);
      agent.applying = undefined;
      this.#tellRefused(agent, frames, result);
      for (const waiting of frames) this.#consume(agent, waiting, nowMs);
      if (!result.stored) this.#forget(agent, frames, nowMs);
      if (agent.session !== undefined) this.#acks.stored(agent, agent.session, frames, nowMs);
    } catch (error) {
      if (result.stored) this.#takeBack(agent, nowMs);
      this.#giveUp(agent, nowMs);
      throw error;
    }
    this.begin(agent, nowMs);
  }

  /** Puts into the ledger what became of frames. */
  #takeDown(
    agent: AgentRecord<Body>,
    frames: readonly Waiting<Body>[],
    result: ApplyResult,
    nowMs: number,
  ): void {
    for (const [index, waiting] of frames.entries()) {
      if (waiting.frame.again) {
        if (result.stored) this.#confirm(agent, waiting, result.rejected?.get(index));
      } else if (result.stored) this.#settle(agent, waiting, result.rejected?.get(index), nowMs);
      else this.#drop(agent, waiting);
    }
  }

  /**
   * Where a bug left the ledger half changed by what was stored, it is made anew of the state that
   * was written with that, as after a restart. What the store refused is found out by pulling it
   * again.
   */
  #takeBack(agent: AgentRecord<Body>, nowMs: number): void {
    if (agent.applying === undefined) return;
    for (const { value } of agent.applying.states) {
      if (value !== undefined) agent.ledger.loadEpoch(value, nowMs);
    }
    agent.mayBeUnconfirmed = true;
  }

  /**
   * After a bug: forgets all of the agent that is not stored, so that it is missing and pulled, and
   * ends its session.
   */
  #giveUp(agent: AgentRecord<Body>, nowMs: number): void {
    const frames = [...(agent.applying?.frames ?? []), ...agent.waiting];
    agent.applying = undefined;
    agent.waiting = [];
    for (const waiting of frames) {
      if (!waiting.frame.again) this.#drop(agent, waiting);
      this.#consume(agent, waiting, nowMs);
    }
    agent.forgetSchemas();
    this.#endSession(agent, 'a fault of the collector', nowMs);
  }

  /** @param rejected samples that the store refused, by group. */
  #settle(
    agent: AgentRecord<Body>,
    { frame }: Waiting<Body>,
    rejected: ReadonlyMap<number, number> | undefined,
    nowMs: number,
  ): void {
    const { sealed, byRepair, content } = frame;
    const epoch = agent.ledger.epoch(sealed.epoch);
    if (epoch === undefined) return;
    agent.durableEpochs.add(epoch.epoch);
    if (byRepair) {
      const sinceMs = epoch.lane(sealed.stream).missingSinceMs(sealed.seq);
      if (sinceMs !== undefined) this.#table.emit({ kind: 'REPAIRED', sinceMs, atMs: nowMs });
    }
    epoch.settle(sealed, byRepair, rejected);
    // The record said that all were stored; the truth follows it.
    if (rejected !== undefined) agent.dirty.add(epoch.epoch);
    if (content.kind === 'SCHEMA') {
      epoch.schemaVersion = Math.max(epoch.schemaVersion, content.change.version);
    }
  }

  /** Why samples were refused, for the agent: one entry for each reason and lane. */
  #tellRefused(
    { session }: AgentRecord<Body>,
    frames: readonly Waiting<Body>[],
    { refused }: ApplyResult,
  ): void {
    if (session === undefined || refused === undefined) return;
    for (const [index, byReason] of refused) {
      const sealed = frames[index]?.frame.sealed;
      if (sealed === undefined) continue;
      const { stream, seq } = sealed;
      for (const [reason, samples] of byReason) {
        const { rejections } = session;
        const at = rejections.findIndex((one) => {
          return one.stream === stream && one.reason === reason && one.samples > 0;
        });
        const before = rejections[at]?.samples ?? 0;
        rejections.splice(at < 0 ? rejections.length : at, 1, {
          ...{ stream, seq, reason },
          samples: before + samples,
        });
      }
    }
  }

  /** What was stored before came again: what the store says of it, it would have said then. */
  #confirm(
    agent: AgentRecord<Body>,
    { frame: { sealed, content } }: Waiting<Body>,
    rejected: ReadonlyMap<number, number> | undefined,
  ): void {
    const epoch = agent.ledger.epoch(sealed.epoch);
    if (epoch?.confirm(sealed, accountsOf(content), rejected) === true) {
      agent.dirty.add(sealed.epoch);
    }
  }

  #drop(agent: AgentRecord<Body>, { frame }: Waiting<Body>): void {
    const epoch = agent.ledger.epoch(frame.sealed.epoch);
    if (epoch === undefined) return;
    epoch.drop(frame.sealed);
    agent.dirty.add(epoch.epoch);
  }

  /** Nothing was stored: what waits behind it may need the schemas that were in it. */
  #forget(agent: AgentRecord<Body>, frames: readonly Waiting<Body>[], nowMs: number): void {
    for (const waiting of agent.waiting) this.#consume(agent, waiting, nowMs);
    const hadSchema = [...frames, ...agent.waiting].some(
      ({ frame }) => frame.content.kind === 'SCHEMA',
    );
    agent.forgetSchemas();
    // The next session begins with the schemas: an agent sends them once in each, and one whose
    // batches around it are evicted cannot be pulled.
    if (hadSchema) this.#endSession(agent, 'a schema could not be stored', nowMs);
  }

  #endSession(agent: AgentRecord<Body>, reason: string, nowMs: number): void {
    if (agent.session === undefined) return;
    this.#table.close(agent.session.connection, reason);
    this.#table.end(agent, nowMs);
  }

  #consume(
    agent: AgentRecord<Body>,
    { connection, lane, sizeBytes }: Waiting<Body>,
    nowMs: number,
  ): void {
    this.#acks.done(sizeBytes, nowMs);
    // Offsets count from the start of a session: bytes of an earlier one are none of its.
    if (agent.session?.connection === connection) agent.session.credit.consume(lane, sizeBytes);
  }
}

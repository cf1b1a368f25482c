import type { GroupPolicy, Hello, Policy } from '../../formats/tide/index.ts';
import { CAPABILITY_HISTOGRAMS, CODEC_DEFLATE, CODEC_NONE } from '../../formats/tide/index.ts';
import type { TickGrid } from '../../sources/index.ts';
import type { AgentRecord, AgentSession } from './agent-record.ts';
import type { LedgerStates } from './ledger-states.ts';
import { marksOf } from './marks.ts';
import type { SessionAcks } from './session-acks.ts';
import { hearExtents, type SessionTable } from './session-table.ts';

export interface SessionOpeningOptions<Body> {
  readonly table: SessionTable<Body>;
  readonly acks: SessionAcks<Body>;
  readonly states: LedgerStates<Body>;
  readonly heartbeatMs: number;
  readonly reconnectSpreadMs: number;
  readonly runId: string;
  /** The policy for an agent; undefined leaves it its own. */
  policyOf?(hello: Hello): Policy | undefined;
  /** The session is open: WELCOME goes out next. */
  opened(agentId: string, hello: Hello, nowMs: number): void;
}

/** A HELLO's clock may be this much before its epoch, as the two are not read at once. */
const CLOCK_SET_BACK_MS = 60_000;

/**
 * HELLO to WELCOME: which process an identity belongs to, and what the collector has of it. Epochs
 * only rise, and an epoch has one process.
 */
export class SessionOpening<Body> {
  readonly #options: SessionOpeningOptions<Body>;
  readonly #table: SessionTable<Body>;
  #lastSession = 0;

  constructor(options: SessionOpeningOptions<Body>) {
    this.#options = options;
    this.#table = options.table;
  }

  hello(connection: number, epoch: number, hello: Hello, nowMs: number): void {
    const { agentId } = hello;
    const agent = this.#table.agent(agentId);
    const currentEpoch = agent.ledger.currentEpoch;
    const known = agent.ledger.epoch(epoch)?.nonce;
    if (epoch < currentEpoch) {
      const message = `epoch ${epoch} is over, ${currentEpoch} is in force`;
      this.#table.fence(connection, { reason: 'SUPERSEDED', message, currentEpoch });
      return;
    }
    if (known !== undefined && known !== hello.nonce) {
      this.#table.emit({ kind: 'ALARM', agentId, reason: 'CLONED' });
      const message = `another process has identity ${agentId} and epoch ${epoch}`;
      this.#table.fence(connection, { reason: 'CLONED', message, currentEpoch });
      return;
    }
    this.#supersede(agent, epoch, nowMs);
    this.#open({ connection, epoch }, agent, hello, nowMs);
  }

  /** What became of a PERSIST with a token. */
  persisted(agentId: string, token: number, isStored: boolean, nowMs: number): void {
    const agent = this.#table.agents.get(agentId);
    const session = agent?.session;
    if (agent === undefined || session?.opening?.token !== token) return;
    if (isStored) {
      agent.durableEpochs.add(session.epoch);
      this.#welcome(agent, session, session.opening.hello, nowMs);
      return;
    }
    this.#table.close(session.connection, 'the epoch could not be stored');
    this.#table.end(agent, nowMs);
  }

  /** A newer process, or the same one on a new connection, takes the place of the old session. */
  #supersede(agent: AgentRecord<Body>, epoch: number, nowMs: number): void {
    const { session } = agent;
    if (session === undefined) return;
    if (session.epoch < epoch) {
      const message = `epoch ${session.epoch} is over, ${epoch} is in force`;
      const fence = { reason: 'SUPERSEDED', message, currentEpoch: epoch } as const;
      this.#table.fence(session.connection, fence);
    } else {
      this.#table.close(session.connection, 'the agent has come back on another connection');
    }
    this.#table.end(agent, nowMs);
  }

  #open(
    { connection, epoch: epochNumber }: { connection: number; epoch: number },
    agent: AgentRecord<Body>,
    hello: Hello,
    nowMs: number,
  ): void {
    const { ledger } = agent;
    const grids = hello.groups.map(gridOf);
    const { nonce, previous } = hello;
    const agentMs = isSetBack(epochNumber, hello) ? hello.clockMs : epochNumber;
    const epoch = ledger.open(epochNumber, nonce, grids, previous, nowMs, agentMs);
    hearExtents(epoch, hello.streams, nowMs);
    epoch.heardTicks(hello.ticks, hello.clockMs);
    agent.holds(previous);
    if (!previous.every((extent) => ledger.isOf(extent))) {
      this.#table.emit({ kind: 'ALARM', agentId: ledger.agentId, reason: 'CLONED' });
    }
    agent.clock.begin(hello.clockMs, nowMs);
    for (const each of ledger.epochs) agent.dirty.add(each.epoch);
    const session: AgentSession = {
      connection,
      sessionId: `${this.#options.runId}-${++this.#lastSession}`,
      epoch: epochNumber,
      credit: this.#options.acks.open(),
      lastHeardMs: nowMs,
      blockedAtBytes: -1,
      lastLiveMs: nowMs,
      echoMs: 0,
      rejections: [],
      lastAckMs: -Infinity,
      ackOwed: false,
      askedFrames: 0,
      opening: undefined,
      pull: undefined,
    };
    agent.session = session;
    this.#table.connections.set(connection, agent);
    // A collector that forgot the epoch would let in a process that it has taken the place of.
    if (agent.durableEpochs.has(epochNumber)) this.#welcome(agent, session, hello, nowMs);
    else session.opening = { token: this.#options.states.persist(agent, epochNumber), hello };
    this.#table.emit({ kind: 'HELLO', agentId: ledger.agentId, hello });
    this.#table.setUp(agent, 1, nowMs);
  }

  #welcome(agent: AgentRecord<Body>, session: AgentSession, hello: Hello, nowMs: number): void {
    const epoch = agent.ledger.epoch(session.epoch);
    if (epoch === undefined) return;
    session.opening = undefined;
    const { heartbeatMs, reconnectSpreadMs, acks } = this.#options;
    this.#options.opened(agent.ledger.agentId, hello, nowMs);
    this.#table.send(session.connection, {
      type: 'WELCOME',
      sessionId: session.sessionId,
      serverTimeMs: nowMs,
      heartbeatMs,
      reconnectSpreadMs,
      codecs: hello.codecs.filter((codec) => codec === CODEC_NONE || codec === CODEC_DEFLATE),
      streams: marksOf(epoch, true),
      credit: acks.firstGrants(session),
      schemaVersion: agent.schemaReceived(epoch),
      policy: this.#options.policyOf?.(hello),
      redirect: undefined,
      capabilities: [CAPABILITY_HISTOGRAMS],
    });
  }
}

function gridOf({ group, intervalMs, anchorMs }: GroupPolicy): TickGrid {
  return { group, intervalMs, anchorMs };
}

/** Whether the agent's clock is clearly before its own start. */
function isSetBack(epoch: number, { clockMs }: Hello): boolean {
  return clockMs > 0 && epoch - clockMs > CLOCK_SET_BACK_MS;
}

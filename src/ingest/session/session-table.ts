import type {
  ControlMessage,
  Fence,
  FenceReason,
  RejectReason,
  Sealed,
  StreamExtent,
} from '../../formats/tide/index.ts';
import type { EpochLedger } from '../../sources/index.ts';
import { AgentRecord } from './agent-record.ts';
import type { SessionOutput } from './session-output.ts';

/** The name of a sealed frame of an agent. */
export type SealedPlace = Pick<Sealed, 'epoch' | 'stream' | 'seq'>;

/**
 * Agents, the connections that they are on, and what is to be done for them, in order: what all
 * parts of the session machine share.
 */
export class SessionTable<Body> {
  readonly agents = new Map<string, AgentRecord<Body>>();
  /** Open connections; undefined before HELLO. */
  readonly connections = new Map<number, AgentRecord<Body> | undefined>();
  readonly #ended: (agentId: string) => void;
  #outputs: SessionOutput<Body>[] = [];

  /** @param ended to be told of each session that is over. */
  constructor(ended: (agentId: string) => void) {
    this.#ended = ended;
  }

  /** What is to be done, in order; each output is given once. */
  take(): SessionOutput<Body>[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  emit(output: SessionOutput<Body>): void {
    this.#outputs.push(output);
  }

  /** The agent's record, made where there is none. */
  agent(agentId: string): AgentRecord<Body> {
    let agent = this.agents.get(agentId);
    if (agent === undefined) {
      agent = new AgentRecord(agentId);
      this.agents.set(agentId, agent);
    }
    return agent;
  }

  send(connection: number, message: ControlMessage): void {
    const epoch = this.connections.get(connection)?.session?.epoch ?? 0;
    this.emit({ kind: 'SEND', connection, epoch, message });
  }

  /** Ends the connection; the session on it has still to be ended. */
  close(connection: number, reason: string): void {
    this.connections.delete(connection);
    this.emit({ kind: 'CLOSE', connection, reason });
  }

  /** Says why, and ends the connection. */
  fence(
    connection: number,
    { reason, message, currentEpoch = 0 }: { reason: FenceReason } & Partial<Fence>,
  ): void {
    const text = message ?? '';
    this.send(connection, {
      type: 'FENCE',
      reason,
      message: text,
      currentEpoch,
      retryAfterMs: undefined,
    });
    this.close(connection, `${reason}: ${text}`);
  }

  /** The agent's session is over: `up` is 0 at once. */
  end(agent: AgentRecord<Body>, nowMs: number): void {
    const { session } = agent;
    if (session === undefined) return;
    session.credit.close();
    agent.session = undefined;
    this.#ended(agent.ledger.agentId);
    this.setUp(agent, 0, nowMs);
  }

  /** Tells of a frame that will never be stored: to the agent, where it is of its session. */
  rejected(
    agent: AgentRecord<Body>,
    { epoch, stream, seq }: SealedPlace,
    { reason, fault }: { readonly reason: RejectReason; readonly fault: string },
  ): void {
    agent.dirty.add(epoch);
    this.emit({ kind: 'REJECTED', agentId: agent.ledger.agentId, reason, fault });
    const { session } = agent;
    if (session?.epoch !== epoch) return;
    session.rejections.push({ stream, seq, reason, samples: 0 });
  }

  setUp(agent: AgentRecord<Body>, up: 0 | 1, nowMs: number): void {
    if (agent.up === up) return;
    agent.up = up;
    this.emit({ kind: 'UP', agentId: agent.ledger.agentId, up, atMs: nowMs });
  }
}

/** The agent said what it has of an epoch's lanes. */
export function hearExtents(
  epoch: EpochLedger,
  streams: readonly StreamExtent[],
  nowMs: number,
): void {
  for (const { stream, firstRetained, lastSeq } of streams) {
    epoch.lane(stream).heard(firstRetained, lastSeq, nowMs);
  }
}

import { encodeControl, type Fence } from '../../formats/tide/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { AgentConnection, CloseKind, Principal } from './agent-connection.ts';
import type { SessionMetrics } from './session-metrics.ts';

/** A connection that was taken in, with a session or on the way to one. */
export interface Attached {
  readonly connection: AgentConnection;
  /** Renewed with its certificate. */
  principal: Principal;
  /** Undefined before HELLO. */
  agentId: string | undefined;
  /** Why it was fenced. */
  fence: Fence['reason'] | undefined;
  /** The agent said BYE. */
  left: boolean;
}

export type OutgoingMessage = Parameters<typeof encodeControl>[0];

/** The connections of agents by number: what goes out on them, and which are not read from. */
export class AttachedConnections {
  readonly #attached = new Map<number, Attached>();
  readonly #paused = new Set<number>();
  readonly #metrics: SessionMetrics;
  readonly #logger: Logger;
  #lastId = 0;

  constructor(metrics: SessionMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  get size(): number {
    return this.#attached.size;
  }

  /** Numbers of those attached now; a copy. */
  ids(): number[] {
    return [...this.#attached.keys()];
  }

  get(id: number): Attached | undefined {
    return this.#attached.get(id);
  }

  has(id: number): boolean {
    return this.#attached.has(id);
  }

  /** Takes a connection in; its number. */
  attach(connection: AgentConnection, principal: Principal): number {
    const id = ++this.#lastId;
    const attached = { connection, principal, agentId: undefined, fence: undefined, left: false };
    this.#attached.set(id, attached);
    return id;
  }

  detach(id: number): void {
    this.#attached.delete(id);
    this.#paused.delete(id);
  }

  /** False when the peer does not take what it is sent: the connection is then to be closed. */
  send(id: number, message: OutgoingMessage, epoch: number): boolean {
    const attached = this.#attached.get(id);
    if (attached === undefined) return true;
    if (message.type === 'FENCE') {
      attached.fence = message.reason;
      this.#metrics.fenced(message.reason);
      this.#logFence(attached, message);
    }
    return attached.connection.send(encodeControl(message, epoch));
  }

  #logFence({ agentId, connection: { address } }: Attached, { reason, message }: Fence): void {
    // This collector stops: that is said once, and not of each agent.
    if (reason === 'LEAVING') return;
    this.#logger.warn({ agentId, address, reason, why: message }, 'a session was ended');
  }

  /** Ends a connection for the reason that is known of it. */
  close(id: number, reason: string): void {
    const attached = this.#attached.get(id);
    if (attached === undefined) return;
    this.detach(id);
    attached.connection.close(closeKind(attached), reason);
  }

  /** Those that are not read from. */
  get paused(): Iterable<number> {
    return this.#paused;
  }

  /** Stops reading from a connection until `resume` lets it. */
  pause(id: number): void {
    const attached = this.#attached.get(id);
    if (attached === undefined || this.#paused.has(id)) return;
    this.#paused.add(id);
    attached.connection.pause();
  }

  /** Reads again from those paused that `mayResume`. */
  resume(mayResume: (attached: Attached) => boolean): void {
    for (const id of this.#paused) {
      const attached = this.#attached.get(id);
      if (attached === undefined || !mayResume(attached)) continue;
      this.#paused.delete(id);
      attached.connection.resume();
    }
  }
}

function closeKind({ fence, left }: Attached): CloseKind {
  if (left) return 'LEFT';
  if (fence === undefined) return 'LOST';
  return fence === 'PROTOCOL' || fence === 'LEAVING' ? fence : 'REFUSED';
}

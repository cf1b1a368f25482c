import type { Lease, LeaseReport } from '../../formats/tide/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import { AgentRequestError } from './agent-requests.ts';

/** An agent answers a LEASE at once, by a heartbeat. */
const TIMEOUT_MS = 5000;

interface Waiting {
  readonly agentId: string;
  readonly cancelTimer: CancelTimer;
  settle(result: LeaseReport | AgentRequestError): void;
}

/** Leases that were asked for, until the agent says what became of them. */
export class LeaseRequests {
  readonly #clock: Clock;
  /** By the id of the request. */
  readonly #waiting = new Map<number, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Asks by `send`, and waits for the report. Who goes away meanwhile leaves the lease as it is.
   * @throws AgentRequestError where it is refused, too
   */
  ask(agentId: string, lease: Lease, send: (lease: Lease) => void): Promise<LeaseReport> {
    const { requestId } = lease;
    return new Promise((resolve, reject) => {
      const text = `${agentId} did not say within ${TIMEOUT_MS} ms what became of the lease`;
      const giveUp = (): void => this.#settle(requestId, new AgentRequestError('timeout', text));
      this.#waiting.set(requestId, {
        agentId,
        cancelTimer: this.#clock.setTimer(TIMEOUT_MS, giveUp),
        settle: (result) => {
          if (result instanceof AgentRequestError) reject(result);
          else resolve(result);
        },
      });
      send(lease);
    });
  }

  /** A heartbeat of the agent came. */
  heard(agentId: string, reports: readonly LeaseReport[]): void {
    if (this.#waiting.size === 0) return;
    for (const report of reports) {
      if (this.#waiting.get(report.requestId)?.agentId !== agentId) continue;
      const text = `${agentId} refuses the lease: ${report.reason}`;
      const isRefused = report.state === 'REFUSED';
      this.#settle(report.requestId, isRefused ? new AgentRequestError('refused', text) : report);
    }
  }

  /** The agent's connection is gone. */
  lost(agentId: string): void {
    const text = `the connection of ${agentId} was lost before it said what became of the lease`;
    for (const [requestId, waiting] of this.#waiting) {
      if (waiting.agentId === agentId) this.#settle(requestId, new AgentRequestError('lost', text));
    }
  }

  #settle(requestId: number, result: LeaseReport | AgentRequestError): void {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    waiting?.cancelTimer();
    waiting?.settle(result);
  }
}

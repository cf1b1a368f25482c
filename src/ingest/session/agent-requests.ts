import type { ControlMessage, Read, ReadChunk, ReadEnd } from '../../formats/tide/index.ts';
import { TidegaugeError } from '../../model/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';

/** Why an agent cannot be asked, or did not answer. */
export type AgentRequestFailure =
  | 'unknown_agent'
  | 'not_connected'
  | 'busy'
  | 'timeout'
  | 'lost'
  | 'refused';

export class AgentRequestError extends TidegaugeError {
  readonly code = 'agent_request';
  readonly failure: AgentRequestFailure;

  constructor(failure: AgentRequestFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** What to read, as READ has it. */
export type ReadQuestion = Omit<Read, 'type' | 'requestId' | 'cancel'>;

/** All of the answer to a READ. */
export interface ReadResult {
  readonly end: ReadEnd;
  /** In order. */
  readonly chunks: readonly ReadChunk[];
}

interface Pending {
  readonly agentId: string;
  readonly chunks: ReadChunk[];
  readonly cancelTimer: CancelTimer;
  bytesLeft: number;
  settle(result: ReadResult | AgentRequestError): void;
}

/** READs under way with one agent, at most. */
const READS_MAX = 2;
/** The agent ends a read by itself; the collector gives up a little later. */
const GRACE_MS = 1000;

/** Questions to agents that wait for their answers. */
export class AgentRequests {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Asks by `send`, which takes the READ, and waits for all of the answer.
   * @throws AgentRequestError
   */
  read(
    agentId: string,
    question: ReadQuestion,
    send: (message: Read) => void,
    signal?: AbortSignal,
  ): Promise<ReadResult> {
    const underWay = [...this.#pending.values()].filter((one) => one.agentId === agentId).length;
    if (underWay >= READS_MAX) {
      const text = `${underWay} reads of ${agentId} are under way, wanted less than ${READS_MAX}`;
      return Promise.reject(new AgentRequestError('busy', text));
    }
    const requestId = ++this.#lastId;
    const read: Read = { type: 'READ', requestId, cancel: false, ...question };
    return new Promise((resolve, reject) => {
      const giveUp = (failure: AgentRequestFailure, text: string): void => {
        if (!this.#pending.has(requestId)) return;
        send({ ...read, cancel: true });
        this.#settle(requestId, new AgentRequestError(failure, text));
      };
      const onAbort = (): void => giveUp('lost', 'nobody waits for the answer any more');
      const timeoutMs = question.timeoutMs + GRACE_MS;
      const text = `${agentId} did not answer within ${timeoutMs} ms`;
      this.#pending.set(requestId, {
        agentId,
        chunks: [],
        cancelTimer: this.#clock.setTimer(timeoutMs, () => giveUp('timeout', text)),
        bytesLeft: question.budgetBytes,
        settle: (result) => {
          signal?.removeEventListener('abort', onAbort);
          if (result instanceof AgentRequestError) reject(result);
          else resolve(result);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      send(read);
    });
  }

  /** A part of an answer; what nobody asked for is dropped. */
  answer(agentId: string, message: ControlMessage): void {
    if (message.type !== 'READ_CHUNK' && message.type !== 'READ_END') return;
    const pending = this.#pending.get(message.requestId);
    if (pending === undefined || pending.agentId !== agentId) return;
    if (message.type === 'READ_CHUNK') {
      pending.bytesLeft -= message.data.length;
      // One that gives more than it was asked for gets no more memory.
      if (pending.bytesLeft >= 0) pending.chunks.push(message);
      return;
    }
    const chunks = pending.chunks.sort((a, b) => a.index - b.index);
    this.#settle(message.requestId, { end: message, chunks });
  }

  /** The agent's connection is gone. */
  lost(agentId: string): void {
    for (const [requestId, pending] of this.#pending) {
      if (pending.agentId !== agentId) continue;
      const text = `the connection of ${agentId} was lost before it answered`;
      this.#settle(requestId, new AgentRequestError('lost', text));
    }
  }

  #settle(requestId: number, result: ReadResult | AgentRequestError): void {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    pending?.cancelTimer();
    pending?.settle(result);
  }
}

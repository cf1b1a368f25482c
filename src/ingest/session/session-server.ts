import type { BatchColumns, LeaseReport } from '../../formats/tide/index.ts';
import { TideFormatError } from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { AgentLedger } from '../../sources/index.ts';
import { LEDGER_STATE_PREFIX, lossCounts } from '../../sources/index.ts';
import type { CancelTimer } from '../../util/index.ts';
import type { Refusal } from './agent-admission.ts';
import type { AgentConnection, Principal } from './agent-connection.ts';
import type { AgentDirectory } from './agent-directory.ts';
import type { AgentEntry } from './agent-entry.ts';
import { agentProblems, type AgentProblem } from './agent-problems.ts';
import type { LeaseWish, ReadSeries } from './agent-questions.ts';
import type { AgentRequests, ReadQuestion, ReadResult } from './agent-requests.ts';
import type { Attached, AttachedConnections, OutgoingMessage } from './attached-connections.ts';
import type { PolicyRule } from './policy/policy-rule.ts';
import type { ClockReading } from './clock-offset.ts';
import { readFrames } from './read-frames.ts';
import type { RepairHorizon } from './repair-horizon.ts';
import { SessionEffects } from './session-effects.ts';
import { SessionMachine } from './session-machine.ts';
import type { AgentMessage, SessionOutput } from './session-output.ts';
import { createSessionParts, type SessionParts } from './session-parts.ts';
import type { SessionServerDependencies } from './session-parts.ts';

type Output = SessionOutput<BatchColumns>;

const TICK_MS = 100;
/** An agent whose frame met a bug is to come again after that. */
const FAULT_RETRY_MS = 5000;
/** Samples younger than that may still be on their way: no audit looks at them. */
const AUDIT_SETTLE_MS = 60_000;

/**
 * The collector's end of agents' sessions: gives frames to the session machine, and does what that
 * says. Transports attach connections and hand on bytes.
 */
export class SessionServer {
  readonly requests: AgentRequests;
  readonly #deps: SessionServerDependencies;
  readonly #machine: SessionMachine<BatchColumns>;
  readonly #parts: SessionParts;
  readonly #agents: AgentDirectory;
  readonly #connections: AttachedConnections;
  readonly #effects: SessionEffects;
  readonly horizon: RepairHorizon;
  #startMs = 0;
  #closing = false;
  #timers: CancelTimer[] = [];

  constructor(deps: SessionServerDependencies) {
    this.#deps = deps;
    const ledger = (agentId: string): AgentLedger | undefined => this.ledger(agentId);
    const parts = createSessionParts(deps, {
      ledger,
      clockOf: (agentId) => this.#machine.clockOf(agentId),
      send: (id, message, epoch) => this.#sendTo(id, message, epoch),
      committed: () => this.#committed(),
    });
    this.#parts = parts;
    this.#agents = parts.agents;
    this.#connections = parts.connections;
    this.horizon = parts.horizon;
    this.requests = parts.requests;
    const machine = this.#createMachine();
    this.#machine = machine;
    this.#effects = new SessionEffects({
      ...deps,
      ...parts,
      machine,
      ledger,
      isClosing: () => this.#closing,
      told: () => this.#flush(),
    });
  }

  #createMachine(): SessionMachine<BatchColumns> {
    const { options, runId } = this.#deps;
    return new SessionMachine<BatchColumns>({
      open: (sealed) => this.#parts.inFlight.open(sealed),
      policyOf: (hello) => this.#parts.policies.welcome(hello),
      heartbeatMs: options.heartbeat_ms,
      reconnectSpreadMs: options.reconnect_spread_ms,
      audit: {
        intervalMs: options.audit_interval_ms,
        windowMs: options.audit_window_ms,
        settleMs: AUDIT_SETTLE_MS,
      },
      runId,
    });
  }

  /** Takes up what the store holds of agents, and begins to keep time. */
  start(): void {
    const { storage, clock, options } = this.#deps;
    this.#startMs = clock.now();
    for (const [key, value] of storage.state(LEDGER_STATE_PREFIX)) {
      this.#machine.load(key, value, this.#startMs);
    }
    for (const agentId of this.#machine.agentIds) this.#agents.takeUp(agentId);
    this.#every(TICK_MS, () => this.#tick());
    this.#every(options.heartbeat_ms, () => {
      this.#parts.life.keep(this.#agents.values());
      this.#endExpired();
    });
  }

  /** Sessions and those that are about to become one. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  get inFlightBytes(): number {
    return this.#parts.inFlight.sizeBytes;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  /** Every agent that is known, in order of id. */
  entries(): AgentEntry[] {
    return this.#agents.sorted();
  }

  entry(agentId: string): AgentEntry | undefined {
    return this.#agents.get(agentId);
  }

  ledger(agentId: string): AgentLedger | undefined {
    return this.#machine.ledger(agentId);
  }

  /** How far an agent's clock is ahead of this one's; undefined while nothing is known of it. */
  clockOf(agentId: string): (ClockReading & { readonly isApart: boolean }) | undefined {
    const reading = this.#machine.clockOf(agentId);
    if (reading === undefined) return undefined;
    return { ...reading, isApart: this.#parts.clocks.isApart(reading) };
  }

  /** What is wrong with an agent now, or was within a day. */
  problemsOf(entry: AgentEntry): AgentProblem[] {
    const { agentId } = entry;
    const nowMs = this.#deps.clock.now();
    const facts = { ledger: this.ledger(agentId), clock: this.clockOf(agentId), nowMs };
    return agentProblems({ entry, ...facts });
  }

  duplicateCount(agentId: string): number {
    return this.#machine.duplicateCount(agentId);
  }

  queueDelayMs(): number {
    return this.#machine.queueDelayMs(this.#deps.clock.now());
  }

  /** The connection that an agent is on, where it has a session. */
  connectionOf(agentId: string): AgentConnection | undefined {
    const id = this.#agents.get(agentId)?.connection;
    return id === undefined ? undefined : this.#connections.get(id)?.connection;
  }

  /** Takes a connection in; its number, for `receive` and `lost`. */
  attach(connection: AgentConnection, principal: Principal): number {
    const id = this.#connections.attach(connection, principal);
    this.#machine.connected(id);
    return id;
  }

  /** Bytes of one frame or several from a connection. Never throws: what is wrong ends it. */
  receive(id: number, bytes: Uint8Array): void {
    const attached = this.#connections.get(id);
    if (attached === undefined) return;
    this.#parts.metrics.received(attached.connection.transport, bytes.length);
    try {
      readFrames(bytes, ({ epoch, message }) => {
        this.#receiveOne(id, attached, epoch, message);
        return this.#connections.has(id);
      });
    } catch (error) {
      if (error instanceof TideFormatError) {
        this.#refuse(id, { reason: 'PROTOCOL', message: messageOf(error) });
        return;
      }
      const { agentId } = attached;
      this.#deps.logger.error({ agentId, err: messageOf(error) }, 'a frame met a bug');
      // No fault of the agent's: it comes again, and what was forgotten is pulled.
      const message = 'a fault of the collector';
      this.#refuse(id, { reason: 'PROTOCOL', message, retryAfterMs: FAULT_RETRY_MS });
    }
  }

  /** A connection is gone without having been closed from here. */
  lost(id: number): void {
    const attached = this.#connections.get(id);
    if (attached === undefined) return;
    this.#connections.detach(id);
    this.#leave(id, attached);
    this.#machine.disconnected(id, this.#deps.clock.now());
    this.#flush();
  }

  /**
   * Reads from an agent over its connection.
   * @throws AgentRequestError
   */
  read(agentId: string, question: ReadQuestion, signal?: AbortSignal): Promise<ReadResult> {
    return this.#parts.questions.read(agentId, question, signal);
  }

  /**
   * What a READ's answer holds of series, named as they are stored; what the schema does not know
   * is left out. Throws TideFormatError where the bytes are no batch.
   */
  seriesOf(agentId: string, body: Uint8Array): ReadSeries[] {
    return this.#parts.questions.seriesOf(agentId, body);
  }

  /**
   * Gives, renews or (with no time to live) ends a lease; what the agent made of it.
   * @throws AgentRequestError where the agent refuses it, too
   */
  lease(agentId: string, lease: LeaseWish, leaseId?: number): Promise<LeaseReport> {
    return this.#parts.questions.lease(agentId, lease, leaseId);
  }

  /** Takes other policies over, and sends them to the agents that they change something for. */
  configure(rules: readonly PolicyRule[]): void {
    this.#parts.policies.configure(rules);
  }

  /** Ends the session of an agent that has been revoked. */
  revoked(agentId: string): void {
    const id = this.#agents.get(agentId)?.connection;
    if (id !== undefined) this.#refuse(id, this.#parts.admission.revocationOf(agentId));
  }

  /** Sends agents away, spread over time, and waits until all that came is stored. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const cancel of this.#timers.splice(0)) cancel();
    const { random = Math.random, options } = this.#deps;
    for (const id of this.#connections.ids()) {
      const retryAfterMs = Math.round(random() * options.reconnect_spread_ms);
      this.#refuse(id, { reason: 'LEAVING', message: 'the collector stops', retryAfterMs });
    }
    await this.#parts.writes.settled();
    this.#machine.persistAll();
    this.#flush();
    await this.#parts.writes.settled();
  }

  #endExpired(): void {
    for (const id of this.#connections.ids()) {
      const attached = this.#connections.get(id);
      const expiry = attached === undefined ? undefined : this.#parts.admission.expiryOf(attached);
      if (expiry !== undefined) this.#refuse(id, expiry);
    }
  }

  #receiveOne(id: number, attached: Attached, epoch: number, message: AgentMessage): void {
    const nowMs = this.#deps.clock.now();
    if (message.type === 'CERTIFICATE_REQUEST') {
      const certificate = this.#parts.admission.certify(attached, message.request);
      if (certificate !== undefined) this.#sendTo(id, certificate, 0);
      return;
    }
    if (message.type === 'HELLO' && attached.agentId === undefined) {
      const refusal = this.#parts.admission.refusalOf(attached, message.agentId);
      if (refusal !== undefined) {
        this.#refuse(id, refusal);
        return;
      }
      const entry = this.#agents.takeUp(message.agentId);
      // Before the machine opens anything, so that it reads the schema with the right labels.
      if (entry.connection === undefined) entry.enforce(attached.principal.labels);
    }
    const entry = attached.agentId === undefined ? undefined : this.#agents.get(attached.agentId);
    if (entry !== undefined) {
      entry.lastHeardMs = nowMs;
      if (message.type === 'HEARTBEAT') {
        entry.heartbeat = message;
        entry.losses.heard(lossCounts(this.ledger(entry.agentId)), nowMs);
        this.horizon.heard(entry.agentId, message.ring.oldestMs);
        this.#parts.leases.heard(entry.agentId, message.leases);
      }
    }
    try {
      this.#machine.receive(id, { epoch, message }, nowMs);
    } catch (error) {
      this.#parts.inFlight.forgetOpened();
      // What waited is forgotten with the frame, unless something is being written.
      if (entry !== undefined && !this.#machine.isWriting(entry.agentId)) {
        for (const sealed of [...entry.inFlight.keys()])
          this.#parts.inFlight.release(entry, sealed);
      }
      throw error;
    }
    if (message.type === 'HEARTBEAT' && entry !== undefined) {
      this.#parts.clocks.look(entry.agentId, this.#machine.clockOf(entry.agentId));
    }
    this.#parts.inFlight.settleOpened(entry, this.ledger(entry?.agentId ?? ''));
    this.#flush(id);
    if (this.#parts.inFlight.isFull(entry)) this.#connections.pause(id);
  }

  /** Does what the machine says, in order. `current` is the connection that was just heard. */
  #flush(current?: number): void {
    for (;;) {
      const outputs = this.#machine.take();
      if (outputs.length === 0) return;
      const persisted: Extract<Output, { kind: 'PERSIST' }>[] = [];
      for (const output of outputs) {
        if (output.kind === 'PERSIST') persisted.push(output);
        else this.#do(output, current);
      }
      if (persisted.length > 0) this.#effects.persist(persisted);
    }
  }

  #do(output: Exclude<Output, { kind: 'PERSIST' }>, current: number | undefined): void {
    switch (output.kind) {
      case 'SEND':
        this.#sendTo(output.connection, output.message, output.epoch);
        break;
      case 'CLOSE':
        this.#closeConnection(output.connection, output.reason);
        break;
      case 'ANSWER':
        this.requests.answer(output.agentId, output.message);
        break;
      default:
        this.#effects.do(output, current);
    }
  }

  #sendTo(id: number, message: OutgoingMessage, epoch: number): void {
    if (this.#connections.send(id, message, epoch)) return;
    this.#connections
      .get(id)
      ?.connection.close('OVERLOAD', 'the agent does not take what it is sent');
    this.lost(id);
  }

  /** Ends a connection that the machine has not ended. */
  #refuse(id: number, fence: Refusal): void {
    const attached = this.#connections.get(id);
    if (attached === undefined) return;
    const { reason = 'PROTOCOL', message, retryAfterMs, currentEpoch = 0 } = fence;
    const epoch = this.#agents.get(attached.agentId)?.epoch ?? 0;
    const text = message.slice(0, 512);
    this.#sendTo(id, { type: 'FENCE', reason, message: text, currentEpoch, retryAfterMs }, epoch);
    this.#closeConnection(id, text);
    this.#machine.disconnected(id, this.#deps.clock.now());
    this.#flush();
  }

  #closeConnection(id: number, reason: string): void {
    const attached = this.#connections.get(id);
    if (attached === undefined) return;
    this.#connections.close(id, reason);
    this.#leave(id, attached);
  }

  /** The agent of a connection that is gone has no session. */
  #leave(id: number, { agentId }: Attached): void {
    const entry = this.#agents.get(agentId);
    if (entry?.connection !== id) return;
    entry.connection = undefined;
    this.requests.lost(entry.agentId);
    this.#parts.leases.lost(entry.agentId);
  }

  /** All who had a part in a commit have been told what it came to. */
  #committed(): void {
    this.#parts.questions.committed();
    this.#flush();
    this.#connections.resume(
      ({ agentId }) => !this.#parts.inFlight.isFull(this.#agents.get(agentId)),
    );
  }

  #tick(): void {
    const nowMs = this.#deps.clock.now();
    for (const id of this.#connections.paused) this.#machine.unread(id, nowMs);
    this.#machine.tick(nowMs);
    this.#flush();
  }

  #every(periodMs: number, work: () => void): void {
    const index = this.#timers.length;
    const again = (): void => {
      this.#timers[index] = this.#deps.clock.setTimer(periodMs, () => {
        again();
        work();
      });
    };
    again();
  }
}

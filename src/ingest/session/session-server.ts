import type { BatchColumns, Fence, Hello, Lease, Policy } from '../../formats/tide/index.ts';
import { TideFormatError } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import { messageOf } from '../../model/index.ts';
import type { AgentLedger } from '../../sources/index.ts';
import { LEDGER_STATE_PREFIX, type SourceRegistry } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { AgentConnection, Principal } from './agent-connection.ts';
import { AgentDirectory } from './agent-directory.ts';
import type { AgentEntry } from './agent-entry.ts';
import {
  AgentRequestError,
  AgentRequests,
  type ReadQuestion,
  type ReadResult,
} from './agent-requests.ts';
import { AgentWrites, type ApplyOutput } from './agent-writes.ts';
import {
  type Attached,
  AttachedConnections,
  type OutgoingMessage,
} from './attached-connections.ts';
import { BatchesInFlight } from './batches-in-flight.ts';
import type { DigestQuestion, StoreDigest } from './audit-rounds.ts';
import { digestStore } from './store-digest.ts';
import type { Credentials } from './identity/index.ts';
import { LifeKeeper } from './life-keeper.ts';
import { RepairHorizon } from './repair-horizon.ts';
import type { AgentsOptions } from './options.ts';
import { PolicyBook } from './policy/policy-book.ts';
import type { PolicyRule } from './policy/policy-rule.ts';
import { readFrames } from './read-frames.ts';
import { SessionMachine } from './session-machine.ts';
import type { AgentMessage, SessionOutput } from './session-output.ts';
import { noSessionMetrics, type SessionMetrics } from './session-metrics.ts';

export interface SessionServerDependencies {
  readonly storage: Storage;
  readonly sources: SourceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: AgentsOptions;
  readonly metrics?: SessionMetrics;
  /** How much older than the newest of its series the store takes a sample; unknown: any. */
  readonly outOfOrderWindowMs?: number;
  /** Unique among runs of the collector. */
  readonly runId: string;
  /** 0 to below 1. */
  readonly random?: () => number;
  /** Who is revoked, and who renews certificates; without it nobody and none. */
  readonly identity?: Pick<Credentials, 'revocations' | 'certify'>;
}

/** Samples of one series in an answer to READ. */
export interface ReadSeries {
  readonly labels: Labels;
  readonly timestamps: number[];
  readonly values: number[];
}

type Refusal = Partial<Fence> & Pick<Fence, 'message'>;
type Output = SessionOutput<BatchColumns>;
type PersistOutput = Extract<Output, { kind: 'PERSIST' }>;

const TICK_MS = 100;
/** Samples younger than that may still be on their way: no audit looks at them. */
const AUDIT_SETTLE_MS = 60_000;
const AGENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * The collector's end of agents' sessions: gives frames to the session machine, and does what that
 * says. Transports attach connections and hand on bytes.
 */
export class SessionServer {
  readonly requests: AgentRequests;
  readonly #deps: SessionServerDependencies;
  readonly #metrics: SessionMetrics;
  readonly #machine: SessionMachine<BatchColumns>;
  readonly #agents: AgentDirectory;
  readonly #connections: AttachedConnections;
  readonly #inFlight: BatchesInFlight;
  readonly #writes: AgentWrites;
  readonly #life: LifeKeeper;
  readonly #policies: PolicyBook;
  readonly horizon: RepairHorizon;
  /** Whose frame the machine is being told of. */
  #opening: AgentEntry | undefined;
  #lastLeaseId = 0;
  /** To be called after the next commit. */
  #waiting: (() => void)[] = [];
  #startMs = 0;
  #closing = false;
  #timers: CancelTimer[] = [];

  constructor(deps: SessionServerDependencies) {
    this.#deps = deps;
    this.#metrics = deps.metrics ?? noSessionMetrics;
    this.#connections = new AttachedConnections(this.#metrics);
    this.#agents = new AgentDirectory({ ...deps, ledger: (agentId) => this.ledger(agentId) });
    this.#inFlight = new BatchesInFlight(deps.options.max_in_flight_bytes);
    const writes = new AgentWrites({
      ...deps,
      metrics: this.#metrics,
      settled: () => this.#committed(),
    });
    this.#writes = writes;
    this.#life = new LifeKeeper({
      ...deps,
      ledger: (agentId) => this.ledger(agentId),
      write: (fill) => writes.add(fill, 'the life of agents was not stored'),
    });
    this.horizon = new RepairHorizon({ ...deps, windowMs: deps.outOfOrderWindowMs ?? Infinity });
    this.requests = new AgentRequests(deps.clock);
    this.#policies = new PolicyBook(deps.options.policies);
    const { options, runId } = deps;
    this.#machine = new SessionMachine<BatchColumns>({
      open: (sealed) => this.#inFlight.open(sealed, this.#opening),
      policyOf: (hello) => this.#policyOf(hello),
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
      this.#life.keep(this.#agents.values());
      this.#endExpired();
    });
  }

  /** Sessions and those that are about to become one. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  get inFlightBytes(): number {
    return this.#inFlight.sizeBytes;
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
    this.#metrics.received(attached.connection.transport, bytes.length);
    try {
      readFrames(bytes, ({ epoch, message }) => {
        this.#receiveOne(id, attached, epoch, message);
        return this.#connections.has(id);
      });
    } catch (error) {
      if (!(error instanceof TideFormatError)) {
        this.#deps.logger.error({ err: messageOf(error) }, 'a frame met a bug');
      }
      this.#refuse(id, { reason: 'PROTOCOL', message: messageOf(error) });
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
    const entry = this.#connectedEntry(agentId);
    const send = (message: OutgoingMessage): void => {
      if (entry.connection !== undefined) this.#sendTo(entry.connection, message, entry.epoch);
    };
    const read = this.requests.read(agentId, question, send, signal);
    return read.then(async (result) => {
      await this.#schemasStored(entry);
      return result;
    });
  }

  /** Waits until the schemas that came so far, which an answer may need, are known. */
  async #schemasStored({ inFlight }: AgentEntry): Promise<void> {
    const schemas = [...inFlight].flatMap(([key, { content }]) => {
      return content.kind === 'SCHEMA' ? [key] : [];
    });
    while (schemas.some((key) => inFlight.has(key))) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /**
   * What a READ's answer holds of series, named as they are stored; what the schema does not know
   * is left out. Throws TideFormatError where the bytes are no batch.
   */
  seriesOf(agentId: string, body: Uint8Array): ReadSeries[] {
    const entry = this.#agents.get(agentId);
    const { seriesIds, timestamps, values, length } = this.#inFlight.openBody(body);
    const found = new Map<number, ReadSeries>();
    for (let at = 0; at < length; at++) {
      const id = seriesIds[at] ?? 0;
      let series = found.get(id);
      if (series === undefined) {
        const labels = entry?.catalog.find(entry.epoch, id)?.labels;
        if (labels === undefined) continue;
        series = { labels, timestamps: [], values: [] };
        found.set(id, series);
      }
      series.timestamps.push(timestamps[at] ?? 0);
      series.values.push(values[at] ?? 0);
    }
    return [...found.values()];
  }

  /**
   * Gives, renews or (with no time to live) ends a lease; its id.
   * @throws AgentRequestError
   */
  lease(agentId: string, lease: Omit<Lease, 'type' | 'leaseId'>, leaseId?: number): number {
    const entry = this.#connectedEntry(agentId);
    const id = leaseId ?? ++this.#lastLeaseId;
    this.#sendTo(entry.connection ?? 0, { type: 'LEASE', leaseId: id, ...lease }, entry.epoch);
    return id;
  }

  /** Takes other policies over, and sends them to the agents that they change something for. */
  configure(rules: readonly PolicyRule[]): void {
    this.#policies.configure(rules);
    for (const entry of this.#agents.values()) {
      const { connection, hello, policy: before } = entry;
      if (connection === undefined || hello === undefined) continue;
      const policy = this.#policies.policyFor(hello, entry.labels, this.#policyVersion(entry));
      const isSame = before?.hash.low === policy.hash.low && before.hash.high === policy.hash.high;
      const isEmpty = policy.groups.length === 0 && policy.shedOrder.length === 0;
      if (isSame || (before === undefined && isEmpty)) continue;
      entry.policy = policy;
      this.#sendTo(connection, { type: 'POLICY', policy }, entry.epoch);
    }
  }

  /** What WELCOME says; undefined leaves the agent as it is. */
  #policyOf(hello: Hello): Policy | undefined {
    const entry = this.#agents.takeUp(hello.agentId);
    const version = Math.max(this.#policyVersion(entry), hello.policyVersion + 1);
    const policy = this.#policies.policyFor(hello, entry.labels, version);
    const isEmpty = policy.groups.length === 0 && policy.shedOrder.length === 0;
    // One that had a policy is told that there is none any more.
    entry.policy = isEmpty && hello.policyVersion === 0 ? undefined : policy;
    return entry.policy;
  }

  /** Rises also over restarts of the collector, as long as its clock does. */
  #policyVersion({ policy }: AgentEntry): number {
    return Math.max(this.#deps.clock.now(), (policy?.version ?? 0) + 1);
  }

  /** Ends the session of an agent that has been revoked. */
  revoked(agentId: string): void {
    const id = this.#agents.get(agentId)?.connection;
    const message = this.#deps.identity?.revocations.faultOf(agentId) ?? 'the agent was revoked';
    if (id !== undefined) this.#refuse(id, { reason: 'REVOKED', message });
  }

  /** Sends agents away, spread over time, and waits until all that came is stored. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const cancel of this.#timers.splice(0)) cancel();
    const { clock, random = Math.random, options } = this.#deps;
    for (const id of this.#connections.ids()) {
      const retryAfterMs = Math.round(random() * options.reconnect_spread_ms);
      this.#refuse(id, { reason: 'LEAVING', message: 'the collector stops', retryAfterMs });
    }
    await this.#writes.settled();
    this.#machine.tick(clock.now());
    this.#flush();
    await this.#writes.settled();
  }

  #connectedEntry(agentId: string): AgentEntry {
    const entry = this.#agents.get(agentId);
    if (entry === undefined) {
      throw new AgentRequestError('unknown_agent', `no agent ${JSON.stringify(agentId)} is known`);
    }
    if (entry.connection === undefined) {
      throw new AgentRequestError('not_connected', `agent ${agentId} has no session now`);
    }
    return entry;
  }

  /** A session lives no longer than the certificate under it, or the one that renewed it. */
  #endExpired(): void {
    const nowMs = this.#deps.clock.now();
    for (const id of this.#connections.ids()) {
      if (nowMs <= (this.#connections.get(id)?.principal.expiresMs ?? Infinity)) continue;
      const retryAfterMs = this.#deps.options.reconnect_spread_ms;
      this.#refuse(id, { reason: 'REVOKED', message: 'the certificate expired', retryAfterMs });
    }
  }

  #certify(id: number, attached: Attached, request: Uint8Array): void {
    const { identity, clock, logger } = this.#deps;
    const { agentId, principal } = attached;
    // Only what was shown by a certificate is continued by one.
    if (agentId === undefined || principal.expiresMs === undefined || !identity) return;
    try {
      const issued = identity.certify({ agentId, labels: principal.labels }, request);
      attached.principal = { ...principal, expiresMs: issued.expiresMs };
      const { certificatePem, authorityPem } = issued;
      this.#sendTo(id, { type: 'CERTIFICATE', certificatePem, authorityPem }, 0);
      const lifetimeMs = issued.expiresMs - clock.now();
      logger.info({ agentId, lifetimeMs }, 'a certificate was renewed');
    } catch (error) {
      logger.warn({ agentId, err: messageOf(error) }, 'a certificate was not renewed');
    }
  }

  #receiveOne(id: number, attached: Attached, epoch: number, message: AgentMessage): void {
    const nowMs = this.#deps.clock.now();
    if (message.type === 'CERTIFICATE_REQUEST') {
      this.#certify(id, attached, message.request);
      return;
    }
    if (message.type === 'HELLO' && attached.agentId === undefined) {
      const refusal = this.#refusalOf(attached, message.agentId);
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
        this.horizon.heard(entry.agentId, message.ring.oldestMs);
      }
    }
    this.#opening = entry;
    this.#machine.receive(id, { epoch, message }, nowMs);
    this.#opening = undefined;
    this.#inFlight.settleOpened(entry, this.ledger(entry?.agentId ?? ''));
    this.#flush(id);
    if (this.#inFlight.isFull(entry)) this.#connections.pause(id);
  }

  /** What forbids this agent on this connection. */
  #refusalOf({ principal }: Attached, agentId: string): Refusal | undefined {
    if (!AGENT_ID.test(agentId)) {
      const message = `agent id ${JSON.stringify(agentId.slice(0, 64))}, wanted ${AGENT_ID.source}`;
      return { reason: 'PROTOCOL', message };
    }
    if (principal.agentId !== undefined && principal.agentId !== agentId) {
      const message = `the credentials are those of ${principal.agentId}, not of ${agentId}`;
      return { reason: 'REVOKED', message };
    }
    const fault = this.#deps.identity?.revocations.faultOf(agentId);
    if (fault !== undefined) return { reason: 'REVOKED', message: fault };
    const { max_sessions: most } = this.#deps.options;
    if (this.#agents.has(agentId) || this.#agents.size < most) return undefined;
    const message = `${this.#agents.size} agents are known, wanted at most ${most}`;
    return { reason: 'LIMIT', message, retryAfterMs: 60_000 };
  }

  /** Does what the machine says, in order. `current` is the connection that was just heard. */
  #flush(current?: number): void {
    for (;;) {
      const outputs = this.#machine.take();
      if (outputs.length === 0) return;
      const persisted: PersistOutput[] = [];
      for (const output of outputs) {
        if (output.kind === 'PERSIST') persisted.push(output);
        else this.#do(output, current);
      }
      if (persisted.length > 0) this.#persist(persisted);
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
      case 'APPLY':
        this.#apply(output);
        break;
      case 'UP':
        this.#up(output);
        break;
      case 'HELLO':
        this.#hello(output, current);
        break;
      case 'BYE':
        this.#bye(output.agentId);
        break;
      case 'ANSWER':
        this.requests.answer(output.agentId, output.message);
        break;
      case 'DIGEST':
        this.#writes.track(this.#digest(output.question));
        break;
      case 'FOLDED': {
        const { catalog } = this.#agents.takeUp(output.agentId);
        const keys = output.epochs.flatMap((epoch) => catalog.forget(epoch));
        this.#writes.remove(keys);
        break;
      }
      case 'AUDITED':
        this.#audited(output);
        break;
      case 'REPAIRED':
        this.#metrics.repaired((output.atMs - output.sinceMs) / 1000);
        break;
      case 'ALARM': {
        const { agentId, reason } = output;
        this.#metrics.alarm(reason);
        this.#deps.logger.warn({ agentId, reason }, 'an agent was refused');
      }
    }
  }

  async #digest(question: DigestQuestion): Promise<void> {
    const { agentId, token, epoch } = question;
    const { storage, clock, logger } = this.#deps;
    let digests: StoreDigest[] | undefined;
    try {
      const { catalog } = this.#agents.takeUp(agentId);
      digests = await digestStore(storage, catalog.seriesOf(epoch).values(), question);
    } catch (error) {
      logger.error({ agentId, err: messageOf(error) }, 'the store could not be audited');
    }
    this.#machine.digested(agentId, token, digests, clock.now());
    this.#flush();
  }

  #audited({ agentId, outcome }: Extract<Output, { kind: 'AUDITED' }>): void {
    this.#metrics.audited(outcome);
    if (outcome === 'MATCH') return;
    this.#deps.logger.warn({ agentId, outcome }, 'an audit found a difference, or no answer');
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
  }

  #hello({ agentId, hello }: Extract<Output, { kind: 'HELLO' }>, current: number | undefined) {
    const attached = this.#connections.get(current ?? 0);
    if (attached === undefined || current === undefined) return;
    const entry = this.#agents.takeUp(agentId);
    this.#agents.welcome(entry, hello, current, attached);
    const keys = this.#agents.forgetSchemas(entry);
    this.#writes.remove(keys);
  }

  #bye(agentId: string): void {
    const entry = this.#agents.get(agentId);
    if (entry === undefined) return;
    this.horizon.forget(agentId);
    const attached = this.#connections.get(entry.connection ?? 0);
    if (attached !== undefined) attached.left = true;
    this.#agents.leaving(entry);
    this.#life.endWhenStored(entry);
  }

  #up({ agentId, up, atMs }: Extract<Output, { kind: 'UP' }>): void {
    const entry = this.#agents.takeUp(agentId);
    entry.up = up;
    // That the collector stops says nothing of the agent, and with BYE the series ends.
    if (this.#closing || (up === 0 && entry.leaving)) return;
    if (up === 0) this.#agents.contactLost(entry);
    this.#life.write([{ labels: entry.life.up, timestamp: atMs, value: up }]);
  }

  #apply(output: ApplyOutput): void {
    const { agentId, token, frames } = output;
    const entry = this.#agents.takeUp(agentId);
    this.#writes.apply(entry, output, ({ result, durationMs }) => {
      const { clock } = this.#deps;
      if (result === undefined) {
        this.#machine.applied(agentId, token, { stored: false }, clock.now());
        this.#inFlight.releaseForgotten(entry, this.ledger(agentId));
      } else {
        const { storedCount: samples, rejectedCount: rejected } = result;
        this.#agents.contact(entry, { samples, rejected, durationMs });
        this.horizon.rejected(agentId, result.tooOldCount);
        this.#machine.applied(agentId, token, result, clock.now());
      }
      for (const { sealed } of frames) this.#inFlight.release(entry, sealed);
      this.#life.endWhenStored(entry);
    });
  }

  /** All who had a part in a commit have been told what it came to. */
  #committed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#flush();
    this.#connections.resume(({ agentId }) => !this.#inFlight.isFull(this.#agents.get(agentId)));
  }

  #persist(outputs: readonly PersistOutput[]): void {
    const states = outputs.flatMap((output) => output.states);
    this.#writes.persist(states, (isStored) => {
      for (const { agentId, token } of outputs) {
        if (token === undefined) continue;
        this.#machine.persisted(agentId, token, isStored, this.#deps.clock.now());
      }
    });
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

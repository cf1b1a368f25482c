import type { BatchColumns, Fence, Lease, Sealed } from '../../formats/tide/index.ts';
import { encodeControl, TideFormatError } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import { messageOf } from '../../model/index.ts';
import type { AgentLedger } from '../../sources/index.ts';
import { LEDGER_STATE_PREFIX, pushSourceId, type SourceRegistry } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { AgentConnection, CloseKind, Principal } from './agent-connection.ts';
import { AgentEntry, inFlightKey } from './agent-entry.ts';
import {
  AgentRequestError,
  AgentRequests,
  type ReadQuestion,
  type ReadResult,
} from './agent-requests.ts';
import { BatchOpener, contentBytes } from './batch-body.ts';
import { LifeKeeper } from './life-keeper.ts';
import type { AgentsOptions } from './options.ts';
import { readFrames } from './read-frames.ts';
import { SessionMachine } from './session-machine.ts';
import type { AgentMessage, SealedContent, SessionOutput } from './session-output.ts';
import { SharedCommits } from './shared-commit.ts';
import { noSessionMetrics, type SessionMetrics } from './session-metrics.ts';

export interface SessionServerDependencies {
  readonly storage: Storage;
  readonly sources: SourceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: AgentsOptions;
  readonly metrics?: SessionMetrics;
  /** Unique among runs of the collector. */
  readonly runId: string;
  /** 0 to below 1. */
  readonly random?: () => number;
}

/** Samples of one series in an answer to READ. */
export interface ReadSeries {
  readonly labels: Labels;
  readonly timestamps: number[];
  readonly values: number[];
}

interface Attached {
  readonly connection: AgentConnection;
  readonly principal: Principal;
  agentId: string | undefined;
  fence: Fence['reason'] | undefined;
  left: boolean;
}

type Refusal = Partial<Fence> & Pick<Fence, 'message'>;
type Output = SessionOutput<BatchColumns>;
type ApplyOutput = Extract<Output, { kind: 'APPLY' }>;

const TICK_MS = 100;
const AGENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** One agent's part of the bytes in flight. */
const AGENT_PART = 1 / 4;

/**
 * The collector's end of agents' sessions: gives frames to the session machine, and does what that
 * says. Transports attach connections and hand on bytes.
 */
export class SessionServer {
  readonly requests: AgentRequests;
  readonly #deps: SessionServerDependencies;
  readonly #metrics: SessionMetrics;
  readonly #machine: SessionMachine<BatchColumns>;
  readonly #opener = new BatchOpener();
  readonly #entries = new Map<string, AgentEntry>();
  readonly #attached = new Map<number, Attached>();
  readonly #commits: SharedCommits;
  readonly #life: LifeKeeper;
  readonly #paused = new Set<Attached>();
  readonly #writes = new Set<Promise<void>>();
  /** Sealed frames that the machine has opened during the call under way. */
  #opened: { sealed: Sealed; content: SealedContent<BatchColumns> }[] = [];
  #opening: AgentEntry | undefined;
  #inFlightBytes = 0;
  #lastConnection = 0;
  #lastLeaseId = 0;
  #startMs = 0;
  #closing = false;
  #timers: CancelTimer[] = [];

  constructor(deps: SessionServerDependencies) {
    this.#deps = deps;
    this.#commits = new SharedCommits(deps.storage);
    this.#life = new LifeKeeper({
      ...deps,
      ledger: (agentId) => this.ledger(agentId),
      track: (write) => this.#track(write.catch(this.#failed('the life of agents was not stored'))),
    });
    this.#metrics = deps.metrics ?? noSessionMetrics;
    this.requests = new AgentRequests(deps.clock);
    const { options, runId } = deps;
    this.#machine = new SessionMachine<BatchColumns>({
      open: (sealed) => this.#open(sealed),
      heartbeatMs: options.heartbeat_ms,
      reconnectSpreadMs: options.reconnect_spread_ms,
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
    for (const agentId of this.#machine.agentIds) this.#takeUp(agentId);
    this.#every(TICK_MS, () => this.#tick());
    this.#every(options.heartbeat_ms, () => this.#life.keep(this.#entries.values()));
  }

  /** Sessions and those that are about to become one. */
  get connectionCount(): number {
    return this.#attached.size;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  /** Every agent that is known, in order of id. */
  entries(): AgentEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  }

  entry(agentId: string): AgentEntry | undefined {
    return this.#entries.get(agentId);
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
    const id = this.#entries.get(agentId)?.connection;
    return id === undefined ? undefined : this.#attached.get(id)?.connection;
  }

  /** Takes a connection in; its number, for `receive` and `lost`. */
  attach(connection: AgentConnection, principal: Principal): number {
    const id = ++this.#lastConnection;
    this.#attached.set(id, {
      ...{ connection, principal, agentId: undefined, fence: undefined },
      left: false,
    });
    this.#machine.connected(id);
    return id;
  }

  /** Bytes of one frame or several from a connection. Never throws: what is wrong ends it. */
  receive(id: number, bytes: Uint8Array): void {
    const attached = this.#attached.get(id);
    if (attached === undefined) return;
    this.#metrics.received(attached.connection.transport, bytes.length);
    try {
      for (const { epoch, message } of readFrames(bytes)) {
        if (!this.#attached.has(id)) return;
        this.#receiveOne(id, attached, epoch, message);
      }
    } catch (error) {
      if (!(error instanceof TideFormatError)) {
        this.#deps.logger.error({ err: messageOf(error) }, 'a frame met a bug');
      }
      this.#refuse(id, { reason: 'PROTOCOL', message: messageOf(error) });
    }
  }

  /** A connection is gone without having been closed from here. */
  lost(id: number): void {
    const attached = this.#attached.get(id);
    if (attached === undefined) return;
    this.#detach(id, attached);
    this.#machine.disconnected(id, this.#deps.clock.now());
    this.#flush();
  }

  /**
   * Reads from an agent over its connection.
   * @throws AgentRequestError
   */
  read(agentId: string, question: ReadQuestion, signal?: AbortSignal): Promise<ReadResult> {
    const entry = this.#connectedEntry(agentId);
    const send = (message: Parameters<typeof encodeControl>[0]): void => {
      if (entry.connection !== undefined) this.#sendTo(entry.connection, message, entry.epoch);
    };
    return this.requests.read(agentId, question, send, signal);
  }

  /**
   * What a READ's answer holds of series, named as they are stored; what the schema does not know
   * is left out. Throws TideFormatError where the bytes are no batch.
   */
  seriesOf(agentId: string, body: Uint8Array): ReadSeries[] {
    const entry = this.#entries.get(agentId);
    const { seriesIds, timestamps, values, length } = this.#opener.openBody(body);
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

  /** Sends agents away, spread over time, and waits until all that came is stored. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const cancel of this.#timers.splice(0)) cancel();
    const { clock, random = Math.random, options } = this.#deps;
    for (const id of [...this.#attached.keys()]) {
      const retryAfterMs = Math.round(random() * options.reconnect_spread_ms);
      this.#refuse(id, { reason: 'LEAVING', message: 'the collector stops', retryAfterMs });
    }
    while (this.#writes.size > 0) await Promise.all(this.#writes);
    this.#machine.tick(clock.now());
    this.#flush();
    while (this.#writes.size > 0) await Promise.all(this.#writes);
  }

  #connectedEntry(agentId: string): AgentEntry {
    const entry = this.#entries.get(agentId);
    if (entry === undefined) {
      throw new AgentRequestError('unknown_agent', `no agent ${JSON.stringify(agentId)} is known`);
    }
    if (entry.connection === undefined) {
      throw new AgentRequestError('not_connected', `agent ${agentId} has no session now`);
    }
    return entry;
  }

  #receiveOne(id: number, attached: Attached, epoch: number, message: AgentMessage): void {
    const nowMs = this.#deps.clock.now();
    if (message.type === 'HELLO' && attached.agentId === undefined) {
      const refusal = this.#refusalOf(attached, message.agentId);
      if (refusal !== undefined) {
        this.#refuse(id, refusal);
        return;
      }
      const entry = this.#takeUp(message.agentId);
      // Before the machine opens anything, so that it reads the schema with the right labels.
      if (entry.connection === undefined) entry.enforce(attached.principal.labels);
    }
    const entry = attached.agentId === undefined ? undefined : this.#entries.get(attached.agentId);
    if (entry !== undefined) {
      entry.lastHeardMs = nowMs;
      if (message.type === 'HEARTBEAT') entry.heartbeat = message;
    }
    this.#opening = entry;
    this.#machine.receive(id, { epoch, message }, nowMs);
    this.#opening = undefined;
    this.#holdOpened(entry);
    this.#flush(id);
    this.#pauseWhenFull(attached, entry);
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
    const { max_sessions: most } = this.#deps.options;
    if (this.#entries.has(agentId) || this.#entries.size < most) return undefined;
    const message = `${this.#entries.size} agents are known, wanted at most ${most}`;
    return { reason: 'LIMIT', message, retryAfterMs: 60_000 };
  }

  #open(sealed: Sealed): SealedContent<BatchColumns> {
    const content = this.#opener.open(sealed);
    if (content.kind === 'SCHEMA') this.#opening?.catalog.check(sealed.epoch, content.change);
    this.#opened.push({ sealed, content });
    return content;
  }

  /** Counts what the machine keeps of what it opened, and takes back the rest. */
  #holdOpened(entry: AgentEntry | undefined): void {
    for (const { sealed, content } of this.#opened.splice(0)) {
      const lane = this.ledger(entry?.agentId ?? '')
        ?.epoch(sealed.epoch)
        ?.lane(sealed.stream);
      const isKept = lane?.received.has(sealed.seq) === true || lane?.durable.has(sealed.seq);
      if (entry !== undefined && isKept === true) {
        const sizeBytes = contentBytes(content, sealed.payload.length);
        entry.hold(sealed, content, sizeBytes);
        this.#inFlightBytes += sizeBytes;
      } else if (content.kind === 'BATCH') {
        this.#opener.give(content.body);
      }
    }
  }

  #release(entry: AgentEntry, key: string): void {
    const held = entry.release(key);
    if (held === undefined) return;
    this.#inFlightBytes -= held.sizeBytes;
    if (held.content.kind === 'BATCH') this.#opener.give(held.content.body);
  }

  #pauseWhenFull(attached: Attached, entry: AgentEntry | undefined): void {
    const most = this.#deps.options.max_in_flight_bytes;
    const isFull = this.#inFlightBytes > most || (entry?.inFlightBytes ?? 0) > most * AGENT_PART;
    if (!isFull || this.#paused.has(attached)) return;
    this.#paused.add(attached);
    attached.connection.pause();
  }

  #resumePaused(): void {
    const most = this.#deps.options.max_in_flight_bytes;
    if (this.#inFlightBytes > most) return;
    for (const attached of this.#paused) {
      const entry = this.#entries.get(attached.agentId ?? '');
      if ((entry?.inFlightBytes ?? 0) > most * AGENT_PART) continue;
      this.#paused.delete(attached);
      attached.connection.resume();
    }
  }

  /** Does what the machine says, in order. `current` is the connection that was just heard. */
  #flush(current?: number): void {
    for (;;) {
      const outputs = this.#machine.take();
      if (outputs.length === 0) return;
      const persisted = outputs.filter((output) => output.kind === 'PERSIST');
      for (const output of outputs) this.#do(output, current);
      if (persisted.length > 0) this.#track(this.#persist(persisted));
    }
  }

  #do(output: Output, current: number | undefined): void {
    switch (output.kind) {
      case 'SEND':
        this.#sendTo(output.connection, output.message, output.epoch);
        break;
      case 'CLOSE':
        this.#closeConnection(output.connection, output.reason);
        break;
      case 'APPLY':
        this.#track(this.#apply(output));
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
      case 'ALARM': {
        const { agentId, reason } = output;
        this.#metrics.alarm(reason);
        this.#deps.logger.warn({ agentId, reason }, 'an agent was refused');
        break;
      }
      case 'PERSIST':
        break;
    }
  }

  #sendTo(id: number, message: Parameters<typeof encodeControl>[0], epoch: number): void {
    const attached = this.#attached.get(id);
    if (attached === undefined) return;
    if (message.type === 'FENCE') {
      attached.fence = message.reason;
      this.#metrics.fenced(message.reason);
    }
    if (attached.connection.send(encodeControl(message, epoch))) return;
    attached.connection.close('OVERLOAD', 'the agent does not take what it is sent');
    this.lost(id);
  }

  /** Ends a connection that the machine has not ended. */
  #refuse(id: number, fence: Refusal): void {
    const attached = this.#attached.get(id);
    if (attached === undefined) return;
    const { reason = 'PROTOCOL', message, retryAfterMs, currentEpoch = 0 } = fence;
    const epoch = this.#entries.get(attached.agentId ?? '')?.epoch ?? 0;
    const text = message.slice(0, 512);
    this.#sendTo(id, { type: 'FENCE', reason, message: text, currentEpoch, retryAfterMs }, epoch);
    this.#closeConnection(id, text);
    this.#machine.disconnected(id, this.#deps.clock.now());
    this.#flush();
  }

  #closeConnection(id: number, reason: string): void {
    const attached = this.#attached.get(id);
    if (attached === undefined) return;
    this.#detach(id, attached);
    attached.connection.close(closeKind(attached), reason);
  }

  #detach(id: number, attached: Attached): void {
    this.#attached.delete(id);
    this.#paused.delete(attached);
    const entry = this.#entries.get(attached.agentId ?? '');
    if (entry?.connection !== id) return;
    entry.connection = undefined;
    this.requests.lost(entry.agentId);
  }

  #hello({ agentId, hello }: Extract<Output, { kind: 'HELLO' }>, current: number | undefined) {
    const entry = this.#takeUp(agentId);
    const attached = this.#attached.get(current ?? 0);
    if (attached === undefined || current === undefined) return;
    const ledger = this.ledger(agentId);
    attached.agentId = agentId;
    entry.enforce(attached.principal.labels);
    entry.connection = current;
    entry.epoch = ledger?.currentEpoch ?? 0;
    entry.hello = hello;
    entry.lastHeardMs = this.#deps.clock.now();
    entry.leaving = false;
    entry.gone = false;
    const epochs = ledger?.epochs ?? [];
    for (const [index, { epoch }] of epochs.entries()) {
      const next = epochs[index + 1];
      if (next?.epoch === entry.epoch) entry.absences.set(epoch, next.epoch);
    }
    this.#forgetSchemas(entry);
    const intervals = hello.groups.map(({ intervalMs }) => intervalMs).filter((ms) => ms > 0);
    this.#deps.sources.expect({
      id: pushSourceId('tide', agentId),
      kind: 'push',
      name: 'tide',
      labels: entry.labels,
      endpoint: `${attached.connection.address} (tide.v1, ${attached.connection.transport})`,
      intervalMs: Math.max(this.#deps.options.heartbeat_ms, ...intervals),
    });
  }

  /** Schemas of epochs that nothing will come of any more. */
  #forgetSchemas(entry: AgentEntry): void {
    const held = new Set(entry.hello?.previous.map(({ epoch }) => epoch));
    const keys: string[] = [];
    for (const epoch of this.ledger(entry.agentId)?.epochs ?? []) {
      if (epoch.epoch === entry.epoch || held.has(epoch.epoch) || !epoch.isSettled) continue;
      keys.push(...entry.catalog.forget(epoch.epoch));
    }
    if (keys.length === 0) return;
    const appender = this.#deps.storage.appender();
    for (const key of keys) appender.putState(key, undefined);
    this.#track(appender.commit().then(() => undefined, this.#failed('schemas not removed')));
  }

  #bye(agentId: string): void {
    const entry = this.#entries.get(agentId);
    if (entry === undefined) return;
    const attached = this.#attached.get(entry.connection ?? 0);
    if (attached !== undefined) attached.left = true;
    entry.leaving = true;
    this.#deps.sources.end(pushSourceId('tide', agentId));
    this.#life.endWhenStored(entry);
  }

  #up({ agentId, up, atMs }: Extract<Output, { kind: 'UP' }>): void {
    const entry = this.#takeUp(agentId);
    entry.up = up;
    // That the collector stops says nothing of the agent, and with BYE the series ends.
    if (this.#closing || (up === 0 && entry.leaving)) return;
    if (up === 0) this.#contactLost(agentId);
    this.#life.write([{ labels: entry.life.up, timestamp: atMs, value: up }]);
  }

  #contactLost(agentId: string): void {
    const error = 'the connection was lost';
    const contact = { samples: 0, rejected: 0, durationMs: 0, error };
    this.#deps.sources.contact(pushSourceId('tide', agentId), contact);
  }

  async #apply({ agentId, token, frames, states }: ApplyOutput): Promise<void> {
    const entry = this.#takeUp(agentId);
    const { clock } = this.#deps;
    const startMs = clock.monotonic();
    try {
      const { filled, result: committed } = await this.#commits.add((appender) =>
        entry.writer.begin(appender, frames, states, entry.life.alive),
      );
      const result = await filled.settle(committed);
      entry.storedCount += result.storedCount;
      entry.rejectedCount += result.rejectedCount;
      entry.conflictCount += result.conflictCount;
      const durationMs = clock.monotonic() - startMs;
      this.#metrics.applied({ ...result, durationMs, nowMs: clock.now() });
      const contact = { samples: result.storedCount, rejected: result.rejectedCount, durationMs };
      this.#deps.sources.contact(pushSourceId('tide', agentId), contact);
      this.#machine.applied(agentId, token, result, clock.now());
    } catch (error) {
      this.#failed('what an agent sent was not stored')(error);
      entry.catalog.reload();
      this.#machine.applied(agentId, token, { stored: false }, clock.now());
      this.#releaseForgotten(entry);
    }
    for (const { sealed } of frames) this.#release(entry, inFlightKey(sealed));
    this.#flush();
    this.#resumePaused();
    this.#life.endWhenStored(entry);
  }

  /** After a failed write the machine has forgotten what waited behind it as well. */
  #releaseForgotten(entry: AgentEntry): void {
    const ledger = this.ledger(entry.agentId);
    for (const key of [...entry.inFlight.keys()]) {
      const [epoch = 0, stream = 0, seq = 0] = key.split('/').map(Number);
      if (ledger?.epoch(epoch)?.lane(stream).received.has(seq) !== true) this.#release(entry, key);
    }
  }

  async #persist(outputs: readonly Extract<Output, { kind: 'PERSIST' }>[]): Promise<void> {
    const appender = this.#deps.storage.appender();
    for (const { state } of outputs) appender.putState(state.key, state.value);
    try {
      await appender.commit();
    } catch (error) {
      // It costs work after a restart, never truth.
      this.#failed('the state of ledgers was not stored')(error);
    }
  }

  #tick(): void {
    this.#machine.tick(this.#deps.clock.now());
    this.#flush();
  }

  #takeUp(agentId: string): AgentEntry {
    const known = this.#entries.get(agentId);
    if (known !== undefined) return known;
    const { storage, options, clock } = this.#deps;
    const entry = new AgentEntry(agentId, {
      storage,
      stepMs: options.heartbeat_ms,
      maxSeries: options.max_series_per_agent,
      nowMs: clock.now(),
    });
    const newest = this.ledger(agentId)?.epochs.at(-1);
    entry.leaving = newest?.state === 'LEFT';
    entry.gone = entry.leaving;
    this.#entries.set(agentId, entry);
    return entry;
  }

  #failed(message: string): (error: unknown) => void {
    return (error) => {
      this.#metrics.failed();
      this.#deps.logger.error({ err: messageOf(error) }, message);
    };
  }

  #track(work: Promise<void>): void {
    const done = work.finally(() => this.#writes.delete(done));
    this.#writes.add(done);
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

function closeKind({ fence, left }: Attached): CloseKind {
  if (left) return 'LEFT';
  if (fence === undefined) return 'LOST';
  return fence === 'PROTOCOL' || fence === 'LEAVING' ? fence : 'REFUSED';
}

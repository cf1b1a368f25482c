import type {
  Ack,
  AuditResult,
  CertificateRequest,
  ByeReason,
  ControlMessage,
  Fence,
  Hash64,
  Heartbeat,
  Hello,
  LeaseReport,
  PreviousEpoch,
  PullRange,
  RangeGone,
  ReadChunk,
  ReadEnd,
  RingFill,
  SampleCounters,
  Sealed,
  Stream,
  StreamExtent,
  StreamMarks,
  TickMark,
  Welcome,
} from '../../formats/tide/index.ts';
import {
  frameBytes,
  LANE_CONTROL,
  LANE_READ,
  LANE_REPAIR,
  SEQ_RANGES_MAX,
} from '../../formats/tide/index.ts';
import { LaneWindows } from '../flow/lane-credit.ts';
import { type QueueName, SendQueue } from '../flow/send-queue.ts';
import { PullAnswer } from './pull-answer.ts';
import type { AgentMessage, AgentOutput } from './session-output.ts';

/** What the session needs of the ring; nothing here waits. */
export interface RetainedFrames {
  append(sealed: Sealed, nowMs: number): void;
  extents(): StreamExtent[];
  previous(): PreviousEpoch[];
  schemas(epoch: number): readonly Sealed[];
  readonly fill: RingFill;
}

/** What HELLO says that does not change with the ring. */
export type AgentIntroduction = Omit<Hello, 'type' | 'clockMs' | 'streams' | 'previous'>;

/** What a heartbeat says of the sampler and the process. */
export interface AgentCondition {
  readonly ticks: readonly TickMark[];
  readonly counters: SampleCounters;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly leases: readonly LeaseReport[];
  /** Of the policy that is applied. */
  readonly policyHash: Hash64;
}

export interface SessionOptions {
  readonly epoch: number;
  readonly ring: RetainedFrames;
  introduction(): AgentIntroduction;
  condition(): AgentCondition;
  /** Time between heartbeats until the collector says another. */
  readonly heartbeatMs: number;
  /** Bytes that wait on one live lane before the oldest is left to repair. */
  readonly liveBytesMax: number;
}

/** CLOSED: no connection. OPENING: HELLO is out. LEAVING: BYE goes when the queue is empty. */
export type SessionPhase = 'CLOSED' | 'OPENING' | 'OPEN' | 'LEAVING' | 'FENCED';

/** Heartbeats without any answer after which the connection is dead, whatever TCP thinks. */
const HEARTBEATS_MISSED = 2.5;

/** Time goes on in smaller steps than this unless the process stood still. */
const STALL_MS = 2000;

/** Answers read from the ring ahead of what the repair lane could send. */
const REPAIR_AHEAD_BYTES = 65_536;
/** How long BYE waits for the collector to pull what it lacks. */
const LEAVE_BACKLOG_MS = 2000;
/** The next pull comes this soon after the one before. */
const PULL_QUIET_MS = 300;

/**
 * The agent's end of a session, without any I/O: it is told what happened and when, and says what
 * to do through `take`. Sealing numbers a batch and puts it in the ring; what is fresh is sent as
 * credit allows, and everything else (what a lost connection swallowed, what waited too long, what
 * the collector lost) is sent when the collector pulls it. So live always goes first, and the agent
 * never has to know what arrived.
 */
export class SessionMachine {
  readonly #options: SessionOptions;
  readonly #windows = new LaneWindows();
  readonly #queue: SendQueue<AgentMessage>;
  readonly #lastSeq: number[];
  #outputs: AgentOutput[] = [];
  #phase: SessionPhase = 'CLOSED';
  #heartbeatMs: number;
  #nextHeartbeatMs = 0;
  #lastHeardMs = 0;
  #lastTickMs: number | undefined;
  /** Sealed since HELLO told what there is: to be sent as soon as WELCOME comes. */
  #sinceHello: Sealed[] = [];
  #pulls: PullAnswer[] = [];
  /** Epochs whose schemas went out in this session for repair. */
  readonly #schemasSent = new Set<number>();
  #byeReason: ByeReason = 'DONE';
  #rttMs: number | undefined;
  /** The newest time that this was told. */
  #nowMs = 0;
  #leaveMs = 0;
  #lastPullMs = -Infinity;
  /** By stream, up to where the collector has all; nothing until it said so in this session. */
  #durable: number[] = [];
  /** By stream, up to where numbers were not sent in this session, but left to repair. */
  #backlog: number[] = [];
  #deferredBefore = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#heartbeatMs = options.heartbeatMs;
    this.#queue = new SendQueue(this.#windows, options.liveBytesMax);
    this.#lastSeq = options.ring.extents().map(({ lastSeq }) => lastSeq);
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Round trip of the last heartbeat; undefined until one was echoed. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** How long the oldest live frame waits: the pressure that the degradation ladder looks at. */
  liveDelayMs(nowMs: number): number {
    return this.#queue.liveDelayMs(nowMs);
  }

  /** Live frames that were left to repair because they waited too long. */
  get deferredCount(): number {
    return this.#queue.deferredCount;
  }

  /** What may wait on a live lane from now on: little, where the newest alone is worth it. */
  boundLive(bytesMax: number): void {
    this.#queue.boundLive(bytesMax);
  }

  /** What is to be done, in order; each output is given once. */
  take(): AgentOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** A connection is open: HELLO goes out on it. */
  connected(nowMs: number): void {
    if (this.#phase === 'FENCED') return;
    this.#reset();
    this.#phase = 'OPENING';
    this.#lastHeardMs = nowMs;
    this.#nowMs = nowMs;
    const { ring } = this.#options;
    this.#backlog = ring.extents().map(({ lastSeq }) => lastSeq);
    this.#deferredBefore = this.deferredCount;
    this.#emit({
      type: 'HELLO',
      ...this.#options.introduction(),
      clockMs: nowMs,
      streams: ring.extents(),
      previous: ring.previous(),
    });
  }

  /** The connection is gone. What waited is in the ring. */
  disconnected(): void {
    this.#reset();
    if (this.#phase !== 'FENCED') this.#phase = 'CLOSED';
  }

  /** Gives content its number, keeps it, and sends it if there is a session. */
  seal(content: Omit<Sealed, 'epoch' | 'seq'>, nowMs: number): Sealed {
    const seq = (this.#lastSeq[content.stream] ?? 0) + 1;
    this.#lastSeq[content.stream] = seq;
    const sealed: Sealed = { ...content, epoch: this.#options.epoch, seq };
    this.#options.ring.append(sealed, nowMs);
    if (this.#phase === 'OPENING') this.#sinceHello.push(sealed);
    if (this.#phase === 'OPEN') this.#enqueue(sealed, nowMs);
    this.#pump();
    return sealed;
  }

  /** Sends the answer to a REQUEST that others have worked out, or asks for a certificate. */
  send(message: ReadChunk | ReadEnd | AuditResult | CertificateRequest, nowMs: number): void {
    if (this.#phase !== 'OPEN') return;
    const sizeBytes = message.type === 'READ_CHUNK' ? message.data.length : 0;
    const isRead = message.type === 'READ_CHUNK' || message.type === 'READ_END';
    const lane = isRead ? LANE_READ : LANE_CONTROL;
    const name: QueueName = lane === LANE_READ ? 'read' : 'control';
    this.#queue.push(name, { lane, sizeBytes, queuedMs: nowMs, frame: message });
    this.#pump();
  }

  /**
   * Leaves in good order: BYE follows what is queued and, for a while, what the collector still
   * pulls; then the connection closes.
   */
  leave(reason: ByeReason): void {
    if (this.#phase !== 'OPEN') return;
    this.#leaveMs = this.#nowMs;
    if (this.deferredCount > this.#deferredBefore) this.#backlog = [...this.#lastSeq];
    this.#phase = 'LEAVING';
    this.#byeReason = reason;
    this.#pump();
  }

  /** Time goes on: heartbeats, and answers that ran out of time. */
  tick(nowMs: number): void {
    // Time in which this process did not run, or the clock was set, is no silence of the collector:
    // what it sent meanwhile is read after this.
    const sinceMs = nowMs - (this.#lastTickMs ?? nowMs);
    this.#lastTickMs = nowMs;
    if (sinceMs > STALL_MS) this.#lastHeardMs = Math.min(nowMs, this.#lastHeardMs + sinceMs);
    if (this.#phase === 'CLOSED' || this.#phase === 'FENCED') return;
    if (nowMs - this.#lastHeardMs > HEARTBEATS_MISSED * this.#heartbeatMs) {
      this.disconnected();
      this.#outputs.push({ kind: 'CLOSE', reason: 'no answer', retryAfterMs: 0 });
      return;
    }
    this.#nowMs = nowMs;
    if (this.#phase === 'OPENING') return;
    if (this.#phase === 'OPEN' && nowMs >= this.#nextHeartbeatMs) {
      this.#nextHeartbeatMs = nowMs + this.#heartbeatMs;
      this.#control(this.#heartbeat(nowMs), nowMs);
    }
    this.#answerPulls(nowMs);
    this.#pump();
  }

  /** Asks the collector to say at once what is safe with it: it answers a heartbeat. */
  hurry(nowMs: number): void {
    this.#nextHeartbeatMs = nowMs;
    this.tick(nowMs);
  }

  /** A message of the collector. */
  receive(message: ControlMessage, nowMs: number): void {
    if (this.#phase === 'FENCED' || this.#phase === 'CLOSED') return;
    this.#lastHeardMs = nowMs;
    this.#nowMs = nowMs;
    if (message.type === 'FENCE') this.#fence(message);
    else if (message.type === 'WELCOME') this.#welcome(message, nowMs);
    else if (this.#phase !== 'OPENING') this.#receiveOpen(message, nowMs);
    this.#pump();
  }

  /** What READ_RING found: the frame, or nothing. */
  ringRead(
    key: { requestId: number; seq: number },
    sealed: Sealed | undefined,
    nowMs: number,
  ): void {
    const pull = this.#pulls.find(({ request }) => request.requestId === key.requestId);
    if (pull === undefined || pull.reading !== key.seq) return;
    if (sealed === undefined) {
      pull.gone(key.seq, key.seq, 'DAMAGED');
    } else {
      pull.read(key.seq, frameBytes(sealed.payload.length));
      this.#repair(key.requestId, sealed, nowMs);
    }
    this.#answerPulls(nowMs);
    this.#pump();
  }

  #receiveOpen(message: ControlMessage, nowMs: number): void {
    switch (message.type) {
      case 'ACK':
        this.#ack(message, nowMs);
        break;
      case 'PULL_RANGE':
        this.#pull(message, nowMs);
        break;
      case 'POLICY':
        this.#outputs.push({ kind: 'POLICY', policy: message.policy });
        break;
      case 'CERTIFICATE':
        this.#outputs.push({ kind: 'CERTIFICATE', certificatePem: message.certificatePem });
        break;
      case 'READ':
      case 'LEASE':
      case 'AUDIT':
        this.#outputs.push({ kind: 'REQUEST', request: message });
        break;
      default:
        // What only agents send, or a later version's: the frame has been checked, so go on.
        break;
    }
  }

  #welcome(welcome: Welcome, nowMs: number): void {
    if (this.#phase !== 'OPENING') return;
    this.#phase = 'OPEN';
    this.#heartbeatMs = welcome.heartbeatMs;
    this.#nextHeartbeatMs = nowMs + this.#heartbeatMs;
    this.#windows.grant(welcome.credit);
    this.#takeMarks(welcome.streams);
    this.#outputs.push({ kind: 'WELCOMED', welcome });
    if (welcome.policy !== undefined) {
      this.#outputs.push({ kind: 'POLICY', policy: welcome.policy });
    }
    // Schemas first, or what follows cannot be read; then what is fresh. The rest is pulled.
    const { epoch, ring } = this.#options;
    const waiting = this.#sinceHello.filter(({ type }) => type === 'BATCH');
    for (const schema of ring.schemas(epoch).slice(welcome.schemaVersion)) {
      this.#enqueue(schema, nowMs);
    }
    for (const sealed of waiting) this.#enqueue(sealed, nowMs);
    this.#sinceHello = [];
    this.#schemasSent.add(epoch);
  }

  #fence(fence: Fence): void {
    this.#reset();
    const mayReturn = fence.retryAfterMs !== undefined;
    this.#phase = mayReturn ? 'CLOSED' : 'FENCED';
    const reason = `${fence.reason}: ${fence.message}`;
    this.#outputs.push({ kind: 'CLOSE', reason, retryAfterMs: fence.retryAfterMs });
  }

  #ack(ack: Ack, nowMs: number): void {
    this.#windows.grant(ack.credit);
    this.#takeMarks(ack.streams);
    if (ack.echoMs > 0) this.#rttMs = Math.max(0, nowMs - ack.echoMs);
    this.#answerPulls(nowMs);
  }

  #takeMarks(streams: readonly StreamMarks[]): void {
    for (const { stream, cumDurable } of streams) this.#durable[stream] = cumDurable;
  }

  #pull(request: PullRange, nowMs: number): void {
    this.#lastPullMs = nowMs;
    this.#dropPulls();
    const pull = new PullAnswer(request, nowMs);
    const { epoch, stream } = request;
    const extent = this.#extent(epoch, stream);
    // Schemas outlive the batches around them, so a low number may still be there.
    for (const schema of this.#options.ring.schemas(epoch)) {
      if (this.#schemasSent.has(epoch)) break;
      this.#repair(request.requestId, schema, nowMs);
      if (schema.stream === stream) pull.read(schema.seq, frameBytes(schema.payload.length));
    }
    this.#schemasSent.add(epoch);
    const schemas = this.#options.ring.schemas(epoch).filter((other) => other.stream === stream);
    let from = 1;
    for (const seq of [...schemas.map((schema) => schema.seq), extent.firstRetained]) {
      if (seq > extent.firstRetained) break;
      pull.gone(from, seq - 1, 'EVICTED');
      from = seq + 1;
    }
    pull.gone(extent.lastSeq + 1, Number.MAX_SAFE_INTEGER, 'NEVER_SEALED');
    this.#pulls.push(pull);
    this.#answerPulls(nowMs);
  }

  /** The collector asks for one thing at a time: it has given up what it asked for before. */
  #dropPulls(): void {
    this.#pulls = [];
    for (const frame of this.#queue.drop('repair')) {
      const isSchema = frame.type === 'RANGE_DATA' && frame.sealed.type === 'SCHEMA';
      if (isSchema) this.#schemasSent.delete(frame.sealed.epoch);
    }
  }

  /** What is held of a lane; of an epoch that is not known, nothing ever was. */
  #extent(epoch: number, stream: Stream): StreamExtent {
    const { ring } = this.#options;
    const streams =
      epoch === this.#options.epoch
        ? ring.extents()
        : (ring.previous().find((other) => other.epoch === epoch)?.streams ?? []);
    return (
      streams.find((other) => other.stream === stream) ?? { stream, firstRetained: 1, lastSeq: 0 }
    );
  }

  #answerPulls(nowMs: number): void {
    const done: PullAnswer[] = [];
    for (const pull of this.#pulls) {
      if (pull.reading !== undefined) continue;
      // Read ahead only a little: the rest is better off in the ring.
      if (this.#queue.queuedBytes('repair') > REPAIR_AHEAD_BYTES) break;
      const seq = pull.next(nowMs);
      if (seq === undefined) {
        for (const gone of pull.rest(nowMs, SEQ_RANGES_MAX)) this.#gone(gone, nowMs);
        done.push(pull);
        continue;
      }
      const { requestId, epoch, stream } = pull.request;
      this.#outputs.push({ kind: 'READ_RING', requestId, epoch, stream, seq });
    }
    this.#pulls = this.#pulls.filter((pull) => !done.includes(pull));
  }

  // Behind the data that it ends, so that the collector never sees the end first.
  #gone(frame: RangeGone, nowMs: number): void {
    this.#queue.push('repair', { lane: LANE_REPAIR, sizeBytes: 0, queuedMs: nowMs, frame });
  }

  #repair(requestId: number, sealed: Sealed, nowMs: number): void {
    this.#queue.push('repair', {
      lane: LANE_REPAIR,
      sizeBytes: frameBytes(sealed.payload.length),
      queuedMs: nowMs,
      frame: { type: 'RANGE_DATA', requestId, sealed },
    });
  }

  #enqueue(sealed: Sealed, nowMs: number): void {
    const lane = sealed.stream;
    const name = sealed.type === 'SCHEMA' ? 'schema' : lane === 0 ? 'event' : 'live';
    this.#queue.push(name, {
      lane,
      sizeBytes: frameBytes(sealed.payload.length),
      queuedMs: nowMs,
      frame: sealed,
    });
  }

  #control(message: ControlMessage, nowMs: number): void {
    this.#queue.push('control', {
      lane: LANE_CONTROL,
      sizeBytes: 0,
      queuedMs: nowMs,
      frame: message,
    });
  }

  #pump(): void {
    if (this.#phase !== 'OPEN' && this.#phase !== 'LEAVING') return;
    for (let frame = this.#queue.next(); frame !== undefined; frame = this.#queue.next()) {
      this.#emit(frame);
    }
    const waiting = this.#queue.queuedBytes('live') + this.#queue.queuedBytes('event');
    if (this.#phase !== 'LEAVING' || waiting > 0 || this.#awaitsPulls()) return;
    const streams = this.#options.ring.extents();
    const { ticks } = this.#options.condition();
    this.#emit({ type: 'BYE', reason: this.#byeReason, streams, ticks });
    this.#outputs.push({ kind: 'CLOSE', reason: 'left', retryAfterMs: undefined });
    this.#reset();
    this.#phase = 'CLOSED';
  }

  /** Whether the collector lacks something that it can be expected to ask for right now. */
  #awaitsPulls(): boolean {
    if (this.#nowMs - this.#leaveMs >= LEAVE_BACKLOG_MS) return false;
    if (this.#pulls.length > 0 || this.#queue.queuedBytes('repair') > 0) return true;
    if (this.#nowMs - this.#lastPullMs < PULL_QUIET_MS) return true;
    return this.#durable.some((seq, stream) => seq < (this.#backlog[stream] ?? 0));
  }

  #heartbeat(nowMs: number): Heartbeat {
    const { ring } = this.#options;
    const { policyVersion, schemaVersion, schemaHash } = this.#options.introduction();
    const { ticks, counters, cpuMs, rssBytes, leases, policyHash } = this.#options.condition();
    return {
      type: 'HEARTBEAT',
      clockMs: nowMs,
      streams: ring.extents(),
      previous: ring.previous(),
      ticks,
      ring: ring.fill,
      counters,
      cpuMs,
      rssBytes,
      policyVersion,
      policyHash,
      schemaVersion,
      schemaHash,
      leases,
    };
  }

  #emit(message: AgentMessage): void {
    this.#outputs.push({ kind: 'SEND', message });
  }

  #reset(): void {
    this.#windows.reset();
    this.#queue.clear();
    this.#sinceHello = [];
    this.#pulls = [];
    this.#schemasSent.clear();
    this.#durable = [];
    this.#lastPullMs = -Infinity;
    this.#outputs = this.#outputs.filter(({ kind }) => kind !== 'READ_RING');
  }
}

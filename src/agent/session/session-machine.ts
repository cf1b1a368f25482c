import type {
  Ack,
  AuditResult,
  ByeReason,
  CertificateRequest,
  ControlMessage,
  Fence,
  ReadChunk,
  ReadEnd,
  Sealed,
  Welcome,
} from '../../formats/tide/index.ts';
import { frameBytes, LANE_CONTROL, LANE_READ } from '../../formats/tide/index.ts';
import { LaneWindows } from '../flow/lane-credit.ts';
import { type QueueName, SendQueue } from '../flow/send-queue.ts';
import { Departure } from './departure.ts';
import { Heartbeats } from './heartbeats.ts';
import { RangeAnswers } from './range-answers.ts';
import type { SessionOptions, SessionPhase } from './session-options.ts';
import type { AgentMessage, AgentOutput } from './session-output.ts';

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
  readonly #heartbeats: Heartbeats;
  readonly #answers: RangeAnswers;
  readonly #departure = new Departure();
  /** Sealed since HELLO told what there is: to be sent as soon as WELCOME comes. */
  #sinceHello: Sealed[] = [];
  /** Credit of each lane at which the collector was told that it does not do. */
  readonly #blockedAt: number[] = [];
  #isBlocked = false;
  #rttMs: number | undefined;
  #clockAheadMs: number | undefined;
  /** The newest time that this was told. */
  #nowMs = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#heartbeats = new Heartbeats(options);
    this.#queue = new SendQueue(this.#windows, options.liveBytesMax);
    const { epoch, ring } = options;
    this.#answers = new RangeAnswers({
      epoch,
      ring,
      queue: this.#queue,
      readRing: (read) => this.#outputs.push(read),
    });
    this.#lastSeq = ring.extents().map(({ lastSeq }) => lastSeq);
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Round trip of the last heartbeat; undefined until one was echoed. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** How far this clock is ahead of the collector's, give or take half of that round trip. */
  get clockAheadMs(): number | undefined {
    return this.#clockAheadMs;
  }

  /** Whether something fresh waits for credit. */
  get isBlocked(): boolean {
    return this.#isBlocked;
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
    this.#heartbeats.heard(nowMs);
    this.#heartbeats.forget();
    this.#nowMs = nowMs;
    const { ring } = this.#options;
    this.#departure.begin(ring.extents(), this.deferredCount);
    this.#emit({
      type: 'HELLO',
      ...this.#options.introduction(),
      clockMs: nowMs,
      streams: ring.extents(),
      previous: ring.previous(),
      ticks: this.#options.condition().ticks,
    });
  }

  /** The connection is gone. What waited is in the ring. */
  disconnected(): void {
    this.#reset();
    if (this.#phase !== 'FENCED') this.#phase = 'CLOSED';
  }

  /**
   * Gives content its number, keeps it, and sends it if there is a session.
   * @param tickMs when its newest tick was due: after now where the clock was set back since.
   */
  seal(content: Omit<Sealed, 'epoch' | 'seq'>, nowMs: number, tickMs = nowMs): Sealed {
    const seq = (this.#lastSeq[content.stream] ?? 0) + 1;
    this.#lastSeq[content.stream] = seq;
    const sealed: Sealed = { ...content, epoch: this.#options.epoch, seq };
    this.#options.ring.append(sealed, Math.max(nowMs, tickMs));
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
    const { deferredCount } = this;
    this.#departure.leave(reason, this.#nowMs, { deferredCount, lastSeq: this.#lastSeq });
    this.#phase = 'LEAVING';
    this.#pump();
  }

  /**
   * Says BYE at once, whatever waits to be sent: by it the collector knows what it does not get,
   * and does not take it for a crash.
   */
  leaveNow(): void {
    if (this.#phase === 'LEAVING') this.#sayBye();
  }

  /** Time goes on: heartbeats, and answers that ran out of time. */
  tick(nowMs: number): void {
    this.#heartbeats.tick(nowMs);
    if (this.#phase === 'CLOSED' || this.#phase === 'FENCED') return;
    if (this.#heartbeats.isSilent(nowMs)) {
      this.disconnected();
      this.#outputs.push({ kind: 'CLOSE', reason: 'no answer', retryAfterMs: 0 });
      return;
    }
    this.#nowMs = nowMs;
    if (this.#phase === 'OPENING') return;
    const heartbeat = this.#phase === 'OPEN' ? this.#heartbeats.due(nowMs) : undefined;
    if (heartbeat !== undefined) this.#control(heartbeat, nowMs);
    this.#answers.goOn(nowMs);
    this.#pump();
  }

  /** Asks the collector to say at once what is safe with it: it answers a heartbeat. */
  hurry(nowMs: number): void {
    this.#heartbeats.hurry(nowMs);
    this.tick(nowMs);
  }

  /** A message of the collector. */
  receive(message: ControlMessage, nowMs: number): void {
    if (this.#phase === 'FENCED' || this.#phase === 'CLOSED') return;
    this.#heartbeats.heard(nowMs);
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
    if (this.#answers.ringRead(key, sealed, nowMs)) this.#pump();
  }

  #receiveOpen(message: ControlMessage, nowMs: number): void {
    switch (message.type) {
      case 'ACK':
        this.#ack(message, nowMs);
        break;
      case 'PULL_RANGE':
        this.#departure.pulled(nowMs);
        this.#answers.begin(message, nowMs);
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
    this.#heartbeats.begin(welcome.heartbeatMs, nowMs);
    this.#heartbeats.told(welcome.serverTimeMs, nowMs);
    this.#windows.grant(welcome.credit);
    this.#departure.marked(welcome.streams);
    this.#outputs.push({ kind: 'WELCOMED', welcome });
    if (welcome.policy !== undefined) {
      this.#outputs.push({ kind: 'POLICY', policy: welcome.policy });
    }
    // Schemas first, or what follows cannot be read; then what is fresh. The rest is pulled.
    const { epoch, ring } = this.#options;
    const waiting = this.#sinceHello.filter(({ type }) => type === 'BATCH');
    for (const schema of ring.schemasAfter(welcome.schemaVersion)) {
      this.#enqueue(schema, nowMs);
    }
    for (const sealed of waiting) this.#enqueue(sealed, nowMs);
    this.#sinceHello = [];
    this.#answers.schemasSent(epoch);
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
    this.#departure.marked(ack.streams);
    this.#heartbeats.told(ack.serverTimeMs, nowMs);
    const { rejections } = ack;
    if (rejections.length > 0) this.#outputs.push({ kind: 'REJECTED', rejections });
    if (ack.echoMs > 0) {
      this.#rttMs = Math.max(0, nowMs - ack.echoMs);
      // The collector sent this when half of the way was done.
      this.#clockAheadMs = nowMs - this.#rttMs / 2 - ack.serverTimeMs;
    }
    this.#answers.goOn(nowMs);
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
    this.#tellBlocked();
    const waiting = this.#queue.queuedBytes('live') + this.#queue.queuedBytes('event');
    if (this.#phase !== 'LEAVING' || waiting > 0) return;
    if (this.#departure.awaitsPulls(this.#nowMs, this.#answers.isBusy)) return;
    this.#sayBye();
  }

  #sayBye(): void {
    const streams = this.#options.ring.extents();
    const { ticks } = this.#options.condition();
    this.#emit({ type: 'BYE', reason: this.#departure.reason, streams, ticks });
    this.#outputs.push({ kind: 'CLOSE', reason: 'left', retryAfterMs: undefined });
    this.#reset();
    this.#phase = 'CLOSED';
  }

  /** Says, once for each offset, that what is fresh waits for credit; and here, when it is over. */
  #tellBlocked(): void {
    const stream = this.#queue.blockedStream;
    if (stream === undefined) {
      const isOver = this.#isBlocked && this.#phase === 'OPEN';
      this.#isBlocked = false;
      if (isOver) this.#outputs.push({ kind: 'UNBLOCKED' });
      return;
    }
    this.#isBlocked = true;
    const offsetBytes = this.#windows.granted(stream);
    if (this.#blockedAt[stream] === offsetBytes) return;
    this.#blockedAt[stream] = offsetBytes;
    this.#emit({ type: 'BLOCKED', stream, offsetBytes });
  }

  #emit(message: AgentMessage): void {
    this.#outputs.push({ kind: 'SEND', message });
  }

  #reset(): void {
    this.#windows.reset();
    this.#blockedAt.length = 0;
    this.#isBlocked = false;
    this.#queue.clear();
    this.#sinceHello = [];
    this.#answers.clear();
    this.#departure.clear();
    this.#outputs = this.#outputs.filter(({ kind }) => kind !== 'READ_RING');
  }
}

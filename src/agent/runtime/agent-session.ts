import type {
  AuditResult,
  ByeReason,
  CertificateRequest,
  Frame,
  Welcome,
  Policy,
  ReadChunk,
  ReadEnd,
  Rejection,
  Sealed,
} from '../../formats/tide/index.ts';
import {
  decodeControl,
  decodeFrame,
  isControl,
  TideFormatError,
} from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { Reconnect } from '../connection/reconnect.ts';
import type { Connect, TransportEnd } from '../connection/transport.ts';
import type { AgentRing } from '../ring/agent-ring.ts';
import { SessionMachine } from '../session/session-machine.ts';
import type { AgentCondition, AgentIntroduction } from '../session/session-options.ts';
import type { AgentMessage, AgentOutput } from '../session/session-output.ts';
import { DurableMarks } from './durable-marks.ts';
import { encodeMessage } from './encode-message.ts';
import { SessionConnection, UNANSWERED } from './session-connection.ts';

/** How often the machine is told the time. */
const TICK_MS = 250;
const HEARTBEAT_MS = 5000;
/** For the connection to close behind BYE. */
const CLOSE_MS = 250;
/** Live frames that wait beyond this are left to repair. */
const LIVE_BYTES_MAX = 1_048_576;
/** The same where all but the newest is left to repair. */
const LIVE_BYTES_RING_ONLY = 16_384;

export type SessionRequest = Extract<AgentOutput, { kind: 'REQUEST' }>['request'];

export interface AgentSessionOptions {
  readonly epoch: number;
  readonly ring: AgentRing;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connect: Connect;
  readonly reconnect: Reconnect;
  introduction(): AgentIntroduction;
  condition(): AgentCondition;
  onPolicy(policy: Policy): void;
  /** What the collector will never store. */
  onRejected(rejections: readonly Rejection[]): void;
  onCertificate(certificatePem: string): void;
  onRequest(request: SessionRequest): void;
  /** Nothing fresh waits for credit any more. */
  onUnblocked(): void;
  onWelcome(welcome: Welcome): void;
  /** The session is gone; another may come. */
  onDisconnected(): void;
  /** The collector wants this identity and epoch never again. */
  onFenced(reason: string): void;
}

export interface SessionCounters {
  connections: number;
  sessions: number;
  sentBytes: number;
  sentFrames: number;
  receivedFrames: number;
  badFrames: number;
}

/** The session machine with a connection: opens, sends, receives, and comes again. */
export class AgentSession {
  readonly #options: AgentSessionOptions;
  readonly #machine: SessionMachine;
  readonly #connection: SessionConnection;
  readonly #marks: DurableMarks;
  #cancelTick: CancelTimer = () => {};
  #stopped = false;
  /** Set by a FENCE that says when to come again. */
  #fenceRetryMs: number | undefined;
  #left: (() => void) | undefined;
  readonly #counters: Omit<SessionCounters, 'connections'> = {
    sessions: 0,
    sentBytes: 0,
    sentFrames: 0,
    receivedFrames: 0,
    badFrames: 0,
  };

  constructor(options: AgentSessionOptions) {
    this.#options = options;
    this.#marks = new DurableMarks(options.ring);
    const { clock, logger, connect, reconnect } = options;
    this.#connection = new SessionConnection({
      ...{ clock, logger, connect, reconnect },
      onOpened: () => this.#opened(),
      onFrames: (bytes) => this.#frames(bytes),
      onClosed: (end) => this.#closed(end),
    });
    this.#machine = new SessionMachine({
      epoch: options.epoch,
      ring: options.ring,
      introduction: () => options.introduction(),
      condition: () => options.condition(),
      heartbeatMs: HEARTBEAT_MS,
      liveBytesMax: LIVE_BYTES_MAX,
    });
  }

  get isOpen(): boolean {
    return this.#machine.phase === 'OPEN';
  }

  get counters(): SessionCounters {
    return { ...this.#counters, connections: this.#connection.attempts };
  }

  get clockAheadMs(): number | undefined {
    return this.#machine.clockAheadMs;
  }

  get rttMs(): number | undefined {
    return this.#machine.rttMs;
  }

  get deferredCount(): number {
    return this.#machine.deferredCount;
  }

  /** Whether something fresh waits for credit. */
  get isBlocked(): boolean {
    return this.#machine.isBlocked;
  }

  liveDelayMs(nowMs: number): number {
    return this.#machine.liveDelayMs(nowMs);
  }

  /** Whether all but the newest frames are left in the ring, to be pulled. */
  ringOnly(isSo: boolean): void {
    this.#machine.boundLive(isSo ? LIVE_BYTES_RING_ONLY : LIVE_BYTES_MAX);
  }

  /** Whether the ring has dropped what the collector neither has nor has given up. */
  get isLosing(): boolean {
    return this.#marks.isLosing;
  }

  /** Whether what leaves the ring next is something that the collector may not have. */
  get isNextUnsafe(): boolean {
    return this.#marks.isNextUnsafe;
  }

  start(): void {
    this.#connection.open();
    this.#arm();
  }

  seal(content: Omit<Sealed, 'epoch' | 'seq'>, tickMs?: number): Sealed {
    const sealed = this.#machine.seal(content, this.#options.clock.now(), tickMs);
    this.#act();
    return sealed;
  }

  send(message: ReadChunk | ReadEnd | AuditResult | CertificateRequest): void {
    this.#machine.send(message, this.#options.clock.now());
    this.#act();
  }

  /**
   * Resolves when all that was sealed is safe with the collector, or after `timeoutMs`: for those
   * who have no disk to keep it on.
   */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#marks.isDrained || this.#machine.phase === 'FENCED') return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.setTimer(timeoutMs, resolve);
      this.#marks.onDrained(() => {
        cancel();
        resolve();
      });
      this.hurry();
    });
    this.#marks.onDrained(undefined);
  }

  /** Says at once what heartbeats say; the collector answers with what is safe with it. */
  hurry(): void {
    this.#machine.hurry(this.#options.clock.now());
    this.#act();
  }

  /**
   * Says BYE, where there is a session, and ends. For `timeoutMs` at most it waits until the
   * collector has all, and then a moment for the connection to close.
   */
  async leave(reason: ByeReason, timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    if (this.#machine.phase === 'OPEN') {
      await new Promise<void>((resolve) => {
        let cancel = clock.setTimer(timeoutMs, () => {
          cancel = clock.setTimer(CLOSE_MS, resolve);
          this.#machine.leaveNow();
          this.#act();
        });
        this.#left = () => {
          cancel();
          resolve();
        };
        this.#machine.leave(reason);
        this.#act();
      });
    }
    this.stop();
  }

  /** Ends at once, without a word. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTick();
    this.#connection.stop();
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#cancelTick = clock.setTimer(TICK_MS, () => {
      this.#machine.tick(clock.now());
      this.#act();
      if (!this.#stopped) this.#arm();
    });
  }

  #opened(): void {
    this.#machine.connected(this.#options.clock.now());
    this.#act();
  }

  #closed(end: TransportEnd): void {
    this.#machine.disconnected();
    this.#options.onDisconnected();
    this.#left?.();
    const isOver = this.#stopped || this.#left !== undefined || this.#machine.phase === 'FENCED';
    if (!isOver) this.#connection.comeAgain(end, this.#fenceRetryMs);
    this.#fenceRetryMs = undefined;
  }

  #frames(bytes: Uint8Array): void {
    const { clock } = this.#options;
    let start = 0;
    while (start < bytes.length) {
      let frame: Frame;
      try {
        frame = decodeFrame(bytes, start);
        this.#counters.receivedFrames++;
        start = frame.end;
        if (isControl(frame)) {
          const message = decodeControl(frame);
          this.#machine.receive(message, clock.now());
          const hasMarks = message.type === 'ACK' || message.type === 'WELCOME';
          if (hasMarks) this.#marks.take(message.streams);
        }
      } catch (error) {
        this.#counters.badFrames++;
        if (!(error instanceof TideFormatError)) throw error;
        // Of a later version: a frame that is a message of its own can be skipped.
        if (error.code === 'tide_frame_type') break;
        this.#connection.abort();
        const reason = `what came from the collector is no frame: ${messageOf(error)}`;
        this.#connection.ended({ reason, ...UNANSWERED });
        return;
      }
    }
    this.#act();
  }

  #act(): void {
    for (const output of this.#machine.take()) this.#do(output);
  }

  #do(output: AgentOutput): void {
    switch (output.kind) {
      case 'SEND':
        this.#send(output.message);
        break;
      case 'READ_RING':
        void this.#readRing(output);
        break;
      case 'WELCOMED':
        this.#counters.sessions++;
        this.#connection.welcomed(output.welcome.reconnectSpreadMs);
        this.#options.onWelcome(output.welcome);
        this.#options.logger.info({ session: output.welcome.sessionId }, 'in session');
        break;
      case 'POLICY':
        this.#options.onPolicy(output.policy);
        break;
      case 'REJECTED':
        this.#options.onRejected(output.rejections);
        break;
      case 'CERTIFICATE':
        this.#options.onCertificate(output.certificatePem);
        break;
      case 'REQUEST':
        this.#options.onRequest(output.request);
        break;
      case 'UNBLOCKED':
        this.#options.onUnblocked();
        break;
      case 'CLOSE':
        this.#close(output);
    }
  }

  #close({ reason, retryAfterMs }: Extract<AgentOutput, { kind: 'CLOSE' }>): void {
    const { logger } = this.#options;
    if (this.#left !== undefined) {
      this.#connection.close();
      return;
    }
    if (this.#machine.phase === 'FENCED') {
      logger.error({ reason }, 'the collector refuses this agent for good');
      this.#connection.close();
      this.stop();
      this.#options.onFenced(reason);
      return;
    }
    if (reason === 'no answer') this.#connection.abort();
    else this.#connection.close();
    this.#fenceRetryMs = retryAfterMs === 0 ? undefined : retryAfterMs;
    this.#connection.ended({ reason, ...UNANSWERED });
  }

  #send(message: AgentMessage): void {
    const { epoch } = this.#options;
    const bytes = encodeMessage(message, epoch);
    this.#counters.sentFrames++;
    this.#counters.sentBytes += bytes.length;
    this.#connection.send(bytes);
  }

  async #readRing({
    requestId,
    epoch,
    stream,
    seq,
  }: Extract<AgentOutput, { kind: 'READ_RING' }>): Promise<void> {
    const { ring, clock, logger } = this.#options;
    const { generation } = this.#connection;
    let sealed: Sealed | undefined;
    try {
      sealed = await ring.read(epoch, stream, seq);
    } catch (error) {
      logger.error({ epoch, stream, seq, err: messageOf(error) }, 'the ring cannot be read');
    }
    if (generation !== this.#connection.generation) return;
    this.#machine.ringRead({ requestId, seq }, sealed, clock.now());
    this.#act();
  }
}

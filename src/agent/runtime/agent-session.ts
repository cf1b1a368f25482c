import type {
  ByeReason,
  CertificateRequest,
  Frame,
  Hello,
  Policy,
  ReadChunk,
  ReadEnd,
  StreamMarks,
  AuditResult,
  Sealed,
} from '../../formats/tide/index.ts';
import {
  decodeControl,
  decodeFrame,
  encodeControl,
  encodeRangeData,
  encodeSealed,
  isControl,
  TideFormatError,
} from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { Reconnect } from '../connection/reconnect.ts';
import type { AgentTransport, Connect, TransportEnd } from '../connection/transport.ts';
import type { AgentRing } from '../ring/agent-ring.ts';
import {
  type AgentCondition,
  type AgentIntroduction,
  SessionMachine,
} from '../session/session-machine.ts';
import type { AgentMessage, AgentOutput } from '../session/session-output.ts';

/** How often the machine is told the time. */
const TICK_MS = 250;
const HEARTBEAT_MS = 5000;
/** Live frames that wait beyond this are left to repair. */
const LIVE_BYTES_MAX = 1_048_576;
/** The same where all but the newest is left to repair. */
const LIVE_BYTES_RING_ONLY = 16_384;
/** A connection whose upgrade nobody answers. */
const CONNECT_TIMEOUT_MS = 15_000;

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
  onCertificate(certificatePem: string): void;
  onRequest(request: SessionRequest): void;
  onWelcome(codecs: Hello['codecs']): void;
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
  #transport: AgentTransport | undefined;
  /** Which connection events belong to; those of former ones are ignored. */
  #generation = 0;
  #hadSession = false;
  #cancelTick: CancelTimer = () => {};
  #cancelConnect: CancelTimer = () => {};
  #cancelHandshake: CancelTimer = () => {};
  #stopped = false;
  /** Set by a FENCE that says when to come again. */
  #fenceRetryMs: number | undefined;
  #left: (() => void) | undefined;
  /** All up to here is safe with the collector, by stream. */
  readonly #durable: number[] = [];
  #drained: (() => void) | undefined;
  #lastEnd = '';
  readonly counters: SessionCounters = {
    connections: 0,
    sessions: 0,
    sentBytes: 0,
    sentFrames: 0,
    receivedFrames: 0,
    badFrames: 0,
  };

  constructor(options: AgentSessionOptions) {
    this.#options = options;
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

  get rttMs(): number | undefined {
    return this.#machine.rttMs;
  }

  get deferredCount(): number {
    return this.#machine.deferredCount;
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
    return this.#options.ring.extents().some(({ stream, firstRetained, lastSeq }) => {
      return lastSeq > 0 && firstRetained > (this.#durable[stream] ?? 0) + 1;
    });
  }

  start(): void {
    this.#open();
    this.#arm();
  }

  seal(content: Omit<Sealed, 'epoch' | 'seq'>): Sealed {
    const sealed = this.#machine.seal(content, this.#options.clock.now());
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
    if (this.#isDrained() || this.#machine.phase === 'FENCED') return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.setTimer(timeoutMs, resolve);
      this.#drained = () => {
        cancel();
        resolve();
      };
      this.#machine.hurry(this.#options.clock.now());
      this.#act();
    });
    this.#drained = undefined;
  }

  #isDrained(): boolean {
    return this.#options.ring
      .extents()
      .every(({ stream, lastSeq }) => lastSeq <= (this.#durable[stream] ?? 0));
  }

  #takeMarks(streams: readonly StreamMarks[]): void {
    for (const { stream, cumDurable } of streams) this.#durable[stream] = cumDurable;
    if (this.#drained !== undefined && this.#isDrained()) this.#drained();
  }

  /** Says BYE, where there is a session, and ends; resolves after at most `timeoutMs`. */
  async leave(reason: ByeReason, timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    if (this.#machine.phase === 'OPEN') {
      await new Promise<void>((resolve) => {
        const cancel = clock.setTimer(timeoutMs, resolve);
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
    this.#cancelConnect();
    this.#cancelHandshake();
    this.#generation++;
    this.#transport?.abort();
    this.#transport = undefined;
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#cancelTick = clock.setTimer(TICK_MS, () => {
      this.#machine.tick(clock.now());
      this.#act();
      if (!this.#stopped) this.#arm();
    });
  }

  #open(): void {
    if (this.#stopped) return;
    const { connect, reconnect, clock } = this.#options;
    const generation = ++this.#generation;
    const ifCurrent = (act: () => void): void => {
      if (generation === this.#generation && !this.#stopped) act();
    };
    this.counters.connections++;
    this.#hadSession = false;
    this.#fenceRetryMs = undefined;
    this.#cancelHandshake = clock.setTimer(CONNECT_TIMEOUT_MS, () =>
      ifCurrent(() => {
        this.#transport?.abort();
        const reason = `no connection within ${CONNECT_TIMEOUT_MS} ms`;
        this.#closed({ reason, status: 0, retryAfterMs: undefined });
      }),
    );
    this.#transport = connect(reconnect.kind, {
      opened: () =>
        ifCurrent(() => {
          this.#cancelHandshake();
          this.#machine.connected(clock.now());
          this.#act();
        }),
      frames: (bytes) => ifCurrent(() => this.#frames(bytes)),
      closed: (end) => ifCurrent(() => this.#closed(end)),
    });
  }

  #closed(end: TransportEnd): void {
    const { reconnect, logger, clock } = this.#options;
    this.#cancelHandshake();
    this.#generation++;
    this.#transport = undefined;
    this.#machine.disconnected();
    this.#options.onDisconnected();
    this.#left?.();
    const isOver = this.#stopped || this.#left !== undefined || this.#machine.phase === 'FENCED';
    if (isOver) return;
    const delayMs =
      this.#fenceRetryMs === undefined
        ? reconnect.delayAfter(end, this.#hadSession)
        : reconnect.delayAfterFence(this.#fenceRetryMs);
    // The same fault again and again is said once.
    if (end.reason !== this.#lastEnd) {
      const fields = { reason: end.reason, nextMs: Math.round(delayMs) };
      logger.warn(fields, this.#hadSession ? 'the session ended' : 'the collector is not reached');
    }
    this.#lastEnd = end.reason;
    this.#cancelConnect = clock.setTimer(delayMs, () => this.#open());
  }

  #frames(bytes: Uint8Array): void {
    const { clock, logger } = this.#options;
    let start = 0;
    while (start < bytes.length) {
      let frame: Frame;
      try {
        frame = decodeFrame(bytes, start);
        this.counters.receivedFrames++;
        start = frame.end;
        if (isControl(frame)) {
          const message = decodeControl(frame);
          this.#machine.receive(message, clock.now());
          const hasMarks = message.type === 'ACK' || message.type === 'WELCOME';
          if (hasMarks) this.#takeMarks(message.streams);
        }
      } catch (error) {
        this.counters.badFrames++;
        if (!(error instanceof TideFormatError)) throw error;
        // Of a later version: a frame that is a message of its own can be skipped.
        if (error.code === 'tide_frame_type') break;
        logger.error({ err: messageOf(error) }, 'the collector sent what is no frame');
        this.#transport?.abort();
        this.#closed({ reason: messageOf(error), status: 0, retryAfterMs: undefined });
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
        this.#hadSession = true;
        this.counters.sessions++;
        this.#lastEnd = '';
        this.#options.reconnect.welcomed(output.welcome.reconnectSpreadMs);
        this.#options.onWelcome(output.welcome.codecs);
        this.#options.logger.info({ session: output.welcome.sessionId }, 'in session');
        break;
      case 'POLICY':
        this.#options.onPolicy(output.policy);
        break;
      case 'CERTIFICATE':
        this.#options.onCertificate(output.certificatePem);
        break;
      case 'REQUEST':
        this.#options.onRequest(output.request);
        break;
      case 'CLOSE':
        this.#close(output);
    }
  }

  #close({ reason, retryAfterMs }: Extract<AgentOutput, { kind: 'CLOSE' }>): void {
    const { logger } = this.#options;
    const transport = this.#transport;
    if (this.#left !== undefined) {
      transport?.close();
      return;
    }
    if (this.#machine.phase === 'FENCED') {
      logger.error({ reason }, 'the collector refuses this agent for good');
      transport?.close();
      this.stop();
      this.#options.onFenced(reason);
      return;
    }
    if (reason === 'no answer') transport?.abort();
    else transport?.close();
    this.#fenceRetryMs = retryAfterMs === 0 ? undefined : retryAfterMs;
    this.#closed({ reason, status: 0, retryAfterMs: undefined });
  }

  #send(message: AgentMessage): void {
    const { epoch } = this.#options;
    const bytes = encodeMessage(message, epoch);
    this.counters.sentFrames++;
    this.counters.sentBytes += bytes.length;
    this.#transport?.send(bytes);
  }

  async #readRing({
    requestId,
    epoch,
    stream,
    seq,
  }: Extract<AgentOutput, { kind: 'READ_RING' }>): Promise<void> {
    const { ring, clock, logger } = this.#options;
    const generation = this.#generation;
    let sealed: Sealed | undefined;
    try {
      sealed = await ring.read(epoch, stream, seq);
    } catch (error) {
      logger.error({ epoch, stream, seq, err: messageOf(error) }, 'the ring cannot be read');
    }
    if (generation !== this.#generation) return;
    this.#machine.ringRead({ requestId, seq }, sealed, clock.now());
    this.#act();
  }
}

function encodeMessage(message: AgentMessage, epoch: number): Uint8Array {
  if (isSealed(message)) return encodeSealed(message);
  if (message.type === 'RANGE_DATA') return encodeRangeData(message, epoch);
  return encodeControl(message, epoch);
}

function isSealed(message: AgentMessage): message is Sealed {
  return message.type === 'BATCH' || message.type === 'SCHEMA';
}

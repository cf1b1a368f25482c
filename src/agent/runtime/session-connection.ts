import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { Reconnect } from '../connection/reconnect.ts';
import type { AgentTransport, Connect, TransportEnd } from '../connection/transport.ts';

/** A connection whose upgrade nobody answers. */
const CONNECT_TIMEOUT_MS = 15_000;
const SAY_AGAIN_MS = 3_600_000;
/** Reasons that are remembered as said. */
const SAID_MAX = 20;

export interface SessionConnectionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connect: Connect;
  readonly reconnect: Reconnect;
  onOpened(): void;
  onFrames(bytes: Uint8Array): void;
  /** It is gone, and does not come again until `comeAgain`. */
  onClosed(end: TransportEnd): void;
}

/** One connection at a time, and when the next one is tried. */
export class SessionConnection {
  readonly #options: SessionConnectionOptions;
  #transport: AgentTransport | undefined;
  /** Which connection events belong to; those of former ones are ignored. */
  #generation = 0;
  #hadSession = false;
  #cancelConnect: CancelTimer = () => {};
  #cancelHandshake: CancelTimer = () => {};
  #stopped = false;
  /** What was said of connections that did not become sessions, and when. */
  readonly #said = new Map<string, number>();
  /** Connections that were tried. */
  attempts = 0;

  constructor(options: SessionConnectionOptions) {
    this.#options = options;
  }

  /** Another one for each connection. */
  get generation(): number {
    return this.#generation;
  }

  open(): void {
    if (this.#stopped) return;
    const { connect, reconnect, clock } = this.#options;
    const generation = ++this.#generation;
    const ifCurrent = (act: () => void): void => {
      if (generation === this.#generation && !this.#stopped) act();
    };
    this.attempts++;
    this.#hadSession = false;
    this.#cancelHandshake = clock.setTimer(CONNECT_TIMEOUT_MS, () =>
      ifCurrent(() => {
        this.abort();
        this.ended({ reason: `no connection within ${CONNECT_TIMEOUT_MS} ms`, ...UNANSWERED });
      }),
    );
    this.#transport = connect(reconnect.kind, {
      opened: () =>
        ifCurrent(() => {
          this.#cancelHandshake();
          this.#options.onOpened();
        }),
      frames: (bytes) => ifCurrent(() => this.#options.onFrames(bytes)),
      closed: (end) => ifCurrent(() => this.ended(end)),
    });
  }

  send(bytes: Uint8Array): void {
    this.#transport?.send(bytes);
  }

  /** The collector took this one for a session. */
  welcomed(reconnectSpreadMs: number): void {
    this.#hadSession = true;
    this.#said.clear();
    this.#options.reconnect.welcomed(reconnectSpreadMs);
  }

  /** Closes well; `onClosed` comes when the other side has closed too. */
  close(): void {
    this.#transport?.close();
  }

  abort(): void {
    this.#transport?.abort();
  }

  /** Nothing of this connection counts any more; tells `onClosed`. */
  ended(end: TransportEnd): void {
    this.#cancelHandshake();
    this.#generation++;
    this.#transport = undefined;
    this.#options.onClosed(end);
  }

  /** Opens the next one in time; `fenceRetryMs` where the collector said when. */
  comeAgain(end: TransportEnd, fenceRetryMs: number | undefined): void {
    const { reconnect, logger, clock } = this.#options;
    const delayMs =
      fenceRetryMs === undefined
        ? reconnect.delayAfter(end, this.#hadSession)
        : reconnect.delayAfterFence(fenceRetryMs);
    if (this.#hadSession || this.#isNews(end.reason)) {
      const fields = { reason: end.reason, nextMs: Math.round(delayMs) };
      logger.warn(fields, this.#hadSession ? 'the session ended' : 'the collector is not reached');
    }
    this.#cancelConnect = clock.setTimer(delayMs, () => this.open());
  }

  /** The same fault again and again is said once an hour, also where several take turns. */
  #isNews(reason: string): boolean {
    const nowMs = this.#options.clock.monotonic();
    const key = reason.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '');
    const saidMs = this.#said.get(key);
    if (saidMs !== undefined && nowMs - saidMs < SAY_AGAIN_MS) return false;
    if (this.#said.size >= SAID_MAX) this.#said.clear();
    this.#said.set(key, nowMs);
    return true;
  }

  /** Ends at once, for good. */
  stop(): void {
    this.#stopped = true;
    this.#cancelConnect();
    this.#cancelHandshake();
    this.#generation++;
    this.#transport?.abort();
    this.#transport = undefined;
  }
}

/** The rest of an end that no answer of HTTP came with. */
export const UNANSWERED = { status: 0, retryAfterMs: undefined } as const;

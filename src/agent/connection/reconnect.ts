import type { TransportEnd, TransportKind } from './transport.ts';

export interface ReconnectOptions {
  /** Bound of the wait after the first attempt that fails. */
  readonly firstMs: number;
  /** What that bound grows to: a collector that is back is found within this time. */
  readonly maxMs: number;
  /** Spread assumed until a collector says its own. */
  readonly spreadMs: number;
  readonly transport: TransportKind | 'auto';
  /** From 0 to below 1. */
  readonly random: () => number;
}

export const DEFAULT_RECONNECT: Omit<ReconnectOptions, 'random'> = {
  firstMs: 250,
  maxMs: 5000,
  spreadMs: 1000,
  transport: 'auto',
};

/** On this host a refused attempt costs next to nothing, and there is no fleet to wait for. */
const LOOPBACK_MAX_MS = 1000;
/** Token missing, wrong, or not for this: a person has to act, so there is no hurry. */
const REFUSED_MS = 60_000;
/** Longer than this no collector is waited for, whatever it or a proxy says. */
const WAIT_MS_MAX = 600_000;
const REFUSED = new Set([401, 403]);
/** Statuses of a collector that understood; all others come from what stands between. */
const UNDERSTOOD = new Set([401, 403, 429, 503]);
/** Beyond, any bound is reached. */
const DOUBLINGS_MAX = 30;
/** Times that WebSocket is tried again between two sessions over long poll. */
const POLLS_BEFORE_WEBSOCKET = 4;

/** The bound of waits for a collector at `url`, where nobody said another. */
export function reconnectMaxMs(url: string): number {
  if (!URL.canParse(url)) return DEFAULT_RECONNECT.maxMs;
  const { hostname } = new URL(url);
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  return isLoopback ? LOOPBACK_MAX_MS : DEFAULT_RECONNECT.maxMs;
}

/**
 * When to connect again, and how. A session that was lost comes back at a random time within the
 * spread that the collector gave, so that a thousand agents do not come at once; attempts that
 * fail wait twice as long each time at most, and a random part of that (full jitter).
 */
export class Reconnect {
  readonly #options: ReconnectOptions;
  #spreadMs: number;
  #failures = 0;
  #kind: TransportKind;
  #polls = 0;

  constructor(options: ReconnectOptions) {
    this.#options = options;
    this.#spreadMs = options.spreadMs;
    this.#kind = options.transport === 'poll' ? 'poll' : 'websocket';
  }

  /** What to connect with next. */
  get kind(): TransportKind {
    return this.#kind;
  }

  /** A session is open; `spreadMs` is what the collector said in WELCOME. */
  welcomed(spreadMs: number): void {
    this.#failures = 0;
    this.#spreadMs = Math.min(spreadMs, WAIT_MS_MAX);
  }

  /** The collector said in FENCE or by closing when to come again: that, or ten minutes. */
  delayAfterFence(retryAfterMs: number): number {
    this.#failures = 0;
    return Math.min(retryAfterMs, WAIT_MS_MAX) + this.#options.random() * this.#spreadMs;
  }

  /** How long to wait after a connection that was in session (`hadSession`), or was not. */
  delayAfter(end: TransportEnd, hadSession: boolean): number {
    const { firstMs, maxMs, random } = this.#options;
    this.#choose(end, hadSession);
    if (hadSession) return random() * this.#spreadMs;
    if (REFUSED.has(end.status)) return REFUSED_MS * (0.5 + random() / 2);
    // It is there, and takes as many in a second as it can: how long it was away is over.
    if (end.retryAfterMs !== undefined) return this.delayAfterFence(end.retryAfterMs);
    const capMs = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures++, DOUBLINGS_MAX));
    // Full jitter would let a collector that is down be asked twice at once: a tenth is kept.
    return capMs * (0.1 + 0.9 * random());
  }

  #choose({ status }: TransportEnd, hadSession: boolean): void {
    if (this.#options.transport !== 'auto') return;
    if (this.#kind === 'websocket') {
      const isBlocked = !hadSession && status > 0 && !UNDERSTOOD.has(status);
      if (isBlocked) this.#kind = 'poll';
      this.#polls = 0;
    } else if (++this.#polls >= POLLS_BEFORE_WEBSOCKET) {
      this.#kind = 'websocket';
    }
  }
}

import type { Heartbeat } from '../../formats/tide/index.ts';
import type { SessionOptions } from './session-options.ts';

/** Heartbeats without any answer after which the connection is dead, whatever TCP thinks. */
const HEARTBEATS_MISSED = 2.5;

/** Time goes on in smaller steps than this unless the process stood still. */
const STALL_MS = 2000;

/** When heartbeats are due, what they say, and whether the collector is still heard of. */
export class Heartbeats {
  readonly #options: SessionOptions;
  #periodMs: number;
  #nextMs = 0;
  #lastHeardMs = 0;
  #lastTickMs: number | undefined;
  /** The collector's clock, as it said last, and when that was read. */
  #server: { readonly timeMs: number; readonly heardMs: number } | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#periodMs = options.heartbeatMs;
  }

  /** The collector said how often. */
  begin(periodMs: number, nowMs: number): void {
    this.#periodMs = periodMs;
    this.#nextMs = nowMs + periodMs;
  }

  heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
  }

  /** A frame that tells the collector's clock. */
  told(serverTimeMs: number, nowMs: number): void {
    this.#server = { timeMs: serverTimeMs, heardMs: nowMs };
  }

  /** The connection is another. */
  forget(): void {
    this.#server = undefined;
  }

  /** The next one is due now. */
  hurry(nowMs: number): void {
    this.#nextMs = nowMs;
  }

  /** Time goes on, whether there is a connection or not. */
  tick(nowMs: number): void {
    // Time in which this process did not run, or the clock was set, is no silence of the collector:
    // what it sent meanwhile is read after this.
    const sinceMs = nowMs - (this.#lastTickMs ?? nowMs);
    this.#lastTickMs = nowMs;
    if (sinceMs > STALL_MS) this.#lastHeardMs = Math.min(nowMs, this.#lastHeardMs + sinceMs);
    if (sinceMs >= 0) return;
    // The clock was set back: what is due and what was is so much earlier by it.
    this.#lastHeardMs += sinceMs;
    this.#nextMs += sinceMs;
    this.#server = undefined;
  }

  isSilent(nowMs: number): boolean {
    return nowMs - this.#lastHeardMs > HEARTBEATS_MISSED * this.#periodMs;
  }

  /** The heartbeat that is due, once. */
  due(nowMs: number): Heartbeat | undefined {
    if (nowMs < this.#nextMs) return undefined;
    this.#nextMs = nowMs + this.#periodMs;
    return this.#heartbeat(nowMs);
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
      serverTimeMs: this.#server?.timeMs ?? 0,
      serverAgeMs: Math.max(0, nowMs - (this.#server?.heardMs ?? nowMs)),
    };
  }
}

import type { TlsClient } from './tls-client.ts';

/** Why a connection ended, or did not come about. */
export interface TransportEnd {
  readonly reason: string;
  /** HTTP status that the collector (or what stands before it) answered instead; 0 for none. */
  readonly status: number;
  /** What the answer asked for; undefined where it said nothing. */
  readonly retryAfterMs: number | undefined;
}

export interface TransportEvents {
  opened(): void;
  /** One or several frames, one after another. */
  frames(bytes: Uint8Array): void;
  /** Once, as the last event, also after `close`. */
  closed(end: TransportEnd): void;
}

/** One connection to a collector, of whatever kind. */
export interface AgentTransport {
  /** Sends a frame; in order. Nothing happens once the connection has ended. */
  send(frame: Uint8Array): void;
  /** Ends it, what was sent before included. */
  close(): void;
  /** Ends it at once: nobody answers any more. */
  abort(): void;
  /** Bytes given to `send` that have not left. */
  readonly bufferedBytes: number;
}

export type TransportKind = 'websocket' | 'poll';

/** Opens a connection; never throws, all comes as events. */
export type Connect = (kind: TransportKind, events: TransportEvents) => AgentTransport;

/** How the collector is reached. */
export interface CollectorAddress {
  /** http: or https:, without a path of the protocol. */
  readonly url: string;
  /** Of `Authorization: Bearer`; undefined where none is needed. */
  token(): string | undefined;
  /** For https:, asked for with each connection; undefined: what the system trusts. */
  readonly tls?: () => TlsClient;
  readonly userAgent: string;
  /** Whether a connection keeps the process alive. */
  readonly keepsAlive: boolean;
}

/** Seconds or a date of a Retry-After header, as milliseconds from now. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined || header === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

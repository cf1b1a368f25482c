import { AgentSetupError } from '../errors.ts';
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

/** Statuses that collectors answer with; all others come from what stands between or instead. */
const OF_COLLECTORS = new Set([400, 401, 403, 410, 413, 429, 500, 503]);
/** How much of a refusal's text is kept. */
export const REFUSAL_CHARS_MAX = 300;

/** An answer that is no session, in words that say what to do. */
export function refusalText(
  url: string,
  answer: {
    readonly status: number;
    readonly text: string;
    readonly location?: string | undefined;
  },
): string {
  const { status, location } = answer;
  const text = answer.text.slice(0, REFUSAL_CHARS_MAX).replaceAll(/\s+/g, ' ').trim();
  const said = text === '' ? '' : `: ${text}`;
  if (OF_COLLECTORS.has(status)) return `the collector answered ${status}${said}`;
  const where = location === undefined ? '' : ` and points to ${location.slice(0, 200)}`;
  return (
    `${url} answered ${status}${where}, as no collector does: is that the collector's URL, and ` +
    `does a proxy before it pass on what is below /tide/v1/?${said === '' ? '' : ` It said${said}`}`
  );
}

/** The headers of every request. @throws AgentSetupError where the token cannot be in one. */
export function requestHeaders(address: CollectorAddress): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': address.userAgent };
  const bearer = address.token();
  if (bearer !== undefined) headers['authorization'] = `Bearer ${checkToken(bearer, 'the token')}`;
  return headers;
}

/** A bearer token as it is; `name` says which it is. @throws AgentSetupError where it is none. */
export function checkToken(token: string, name: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  // What is seen is not shown: it may be a secret with a slip in it.
  const seen = token === '' ? 'is empty' : 'has blanks, line breaks or other such characters in it';
  throw new AgentSetupError(`${name} ${seen}, want one word of printable ASCII`);
}

/** Seconds or a date of a Retry-After header, as milliseconds from now. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined || header === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

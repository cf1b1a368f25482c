import type { Lane, PayloadCodec, Stream } from './frame-header.ts';
import type { GroupPolicy, Policy } from './policy.ts';
import type { Hash64 } from './schema-change.ts';
import type { SeqRange } from './sealed.ts';

/** What an agent holds of a stream. Nothing sealed: lastSeq 0. */
export interface StreamExtent {
  readonly stream: Stream;
  readonly firstRetained: number;
  readonly lastSeq: number;
}

/** What an agent still holds of an epoch before. */
export interface PreviousEpoch {
  readonly epoch: number;
  readonly streams: readonly StreamExtent[];
  /** Of the process that sealed it; undefined where the agent does not know or say. */
  readonly nonce?: number | undefined;
  /** When the last of it was sealed, by the agent's clock; undefined where it does not say. */
  readonly sealedMs?: number | undefined;
}

/** What a collector has of a stream. */
export interface StreamMarks {
  readonly stream: Stream;
  /** All up to here were received. */
  readonly cumReceived: number;
  /** All up to here are applied and safe from a crash. */
  readonly cumDurable: number;
  /** Received beyond `cumReceived`. At most 64. */
  readonly sack: readonly SeqRange[];
  /** Of what the agent retains. Only in WELCOME; at most 64. */
  readonly missing: readonly SeqRange[];
}

/** Leave to send, as an offset from the session's start: payload and header bytes of the lane. */
export interface LaneCredit {
  readonly lane: Lane;
  readonly offsetBytes: number;
}

export type BootReason = 'START' | 'CRASH' | 'UPGRADE' | 'RECONNECT';

export interface Hello {
  readonly type: 'HELLO';
  readonly agentId: string;
  /** Random; the same epoch with another one is a clone. 0 to 2^53 - 1. */
  readonly nonce: number;
  readonly agentVersion: string;
  readonly bootReason: BootReason;
  /** The agent's clock, milliseconds. */
  readonly clockMs: number;
  readonly codecs: readonly PayloadCodec[];
  /** Names of what the agent can do beyond the protocol's base. */
  readonly capabilities: readonly string[];
  readonly streams: readonly StreamExtent[];
  /** Epochs still in the ring; `lastSeq` is what was synced last. */
  readonly previous: readonly PreviousEpoch[];
  readonly schemaVersion: number;
  readonly schemaHash: Hash64;
  readonly policyVersion: number;
  readonly groups: readonly GroupPolicy[];
  /** The newest tick taken of each group, as in heartbeats; none where the agent does not say. */
  readonly ticks: readonly TickMark[];
}

export interface Welcome {
  readonly type: 'WELCOME';
  readonly sessionId: string;
  readonly serverTimeMs: number;
  readonly heartbeatMs: number;
  /** A lost connection is opened again at a random time within this. */
  readonly reconnectSpreadMs: number;
  readonly codecs: readonly PayloadCodec[];
  readonly streams: readonly StreamMarks[];
  readonly credit: readonly LaneCredit[];
  /** The newest schema version of this epoch that is durable; SCHEMA goes on from there. */
  readonly schemaVersion: number;
  readonly policy: Policy | undefined;
  /** Where to go instead. */
  readonly redirect: string | undefined;
  /** Names of what the collector takes beyond the protocol's base; see `CAPABILITY_HISTOGRAMS`. */
  readonly capabilities: readonly string[];
}

export interface TickMark {
  readonly group: number;
  readonly tick: number;
}

export type ByeReason = 'DONE' | 'UPGRADE' | 'SCALE_IN' | 'SHUTDOWN';

export interface Bye {
  readonly type: 'BYE';
  readonly reason: ByeReason;
  readonly streams: readonly StreamExtent[];
  readonly ticks: readonly TickMark[];
}

export type FenceReason = 'SUPERSEDED' | 'CLONED' | 'REVOKED' | 'PROTOCOL' | 'LIMIT' | 'LEAVING';

export interface Fence {
  readonly type: 'FENCE';
  readonly reason: FenceReason;
  readonly message: string;
  /** The epoch that is in force; 0 where it does not matter. */
  readonly currentEpoch: number;
  /** When to come again; undefined for never with this identity and epoch. */
  readonly retryAfterMs: number | undefined;
}

/** Asks for a certificate that takes the place of the one that the session rests on. */
export interface CertificateRequest {
  readonly type: 'CERTIFICATE_REQUEST';
  /** PKCS #10, DER. */
  readonly request: Uint8Array;
}

/** The answer to CERTIFICATE_REQUEST; both PEM. */
export interface Certificate {
  readonly type: 'CERTIFICATE';
  readonly certificatePem: string;
  /** Certificate of the authority that signed it. */
  readonly authorityPem: string;
}

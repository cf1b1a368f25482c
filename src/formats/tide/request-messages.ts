import type { Stream } from './frame-header.ts';
import type { Hash64 } from './schema-change.ts';
import type { Sealed, SeqRange } from './sealed.ts';

export interface PullRange {
  readonly type: 'PULL_RANGE';
  readonly requestId: number;
  readonly epoch: number;
  /** Of the epoch's process: what another sealed under its number is not meant. */
  readonly nonce?: number | undefined;
  readonly stream: Stream;
  readonly ranges: readonly SeqRange[];
  readonly budgetBytes: number;
  /** From its receipt on. */
  readonly timeoutMs: number;
}

export type GoneReason = 'EVICTED' | 'DAMAGED' | 'NEVER_SEALED' | 'BUDGET' | 'DEADLINE';

/** BUDGET and DEADLINE say that the rest of the request was not answered: ask again. */
export interface RangeGone {
  readonly type: 'RANGE_GONE';
  readonly requestId: number;
  readonly epoch: number;
  readonly stream: Stream;
  readonly ranges: readonly SeqRange[];
  readonly reason: GoneReason;
}

/** Answer to PULL_RANGE: one sealed frame again; key and codec are in the header. */
export interface RangeData {
  readonly type: 'RANGE_DATA';
  readonly requestId: number;
  readonly sealed: Sealed;
}

export type ReadKind = 'INSTANT' | 'RANGE' | 'FUNCTION' | 'EXPOSITION';

export interface Read {
  readonly type: 'READ';
  readonly requestId: number;
  readonly kind: ReadKind;
  /** Selector, name of a function, or name of a target in the agent's allow-list. */
  readonly selector: string;
  readonly minTime: number;
  readonly maxTime: number;
  /** Of RANGE: at most one sample for each; 0 for all. */
  readonly resolutionMs: number;
  readonly budgetBytes: number;
  readonly timeoutMs: number;
  /** Of EXPOSITION: the Accept header to use; '' for the agent's own. */
  readonly accept: string;
  /** Ends the request of this id; all else is ignored. */
  readonly cancel: boolean;
}

/** BATCH: a batch body of the sender's schema. TEXT: exposition. JSON: a function's answer. */
export type ReadContent = 'BATCH' | 'TEXT' | 'JSON';

export interface ReadChunk {
  readonly type: 'READ_CHUNK';
  readonly requestId: number;
  /** From 0 on. */
  readonly index: number;
  readonly content: ReadContent;
  readonly data: Uint8Array;
}

export type ReadStatus =
  | 'OK'
  | 'DENIED'
  | 'NOT_FOUND'
  | 'TIMEOUT'
  | 'BUDGET'
  | 'CANCELED'
  | 'BUSY'
  | 'FAILED';

export interface ReadEnd {
  readonly type: 'READ_END';
  readonly requestId: number;
  readonly status: ReadStatus;
  readonly message: string;
  readonly chunkCount: number;
  /** Content type of TEXT, as the target gave it; '' otherwise. */
  readonly contentType: string;
  /** When the answer was taken, the agent's clock. */
  readonly clockMs: number;
}

export interface Lease {
  readonly type: 'LEASE';
  readonly leaseId: number;
  readonly selector: string;
  /** 0 where a predicate decides. */
  readonly intervalMs: number;
  readonly predicate: string;
  /** 0 ends the lease. */
  readonly ttlMs: number;
  readonly samplesPerSecondMax: number;
  /** The report of what became of it, in a heartbeat at once, has the same. */
  readonly requestId: number;
}

/** Numbers of a lane, both ends included. */
export interface LaneRange {
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
}

export interface Audit {
  readonly type: 'AUDIT';
  readonly requestId: number;
  readonly group: number;
  readonly minTime: number;
  readonly maxTime: number;
  /** Into how many windows of equal length to divide, 1 to 64. */
  readonly parts: number;
}

export interface AuditWindow {
  /** Both included. */
  readonly minTime: number;
  readonly maxTime: number;
  readonly count: number;
  readonly hash: Hash64;
  /** The batches that hold these samples, and perhaps some between them. At most 64. */
  readonly ranges: readonly LaneRange[];
}

export interface AuditResult {
  readonly type: 'AUDIT_RESULT';
  readonly requestId: number;
  readonly group: number;
  /** Of what was asked for the agent holds all from here on; what is older it cannot vouch for. */
  readonly retainedFrom: number;
  /** As many as AUDIT asked for, in order. */
  readonly windows: readonly AuditWindow[];
}

import type { Stream } from './frame-header.ts';
import type { Hash64 } from './schema-change.ts';
import type {
  LaneCredit,
  PreviousEpoch,
  StreamExtent,
  StreamMarks,
  TickMark,
} from './session-messages.ts';

export interface RingFill {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** Milliseconds; 0 where it is empty. */
  readonly oldestMs: number;
}

/** Samples since the epoch's start. */
export interface SampleCounters {
  readonly scheduled: number;
  readonly present: number;
  readonly suppressed: number;
  readonly shed: number;
  readonly failed: number;
}

export type LeaseState = 'ACTIVE' | 'REFUSED' | 'ENDED';

export interface LeaseReport {
  readonly leaseId: number;
  readonly state: LeaseState;
  readonly remainingMs: number;
  /** Of the LEASE that this is the answer to. */
  readonly requestId: number;
  /** Why it was refused; else empty. */
  readonly reason: string;
  /** What the agent's limits left of what was asked for; 0 where it was refused. */
  readonly intervalMs: number;
  readonly seriesCount: number;
}

export interface Heartbeat {
  readonly type: 'HEARTBEAT';
  /** t0, the agent's clock; ACK echoes it. */
  readonly clockMs: number;
  readonly streams: readonly StreamExtent[];
  readonly previous: readonly PreviousEpoch[];
  /** The newest tick done, by group. */
  readonly ticks: readonly TickMark[];
  readonly ring: RingFill;
  readonly counters: SampleCounters;
  /** CPU time of the agent since its start. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** The policy applied, and its hash. */
  readonly policyVersion: number;
  readonly policyHash: Hash64;
  readonly schemaVersion: number;
  readonly schemaHash: Hash64;
  readonly leases: readonly LeaseReport[];
  /** `serverTimeMs` of the newest WELCOME or ACK that was read; 0 for none. */
  readonly serverTimeMs: number;
  /** How long ago that was read. */
  readonly serverAgeMs: number;
}

/**
 * A frame of a lane waits for credit. Without it a collector that is short of time would have to
 * grant every agent its turn, be there something to send or not (as QUIC's DATA_BLOCKED, RFC 9000).
 */
export interface Blocked {
  readonly type: 'BLOCKED';
  readonly stream: Stream;
  /** What the lane was granted; a grant above it is the answer. */
  readonly offsetBytes: number;
}

/**
 * OUT_OF_BOUNDS: too far ahead, or older than the retention. OUT_OF_ORDER: older than the store
 * takes behind what it has. CONFLICT: another value has that time. LIMIT: of a series too many.
 * SCHEMA: of a series that no schema names, or two. FORBIDDEN: of one that the collector writes.
 */
export type RejectReason =
  | 'FORMAT'
  | 'LIMIT'
  | 'SCHEMA'
  | 'FORBIDDEN'
  | 'OUT_OF_BOUNDS'
  | 'OUT_OF_ORDER'
  | 'CONFLICT';

export interface Rejection {
  readonly stream: Stream;
  readonly seq: number;
  readonly reason: RejectReason;
  /** So many of its samples, or of it and frames before it; 0: the whole frame. */
  readonly samples: number;
}

export interface Ack {
  readonly type: 'ACK';
  readonly streams: readonly StreamMarks[];
  readonly credit: readonly LaneCredit[];
  /** Age of the oldest batch that is not applied. */
  readonly queueDelayMs: number;
  readonly serverTimeMs: number;
  /** `clockMs` of the newest heartbeat seen; 0 for none. */
  readonly echoMs: number;
  /** Sealed frames, and samples of such, that will never be stored. */
  readonly rejections: readonly Rejection[];
}

import type { FenceReason, RejectReason } from '../../formats/tide/index.ts';
import type { AgentConnection } from './agent-connection.ts';
import type { AuditOutcome } from './audit-rounds.ts';
import type { WriteResult } from './batch-fill.ts';

/** The way of what an agent sent, once it is stored. */
export interface WriteTimes {
  /** When the last frame of it was read from its connection. */
  readonly receivedMs: number;
  /** From handing it to the store until it was there. */
  readonly durationMs: number;
  readonly nowMs: number;
  /** How far the clock that samples have their times from is ahead of this one, as is known. */
  readonly aheadMs: number;
}

/** Where sessions are counted. */
export interface SessionMetrics {
  received(transport: AgentConnection['transport'], sizeBytes: number): void;
  /** Connections refused before a session, by the HTTP status. */
  refused(statusCode: number): void;
  fenced(reason: FenceReason): void;
  alarm(reason: FenceReason): void;
  /** What an agent sent is stored, and can be queried. */
  applied(result: WriteResult, times: WriteTimes): void;
  /** A write to the store failed. */
  failed(): void;
  /** A frame that was missing is stored, that long after it was found missing. */
  repaired(seconds: number): void;
  audited(outcome: AuditOutcome): void;
  /** A frame that will never be stored. */
  frameRejected(reason: RejectReason): void;
}

/** For tests and tools that count nothing. */
export const noSessionMetrics: SessionMetrics = {
  received() {},
  refused() {},
  fenced() {},
  alarm() {},
  applied() {},
  failed() {},
  repaired() {},
  audited() {},
  frameRejected() {},
};

import type {
  Hash64,
  Hello,
  LeaseReport,
  PreviousEpoch,
  RingFill,
  SampleCounters,
  Sealed,
  StreamExtent,
  TickMark,
} from '../../formats/tide/index.ts';

/** What the session needs of the ring; nothing here waits. */
export interface RetainedFrames {
  append(sealed: Sealed, nowMs: number): void;
  extents(): StreamExtent[];
  previous(): PreviousEpoch[];
  schemas(epoch: number): readonly Sealed[];
  /** Those of this epoch with a version above this one. */
  schemasAfter(version: number): readonly Sealed[];
  readonly fill: RingFill;
}

/** What HELLO says that does not change with the ring. */
export type AgentIntroduction = Omit<Hello, 'type' | 'clockMs' | 'streams' | 'previous' | 'ticks'>;

/** What a heartbeat says of the sampler and the process. */
export interface AgentCondition {
  readonly ticks: readonly TickMark[];
  readonly counters: SampleCounters;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly leases: readonly LeaseReport[];
  /** Of the policy that is applied. */
  readonly policyHash: Hash64;
}

export interface SessionOptions {
  readonly epoch: number;
  readonly ring: RetainedFrames;
  introduction(): AgentIntroduction;
  condition(): AgentCondition;
  /** Time between heartbeats until the collector says another. */
  readonly heartbeatMs: number;
  /** Bytes that wait on one live lane before the oldest is left to repair. */
  readonly liveBytesMax: number;
}

/** CLOSED: no connection. OPENING: HELLO is out. LEAVING: BYE goes when the queue is empty. */
export type SessionPhase = 'CLOSED' | 'OPENING' | 'OPEN' | 'LEAVING' | 'FENCED';

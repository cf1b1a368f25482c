import type { Labels, MetricType } from '../../model/index.ts';

/** The sub-protocol's name on the wire. */
export const TIDE_PROTOCOL = 'tide.v1';

/**
 * Numberings and queues of a session, in the header's stream byte. Sequence numbers exist on event
 * and live; repair sends again what was sealed on those, under its own numbers there.
 */
export const LANE_EVENT = 0;
export const LANE_LIVE = 1;
export const LANE_REPAIR = 2;
export const LANE_CONTROL = 3;
/** Answers to READ. */
export const LANE_READ = 4;

export type Lane = 0 | 1 | 2 | 3 | 4;
/** A lane with sequence numbers. */
export type Stream = 0 | 1;

/** How a payload is packed. Deflate is always allowed; brotli where HELLO and WELCOME agree. */
export const CODEC_NONE = 0;
export const CODEC_DEFLATE = 1;
export const CODEC_BROTLI = 2;
export type PayloadCodec = 0 | 1 | 2;

/** Flag of a RANGE_DATA of an epoch before the session's: repair only, it never changes `up`. */
export const FLAG_HISTORICAL = 1;

export type AgentFrameType =
  | 'HELLO'
  | 'SCHEMA'
  | 'BATCH'
  | 'HEARTBEAT'
  | 'RANGE_DATA'
  | 'RANGE_GONE'
  | 'READ_CHUNK'
  | 'READ_END'
  | 'AUDIT_RESULT'
  | 'BYE'
  | 'CERTIFICATE_REQUEST';
export type CollectorFrameType =
  | 'WELCOME'
  | 'ACK'
  | 'POLICY'
  | 'PULL_RANGE'
  | 'READ'
  | 'LEASE'
  | 'AUDIT'
  | 'FENCE'
  | 'CERTIFICATE';
export type FrameType = AgentFrameType | CollectorFrameType;

export interface FrameHeader {
  readonly type: FrameType;
  readonly flags: number;
  /** The numbering that `seq` belongs to; for frames without a number, the lane they travel on. */
  readonly stream: Lane;
  readonly codec: PayloadCodec;
  /** Whole, 1 to 2^53 - 1; 0 where a collector speaks before it knows one. */
  readonly epoch: number;
  /** From 1 on for what is sealed; 0 for all else. */
  readonly seq: number;
}

/** A frame that has been checked. `payload` is a view of the bytes it was read from. */
export interface Frame extends FrameHeader {
  readonly payload: Uint8Array;
  /** Where the frame ends in the bytes that it was read from. */
  readonly end: number;
}

/** What names a sealed batch or schema for ever, within an agent. */
export interface SealedKey {
  readonly epoch: number;
  readonly stream: Stream;
  readonly seq: number;
}

/** Sequence numbers, both ends included. Lists of them ascend, do not overlap and do not touch. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** 64 bits as two unsigned words. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

export type PriorityClass = 'A' | 'B' | 'C';

/** One series of the schema. Ids are not used again within an epoch. */
export interface SchemaSeries {
  /** 0 to 2^32 - 2. */
  readonly id: number;
  readonly labels: Labels;
  /** The metric family that the four following describe. */
  readonly family: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly help: string;
  /** The scrape group. */
  readonly group: number;
  readonly priority: PriorityClass;
}

/** The content of one SCHEMA frame: additions, then ends. */
export interface SchemaChange {
  /** From 1 on, one more with each SCHEMA frame of the epoch. */
  readonly version: number;
  /** Ascending by id. */
  readonly series: readonly SchemaSeries[];
  /** Ids of series that ended. Ascending. */
  readonly tombstones: readonly number[];
  /** Of the schema after this change; see `schemaHash`. */
  readonly hash: Hash64;
}

export type CoverageStatus = 'FULL' | 'ON_CHANGE' | 'PARTIAL' | 'SKIPPED';
export type SkipReason =
  | 'NONE'
  | 'TARGET_FAILED'
  | 'OVERRUN'
  | 'PAUSED'
  | 'SHED'
  | 'CLOCK_STEP'
  | 'LIMIT';

/**
 * Accounts for every series of a group at ticks `tickFrom` to `tickTo`, both included:
 * seriesCount × ticks = present + suppressed + shed + failed, which decoding checks. The four are
 * sums over all ticks.
 */
export interface CoverageEntry {
  readonly group: number;
  /** Tick k is at anchor + k × interval. */
  readonly tickFrom: number;
  readonly tickTo: number;
  readonly status: CoverageStatus;
  /** Of ON_CHANGE: the tolerance that absent values are within; 0 otherwise. */
  readonly toleranceId: number;
  readonly reason: SkipReason;
  /**
   * A group too large for one frame is sealed in parts of fixed series, each with its own entries.
   * A tick is explained when parts 0 to `parts` - 1 are. Default 0 of 1.
   */
  readonly part: number;
  readonly parts: number;
  /** Series scheduled at each tick, of this part. */
  readonly seriesCount: number;
  readonly presentCount: number;
  readonly suppressedCount: number;
  readonly shedCount: number;
  readonly failedCount: number;
}

/** What a BATCH says beside its samples. */
export interface BatchHead {
  /** The schema version that its series ids need. */
  readonly schemaVersion: number;
  /** The policy in force when it was sealed. */
  readonly policyVersion: number;
  readonly coverage: readonly CoverageEntry[];
}

export type SamplingMode = 'SAMPLE' | 'ON_CHANGE' | 'TARGET_DEFINED';
export type ToleranceKind = 'ABSOLUTE' | 'RELATIVE' | 'QUANTUM';

export interface Tolerance {
  /** From 1 on. */
  readonly id: number;
  readonly kind: ToleranceKind;
  readonly value: number;
}

export interface GroupPolicy {
  readonly group: number;
  readonly name: string;
  /** Selector of series or name of a local target; the agent may narrow it, never widen. */
  readonly selector: string;
  readonly intervalMs: number;
  /** Time of tick 0. */
  readonly anchorMs: number;
  readonly mode: SamplingMode;
  /** 0: none. */
  readonly toleranceId: number;
  readonly priority: PriorityClass;
  /** Ticks in one batch. */
  readonly batchTicks: number;
  /** Every this many ticks all series are sent; 0 where nothing is suppressed. */
  readonly syncTicks: number;
  /** Least time between two pushes of a series on change. */
  readonly dampeningMs: number;
}

export interface Policy {
  readonly version: number;
  readonly groups: readonly GroupPolicy[];
  readonly tolerances: readonly Tolerance[];
  /** Classes in the order in which they are shed. */
  readonly shedOrder: readonly PriorityClass[];
  readonly hash: Hash64;
}

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
}

export interface TickMark {
  readonly group: number;
  readonly tick: number;
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
}

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
}

export type SealedType = 'SCHEMA' | 'BATCH';

/** A sealed payload as it stands in the ring: sent again without being touched. */
export interface Sealed extends SealedKey {
  readonly type: SealedType;
  readonly codec: PayloadCodec;
  readonly payload: Uint8Array;
}

/** Answer to PULL_RANGE: one sealed frame again; key and codec are in the header. */
export interface RangeData {
  readonly type: 'RANGE_DATA';
  readonly requestId: number;
  readonly sealed: Sealed;
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

/** Numbers of a lane, both ends included. */
export interface LaneRange {
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
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
  /** The agent holds all from here on; what is older it cannot vouch for. */
  readonly retainedFrom: number;
  /** As many as AUDIT asked for, in order. */
  readonly windows: readonly AuditWindow[];
}

export type ByeReason = 'DONE' | 'UPGRADE' | 'SCALE_IN' | 'SHUTDOWN';

export interface Bye {
  readonly type: 'BYE';
  readonly reason: ByeReason;
  readonly streams: readonly StreamExtent[];
  readonly ticks: readonly TickMark[];
}

/** Asks for a certificate that takes the place of the one that the session rests on. */
export interface CertificateRequest {
  readonly type: 'CERTIFICATE_REQUEST';
  /** PKCS #10, DER. */
  readonly request: Uint8Array;
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
}

export type RejectReason = 'FORMAT' | 'LIMIT' | 'SCHEMA' | 'FORBIDDEN' | 'OUT_OF_BOUNDS';

export interface Rejection {
  readonly stream: Stream;
  readonly seq: number;
  readonly reason: RejectReason;
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
  /** Sealed frames that will never be stored. */
  readonly rejections: readonly Rejection[];
}

export interface PolicyFrame {
  readonly type: 'POLICY';
  readonly policy: Policy;
}

export interface PullRange {
  readonly type: 'PULL_RANGE';
  readonly requestId: number;
  readonly epoch: number;
  readonly stream: Stream;
  readonly ranges: readonly SeqRange[];
  readonly budgetBytes: number;
  /** From its receipt on. */
  readonly timeoutMs: number;
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

/** The answer to CERTIFICATE_REQUEST; both PEM. */
export interface Certificate {
  readonly type: 'CERTIFICATE';
  readonly certificatePem: string;
  /** Certificate of the authority that signed it. */
  readonly authorityPem: string;
}

/** Frames whose payload is a message of tagged fields. */
export type ControlMessage =
  | Hello
  | Heartbeat
  | RangeGone
  | ReadChunk
  | ReadEnd
  | AuditResult
  | Bye
  | CertificateRequest
  | Welcome
  | Ack
  | PolicyFrame
  | PullRange
  | Read
  | Lease
  | Audit
  | Fence
  | Certificate;
export type ControlType = ControlMessage['type'];

/** Control messages by who sends them. */
export type AgentMessage = Extract<ControlMessage, { readonly type: AgentFrameType }>;
export type CollectorMessage = Extract<ControlMessage, { readonly type: CollectorFrameType }>;

/** States of a sequence number in the ledger of the collector. */
export type SeqState =
  | 'EXPECTED'
  | 'RECEIVED'
  | 'DURABLE'
  | 'MISSING'
  | 'REQUESTED'
  | 'REPAIRED'
  | 'DEGRADED'
  | 'LOST'
  | 'REJECTED';

/** Those that are final. Every sealed sequence number comes to exactly one of them. */
export type EndState = 'DURABLE' | 'REPAIRED' | 'DEGRADED' | 'LOST' | 'REJECTED';

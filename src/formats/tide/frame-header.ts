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

/** In HELLO and WELCOME: batches may hold native histograms. */
export const CAPABILITY_HISTOGRAMS = 'histograms';

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
  | 'CERTIFICATE_REQUEST'
  | 'BLOCKED';

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
